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
        var rewritten = ""
        var lines = text(of: path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[
            ...]
        while let line = lines.popFirst() {
            rewritten += line + (lines.isEmpty ? "" : "\n")
            guard line == "```console" else { continue }
            for step in steps(&lines) {
                count += 1
                let output = answer(to: step.command, port: port, in: folder)
                rewritten += "$ \(step.command)\n\(output)"
                if !updatesGoldens {
                    #expect(output == step.output, "README.md: $ \(step.command)")
                }
            }
            rewritten += "```\n"
        }
        #expect(count >= 4, "the README's first minute has \(count) commands")
        if updatesGoldens { _ = compareGolden(rewritten, with: path) }
    }

    /// The commands of a block up to its end, each with the lines that follow it. A command goes on over lines that end
    /// in a backslash and over quoted lines.
    private func steps(_ lines: inout ArraySlice<String>) -> [(command: String, output: String)] {
        var steps: [(command: String, output: String)] = []
        while let line = lines.popFirst(), line != "```" {
            if line.hasPrefix("$ ") {
                var command = String(line.dropFirst(2))
                while command.hasSuffix("\\") || command.hasSuffix("|")
                    || command.count(where: { $0 == "'" }) % 2 == 1,
                    let next = lines.popFirst()
                {
                    command += "\n" + next
                }
                steps.append((command, ""))
            } else if !steps.isEmpty {
                steps[steps.count - 1].output += line + "\n"
            }
        }
        return steps
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
