import TestSupport
import Testing

/// Runs the console blocks of docs/upgrade.md in order in one folder, and compares their output. `UPDATE_GOLDEN=1`
/// rewrites it.
@Suite struct UpgradeDocumentTests {
    @Test func blocksAreTrue() throws {
        let folder = TemporaryFolder()
        let path = packageRoot + "/docs/upgrade.md"
        var count = 0
        let rewritten = BlockDocument(path: path).refilled { block in
            guard block.kind == "console" else { return nil }
            return block.steps.map { step in
                count += 1
                let script = step.command.replacing("pillion ", with: "\(pillionBinary) ")
                let result = run("/bin/bash", ["-o", "pipefail", "-c", script], in: folder.root)
                var output = result.output + result.errors
                if !output.isEmpty, !output.hasSuffix("\n") { output += "\n" }
                if !updatesGoldens { #expect(output == step.output, "docs/upgrade.md: $ \(step.command)") }
                return "$ \(step.command)\n\(output)"
            }.joined()
        }
        #expect(count >= 9)
        if updatesGoldens { _ = compareGolden(rewritten, with: path) }
    }
}
