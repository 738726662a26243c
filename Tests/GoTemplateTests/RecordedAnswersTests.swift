import GoTemplate
import PluginAPI
import TestSupport
import Testing
import Values

/// Compares output and error with the recorded results of Go's text/template.
@Suite struct RecordedAnswersTests {
    @Test(arguments: ["generated-easy", "generated"])
    func agreesWithGo(_ name: String) throws {
        let cases = try RecordedCase.all(in: CaseCollection.generatedTemplates.path("\(name).jsonl"))
        for answer in cases { answer.check() }
        #expect(cases.count >= 1_000)
    }

    @Test(.needs(.goTemplates))
    func agreesWithGosOwnCases() throws {
        let cases = try RecordedCase.all(in: CaseCollection.goTemplates.path)
        for answer in cases { answer.check() }
        #expect(cases.count >= 1_000)
    }

    /// Cases from the field, with the results of Helm, Go and sprig.
    @Test func agreesWithReportedCases() throws {
        let cases = try RecordedCase.all(in: CaseCollection.reportedRendering.path)
        var problems: [String: String] = [:]
        for answer in cases { problems[answer.name] = answer.problem() }
        #expect(OpenCases("rendering").complaints(problems, among: cases.map(\.name)) == [])
    }

    /// Cases of adjacent names, fields, blanks, line ends and delimiters, and of printed data. The first line is the
    /// data of all others.
    @Test func agreesWithGoOnPathsAndBlanks() throws {
        var lines = text(of: CaseTests.folder + "/paths-and-blanks.jsonl").split(separator: "\n")
        let data = try JSON.read(String(lines.removeFirst()))
        #expect(lines.count > 500)
        for line in lines {
            var fields = try JSON.read(String(line))
            fields.modifyObject {
                $0["data"] = data
                $0["name"] = $0["template"]
            }
            RecordedCase(fields: fields).check()
        }
    }
}

/// One line of a file of recorded answers.
struct RecordedCase {
    let fields: Value
    let name: String

    init(_ line: String) throws { self.init(fields: try JSON.read(line)) }

    init(fields: Value) {
        self.fields = fields
        name = fields["name"]?.string ?? fields["id"]?.string ?? "?"
    }

    static func all(in path: String) throws -> [RecordedCase] {
        try text(of: path).split(separator: "\n").map { try RecordedCase(String($0)) }
    }

    private func bytes(_ key: String) -> [UInt8]? {
        if let encoded = fields[key + "_b64"]?.string { return Base64.decode(encoded) }
        return fields[key]?.string.map { Array($0.utf8) }
    }

    private var sources: TemplateSources {
        let main = fields["template_name"]?.string ?? "main"
        var byName: [String: [UInt8]] = [main: bytes("template") ?? []]
        for member in fields["templates"]?.object?.members ?? [] {
            byName[member.key] = Array((member.value.string ?? "").utf8)
        }
        let others = byName.keys.filter { $0 != main }.sorted {
            Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
        }
        let order = fields["parse_order"]?.array?.compactMap(\.string) ?? [main] + others
        let sources = order.map { TemplateSource(name: $0, bytes: byName[$0] ?? []) }
        return TemplateSources(sources, entry: fields["exec"]?.string ?? main)
    }

    private var options: CompileOptions {
        var options = CompileOptions()
        if let key = fields["missingkey"]?.string { options.missingKey = .init(rawValue: key) ?? .default }
        if let delimiters = fields["delims"]?.array, delimiters.count == 2 {
            options.leftDelimiter = delimiters[0].string ?? ""
            options.rightDelimiter = delimiters[1].string ?? ""
        }
        options.functionSets = fields["funcs"]?.array?.compactMap(\.string) ?? []
        return options
    }

    func check() { #expect(problem() == nil, "\(name)") }

    /// The first difference from the recorded result; nil if they are equal.
    func problem() -> String? {
        var output = ByteBuffer()
        var message: [UInt8]?
        do {
            let renderer = GoTemplateRenderer(functionSets: StandardFunctions.all + [OracleFunctions.set])
            let template = try renderer.compile(sources, options: options)
            try template.render(TemplateData(fields["data"] ?? .null), limits: .commandLine, into: &output)
        } catch {
            message = error.detailBytes
        }
        let expectedMessage = bytes("expect_error_contains") ?? bytes("error")
        let expectedOutput = bytes("expect_output") ?? bytes("expect_partial_output") ?? bytes("output") ?? []
        let found = Outcome(output.bytes, message)
        let expected = Outcome(expectedOutput, expectedMessage)
        if found == expected { return nil }
        let template = String(decoding: bytes("template") ?? [], as: UTF8.self).prefix(300)
        return "\(template): expected \(expected), found \(found)"
    }

    struct Outcome: Equatable, CustomStringConvertible {
        let output: [UInt8]
        let message: [UInt8]?

        init(_ output: [UInt8], _ message: [UInt8]?) {
            self.output = output
            self.message = message
        }

        var description: String {
            String(decoding: output.prefix(300), as: UTF8.self)
                + (message.map { " ✗ " + String(decoding: $0, as: UTF8.self) } ?? "")
        }
    }
}
