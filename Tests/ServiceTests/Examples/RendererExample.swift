import PluginAPI
import Service
import Values

/// The example in the doc comment of `Renderer`.
func rendererExample() throws -> String {
    guard let renderer = try StandardPlugins.registry().renderer("gotemplate") else { return "no engine" }
    // example
    let source = TemplateSource(name: "greeting", text: "Hello {{ .name }}!")
    let template = try renderer.compile(TemplateSources(source), options: CompileOptions())
    var output = ByteBuffer(capacity: 64)
    let data = TemplateData(["name": "world"])
    try template.render(data, limits: .server, into: &output)
    // output.text is "Hello world!"
    // end of example
    return output.text
}
