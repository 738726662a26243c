import TestSupport
import Testing

/// Checks that the code produces every reason, problem code and stage that it declares: users read the documentation of
/// all of them.
@Suite struct ProducerTests {
    private struct File {
        let path: String
        let text: String
    }

    private static let files = ["Sources", "Plugins"].flatMap { top in
        swiftFiles(in: "\(packageRoot)/\(top)").map { File(path: $0, text: text(of: $0)) }
    }

    /// The cases of an enumeration: what follows `case` in its body, before any `=`.
    private static func cases(of declaration: String, in text: String) -> [String] {
        guard let start = text.firstRange(of: declaration) else { return [] }
        var depth = 0
        var names: [String] = []
        for line in text[start.lowerBound...].split(separator: "\n") {
            let words = line.drop { $0 == " " }
            if depth == 1, words.hasPrefix("case "), !words.contains(":") {
                names += words.dropFirst(5).split(separator: ",").map {
                    String($0.drop { $0 == " " }.prefix { $0.isLetter || $0.isNumber })
                }
            }
            depth += line.filter { $0 == "{" }.count - line.filter { $0 == "}" }.count
            if depth <= 0 { break }
        }
        return names
    }

    /// The cases that no file uses as `.name`, apart from the files `besides`, which describe them.
    private static func unproduced(_ names: [String], besides: [String]) -> [String] {
        let texts = files.filter { file in !besides.contains { file.path.hasSuffix($0) } }.map(\.text)
        return names.filter { name in
            !texts.contains { text in
                text.ranges(of: ".\(name)").contains { range in
                    range.upperBound == text.endIndex || !isNamePart(text[range.upperBound])
                }
            }
        }
    }

    private static func isNamePart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    private static let describing = ["/ReasonCode.swift", "/ReasonTable.swift"]

    private static func file(_ name: String) -> String {
        files.first { $0.path.hasSuffix(name) }?.text ?? ""
    }

    @Test func everyReasonHasAProducer() {
        let names = Self.cases(of: "enum ReasonCode", in: Self.file("/ReasonCode.swift"))
        #expect(names.count > 30)
        #expect(Self.unproduced(names, besides: Self.describing) == [])
    }

    @Test func everyStageHasAProducer() {
        let names = Self.cases(of: "enum Stage: String", in: Self.file("/InjectionError.swift"))
        #expect(names.count > 5)
        #expect(Self.unproduced(names, besides: ["/InjectionError.swift", "/AdmissionReview.swift"]) == [])
    }

    /// Each code must be in two string literals: one in the table, one where the problem is created.
    @Test func everyProblemCodeHasAProducer() {
        let table = Self.file("/ProblemDetails.swift").split(separator: "\n").filter {
            $0.hasPrefix("        (\"")
        }
        let codes = table.map { String($0.dropFirst(10).prefix { $0 != "\"" }) }
        #expect(codes.count > 10)
        for code in codes {
            let count = Self.files.reduce(0) { $0 + $1.text.ranges(of: "\"\(code)\"").count }
            #expect(count > 1, "no code creates the problem \(code)")
        }
    }

    @Test func aWordWithoutAProducerIsFound() {
        let planted =
            "enum Planted: String {\n    // Words.\n    case render, neverMadeByAnybody = \"never\"\n}"
        let names = Self.cases(of: "enum Planted", in: planted)
        #expect(names == ["render", "neverMadeByAnybody"])
        #expect(Self.unproduced(names, besides: []) == ["neverMadeByAnybody"])
    }
}
