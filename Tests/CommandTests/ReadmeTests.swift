import Glibc
import TestSupport
import Testing

/// Runs the README's console blocks against a server with the built-in default configuration. They must
/// print the recorded output. `UPDATE_GOLDEN=1` rewrites it.
@Suite struct ReadmeTests {
    @Test func theFirstMinuteIsTrue() throws {
        let path = packageRoot + "/README.md"
        let port = try #require(freePort())
        let folder = TemporaryFolder()
        let server = try #require(RunningProcess(pillionBinary, ["serve", "--httpPort", "\(port)"]))
        #expect(waitUntilListening(port), "the server did not start: \(server.errors)")
        var count = 0
        let rewritten = BlockDocument(path: path).refilled { block in
            guard block.kind == "console" else { return nil }
            return block.steps.map { step in
                count += 1
                let output = answer(to: step.command, port: port, in: folder)
                if !updatesGoldens {
                    #expect(output == step.output, "README.md: $ \(step.command)")
                }
                return "$ \(step.command)\n\(output)"
            }.joined()
        }
        #expect(count >= 4, "the README's first minute has \(count) commands")
        if updatesGoldens { _ = compareGolden(rewritten, with: path) }
    }

    /// The documents whose console blocks a test runs, besides those of `OperationsTests`.
    private static let runDocuments: Set = [
        "README.md", "docs/charts.md", "docs/templates.md", "docs/upgrade.md",
    ]

    /// Every document of the project, without the output of benchmarks.
    private static let documents: [String] = {
        let found = run(
            "/usr/bin/find",
            [
                ".", "-name", ".?*", "-prune", "-o", "-path", "./Benchmarks/Results", "-prune", "-o", "-name",
                "*.md",
                "-printf", "%P\n",
            ], in: packageRoot)
        return found.output.split(separator: "\n").map(String.init).sorted()
    }()

    @Test func documentsAreFound() {
        #expect(
            Set(Self.documents).isSuperset(of: [
                "README.md", "RELEASING.md", "docs/page.md", "examples/README.md",
            ]))
    }

    /// A shell block that no test runs must have a comment before it that gives the reason. A console block must be
    /// run. `OperationsTests` checks the documents that it runs.
    @Test(arguments: documents)
    func aBlockThatIsNotRunSaysWhy(_ name: String) {
        let lines = text(of: "\(packageRoot)/\(name)").split(
            separator: "\n", omittingEmptySubsequences: false)
        let operations = text(of: packageRoot + "/Tests/DeployTests/OperationsTests.swift")
        let isRun = name.hasPrefix("docs/") && operations.contains("\"\(name.dropFirst(5))\"")
        for block in BlockDocument(path: "\(packageRoot)/\(name)").blocks where !isRun {
            if block.kind == "console" {
                #expect(
                    Self.runDocuments.contains(name),
                    "\(name):\(block.line): expected a document that a test runs")
            }
            guard block.kind == "sh" else { continue }
            let before = (block.line >= 2 ? lines[block.line - 2] : "").drop { $0 == " " }
            let mark = "<!-- not run by the tests: "
            let isExplained = before.hasPrefix(mark) && before.count > mark.count + 10
            #expect(
                isExplained, "\(name):\(block.line): expected a comment with the reason why it is not run")
        }
    }

    private func answer(to command: String, port: Int, in folder: TemporaryFolder) -> String {
        var script = command.replacing("127.0.0.1:8080", with: "127.0.0.1:\(port)")
        script = script.replacing(".build/release/pillion", with: pillionBinary)
        let result = run("/bin/bash", ["-o", "pipefail", "-c", script], in: folder.root)
        var output = result.output
        if !output.isEmpty, !output.hasSuffix("\n") { output += "\n" }
        return output.replacing("127.0.0.1:\(port)", with: "127.0.0.1:8080")
    }
}
