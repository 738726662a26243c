// Renders one mustache template with Pillion.

import Glibc
import Mustache
import PluginAPI
import Values

exit(
    measurePeer("pillion") { template, data in
        let sources = TemplateSources(TemplateSource(name: "main", bytes: template))
        let compiled = try MustacheRenderer().compile(sources, options: CompileOptions())
        let input = TemplateData(data)
        return (
            render: {
                var output = ByteBuffer(capacity: 65_536)
                try compiled.render(input, limits: .commandLine, into: &output)
            },
            output: {
                var output = ByteBuffer(capacity: 65_536)
                try compiled.render(input, limits: .commandLine, into: &output)
                return output.bytes
            }
        )
    })
