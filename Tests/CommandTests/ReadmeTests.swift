import Glibc
import TestSupport
import Testing

/// The README's console blocks are run as they stand, against a server of the built-in default configuration, and must
/// print what stands there. `UPDATE_GOLDEN=1` rewrites what they print.
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

    private func answer(to command: String, port: Int, in folder: TemporaryFolder) -> String {
        var script = command.replacing("127.0.0.1:8080", with: "127.0.0.1:\(port)")
        script = script.replacing(".build/release/pillion", with: pillionBinary)
        let result = run("/bin/bash", ["-o", "pipefail", "-c", script], in: folder.root)
        var output = result.output
        if !output.isEmpty, !output.hasSuffix("\n") { output += "\n" }
        return output.replacing("127.0.0.1:\(port)", with: "127.0.0.1:8080")
    }
}
