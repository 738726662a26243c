import Mustache
import PluginAPI
import TestSupport
import Testing
import Values

/// Runs the cases of the mustache specification, except lambdas, which JSON data cannot contain.
struct SpecificationTests {
    @Test(.needs(.mustache))
    func everyCaseOfTheSpecification() throws {
        var count = 0
        let file = text(of: CaseCollection.mustache.path)
        for line in file.split(separator: "\n") {
            let item = try JSON.read(String(line))
            guard let name = item["name"]?.string, item["module"]?.string != "~lambdas" else { continue }
            var sources = [TemplateSource(name: "main", text: item["template"]?.string ?? "")]
            for member in item["partials"]?.object?.members ?? [] {
                sources.append(TemplateSource(name: member.key, text: member.value.string ?? ""))
            }
            let template = try MustacheRenderer().compile(
                TemplateSources(sources, entry: "main"), options: CompileOptions())
            var output = ByteBuffer()
            try template.render(TemplateData(item["data"] ?? .null), limits: .server, into: &output)
            #expect(output.text == item["expected"]?.string, "\(name)")
            count += 1
        }
        #expect(count >= 184)
    }
}
