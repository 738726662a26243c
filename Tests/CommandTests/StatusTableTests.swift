import TestSupport
import Testing

/// docs/statuses.md lists every verb with the program's exit statuses and output formats.
@Suite struct StatusTableTests {
    private static let document = packageRoot + "/docs/statuses.md"

    private static func verbs() -> [String] {
        run(pillionBinary, ["help"]).output.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("  "), !line.hasPrefix("   ") else { return nil }
            return line.split(separator: " ").first.map(String.init)
        }
    }

    /// `| `decide` | 3: some workloads are skipped … | `table`, `json` |`
    private static func row(_ verb: String) -> String {
        let lines = run(pillionBinary, [verb, "--help-all"]).output.split(separator: "\n").map(String.init)
        let usual = "exit status: 0 success, 1 failure, 2 usage"
        let rest = lines.last { $0.hasPrefix(usual) }?.dropFirst(usual.count) ?? "?"
        let statuses =
            rest.hasPrefix(", ") ? rest.dropFirst(2).replacing(" ", with: ": ", maxReplacements: 1) : ""
        let output = lines.first { $0.hasPrefix("  -o, --output ") } ?? ""
        let formats = output.split(separator: " ").last.map { $0.split(separator: "|") } ?? []
        return "| `\(verb)` | \(statuses) | \(formats.map { "`\($0)`" }.joined(separator: ", ")) |"
            .replacing("|  |", with: "| |").replacing("|  |", with: "| |")
    }

    @Test func theTableIsTheProgrammes() throws {
        let verbs = Self.verbs()
        #expect(verbs.count > 12)
        let head = text(of: Self.document).split(separator: "\n", omittingEmptySubsequences: false).prefix {
            !$0.hasPrefix("| `")
        }
        let table =
            (head.map(String.init).reversed().drop { $0.isEmpty }.reversed() + verbs.map(Self.row))
            .joined(separator: "\n") + "\n"
        if let difference = compareGolden(table, with: Self.document) { Issue.record("\(difference)") }
    }

    /// Checks what the introduction of docs/statuses.md says about every verb.
    @Test func everyVerbAnswersMistakesWithTwo() {
        for verb in Self.verbs() {
            let result = run(pillionBinary, [verb, "--no-such-option"])
            #expect(result.status == 2 && result.output.isEmpty, "\(verb)")
            #expect(result.errors.contains("unknown option --no-such-option"), "\(verb): \(result.errors)")
            #expect(run(pillionBinary, [verb, "--help"]).status == 0, "\(verb)")
        }
    }

    /// Fixed arguments of verbs have suggestions for typing errors, and shell completion.
    @Test func wordsOfVerbs() {
        #expect(run(pillionBinary, ["export", "webhok"]).errors.contains("did you mean webhook?"))
        #expect(run(pillionBinary, ["completion", "bsh"]).errors.contains("did you mean bash?"))
        let script = run(pillionBinary, ["completion", "bash"]).output
        func complete(_ words: [String]) -> [String] {
            let line = words.map { "'\($0)'" }.joined(separator: " ")
            let program =
                "\(script)\nCOMP_WORDS=(\(line)); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _pillion; echo \"${COMPREPLY[@]}\""
            return run("/bin/bash", ["-c", program]).output.split { $0 == " " || $0 == "\n" }.map(String.init)
        }
        #expect(complete(["pillion", "wh"]) == ["why"])
        #expect(complete(["pillion", "explain", "policy_i"]) == ["policy_illegal"])
        #expect(complete(["pillion", "export", "web"]) == ["webhook"])
        #expect(complete(["pillion", "decide", "--output", "sa"]) == ["sarif"])
        #expect(complete(["pillion", "decide", "-f", packageRoot + "/READ"]) == [packageRoot + "/README.md"])
        // For any other value, completion suggests nothing, not even options.
        #expect(complete(["pillion", "decide", "--namespace", ""]).isEmpty)
        #expect(
            complete(["pillion", "decide", "--namesp"]).sorted() == [
                "--namespace", "--namespace-labels", "--namespaceFile",
            ])
    }
}
