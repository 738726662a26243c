import Mustache
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// Templates that make YAML, with `escape: yaml`: what is meant as text is that text, and nothing else changes.
///
/// `expect` of a case is what the template with a plain word for each tag means as YAML, with the word replaced by the
/// value's text; keys and texts are strings. Where `allow_error` is set, an error is as good: an unquoted scalar cannot be
/// quoted from within.
@Suite struct ReportedCaseTests {
    @Test func valuesStayText() throws {
        let cases = try text(of: CaseCollection.reportedMustache.path).split(separator: "\n").map {
            try JSON.read(String($0))
        }
        var problems: [String: String] = [:]
        for item in cases { problems[item["name"]?.string ?? ""] = Self.problem(of: item) }
        let names = cases.compactMap { $0["name"]?.string }
        #expect(OpenCases("mustache-yaml").complaints(problems, among: names) == [])
    }

    /// What is wrong with the answer to a case; nil if nothing is.
    private static func problem(of item: Value) -> String? {
        var options = CompileOptions()
        options.escape = .yaml
        var output = ByteBuffer()
        do {
            let source = TemplateSource(name: "main", text: item["template"]?.string ?? "")
            let template = try MustacheRenderer().compile(TemplateSources(source), options: options)
            try template.render(TemplateData(item["data"] ?? .null), limits: .server, into: &output)
        } catch {
            return item["allow_error"] == true ? nil : "an error: \(error.detail)"
        }
        guard let found = try? YAMLReader.value(output.bytes) else {
            return "\(output.text.debugDescription) is not valid YAML"
        }
        guard found != item["expect"] else { return nil }
        return "expected \(JSON.text(item["expect"] ?? .null)), found \(JSON.text(found))"
    }
}
