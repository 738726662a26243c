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

    /// A block of shell that no test runs says why: its first line in the documents that `OperationsTests` runs, a comment
    /// before it elsewhere.
    @Test(arguments: [
        "README.md", "RELEASING.md", "examples/README.md", "docs/install.md", "docs/first-sidecar.md",
        "docs/why-not.md",
        "docs/from-istio.md", "docs/upgrade.md",
        "docs/run.md", "docs/reference.md", "docs/policy.md", "docs/templates.md",
        "docs/charts.md",
        "docs/plugins.md", "docs/performance.md", "docs/architecture.md",
    ])
    func aBlockThatIsNotRunSaysWhy(_ name: String) {
        let lines = text(of: "\(packageRoot)/\(name)").split(
            separator: "\n", omittingEmptySubsequences: false)
        let isRun = text(of: packageRoot + "/Tests/DeployTests/OperationsTests.swift").contains(
            "\"\(name.split(separator: "/").last ?? "")\"")
        for block in BlockDocument(path: "\(packageRoot)/\(name)").blocks where block.kind == "sh" && !isRun {
            let before = block.line >= 2 ? lines[block.line - 2] : ""
            let mark = "<!-- not run by the tests: "
            let isExplained = before.hasPrefix(mark) && before.count > mark.count + 10
            #expect(isExplained, "\(name):\(block.line): why is it not run?")
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
