import Glibc
import TestSupport
import Testing

/// Runs `scripts/lint` over trees with one planted fault each. Planted words are split by `·`, so that the lint of this
/// repository does not find them here.
@Suite struct LintTests {
    private func lint(_ files: [(path: String, text: String)]) -> ProcessResult {
        let folder = TemporaryFolder()
        for file in files {
            let folders = file.path.split(separator: "/").dropLast()
            for depth in folders.indices {
                mkdir(folder.path(folders[...depth].joined(separator: "/")), 0o755)
            }
            folder.write(file.text.replacing("·", with: ""), to: file.path)
        }
        return run("\(packageRoot)/scripts/lint", [folder.root])
    }

    @Test(
        "a word of the glossary is found in comments, messages, documents and scripts",
        arguments: [
            ("Sources/A/A.swift", "let a = 1\n/// The value at· hand.\n", "2: \"at· hand\""),
            ("Sources/A/A.swift", "/// Ends when the text is\n/// no· JSON.\n", "2: \"is no· json\""),
            ("Plugins/A/A.swift", "throw Failure(\"the body is no· JSON\")\n", "1: \"is no· json\""),
            ("Tests/A/A.swift", "// Made a·new.\n", "1: \"a·new\""),
            ("Benchmarks/Sources/a/main.swift", "// It· were less.\n", "1: \"it· were\""),
            ("Fuzz/run", "# Who·ever runs it.\n", "1: \"who·ever\""),
            ("docs/README.md", "Flags that the server he·eds.\n", "1: \"he·eds\""),
            ("Makefile", "a: ## a point that lies· off\n", "1: \"lies· off\""),
        ])
    func findsWords(path: String, text: String, fault: String) {
        let result = lint([(path, text)])
        #expect(result.status == 1)
        #expect(
            result.output.hasPrefix("\(path):\(fault.replacing("·", with: "")) → write "),
            "\(result.output)\(result.errors)")
    }

    @Test(
        "identifiers, parts of words, cases and seeds are not checked",
        arguments: [
            ("Sources/A/A.swift", "let at_hand = who·everElse + \"that handle, ca·newton\"\n"),
            ("Tests/A/cases/a.txt", "the text is no· JSON\n"),
            ("Fuzz/Seeds/a.md", "a·new\n"),
            ("Tests/Conformance/reported/a.md", "a·new\n"),
        ])
    func leavesTheRest(path: String, text: String) {
        let result = lint([(path, text)])
        #expect(result.status == 0 && result.output.isEmpty, "\(result.output)\(result.errors)")
    }

    @Test func findsWideLinesOfDocuments() {
        let wide = String(repeating: "ä", count: 121)
        let result = lint([("a.md", "# a\n\(wide.dropLast())\n\(wide)\n")])
        #expect(result.output == "a.md:3: 121 columns → write at most 120\n" && result.status == 1)
    }

    @Test func findsDocumentsThatTheIndexLacks() {
        let result = lint([("docs/README.md", "- [a.md](a.md): a\n"), ("docs/a.md", ""), ("docs/b.md", "")])
        #expect(result.output.hasPrefix("docs/README.md:1: no line for docs/b.md → write "))
        #expect(result.status == 1)
    }

    @Test func findsLinksThatLeadNowhere() {
        let result = lint([("a.md", "See [b](docs/b.md#c) and [c](docs/c.md).\n"), ("docs/README.md", "")])
        #expect(result.output.contains("a.md:1: the link to docs/b.md leads nowhere"))
        #expect(result.output.contains("a.md:1: the link to docs/c.md leads nowhere"))
        #expect(result.status == 1)
    }
}
