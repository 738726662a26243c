import Mustache
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// Templates of YAML with `escape: yaml`: a value that is inserted as text stays that text and changes nothing else.
///
/// `expect` of a case is the YAML value of the template rendered with plain words, with each word replaced by the text
/// of its value; keys and texts are strings. With `allow_error`, an error is accepted too: an unquoted scalar cannot be
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

    /// The problem with the result of a case; nil if the result is right.
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
