import Glibc
import TestSupport
import Testing

/// Runs the console blocks of the documents on templates and charts, against a server that holds the chart `web` of the
/// tests, and compares their output. `UPDATE_GOLDEN=1` rewrites it.
@Suite struct ChartDocumentTests {
    @Test(arguments: ["docs/charts.md", "docs/templates.md"])
    func blocksAreTrue(_ name: String) throws {
        let folder = TemporaryFolder()
        let unpack = """
            import os, re, sys
            name, lines = None, []
            def finish():
                if name and name != 'runs':
                    path = os.path.join('charts/web', name)
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    open(path, 'w').write('\\n'.join(lines) + '\\n')
            for line in open(sys.argv[1]).read().split('\\n')[:-1]:
                mark = re.fullmatch(r'-- (\\S+) --', line)
                if mark:
                    finish(); name, lines = mark.group(1), []
                else:
                    lines.append(line)
            finish()
            """
        let made = run(
            "/bin/sh",
            [
                "-c", "python3 -c \"$0\" \"$1\" && tar -czf web-1.4.2.tgz -C charts web", unpack,
                "\(packageRoot)/Tests/ChartTests/cases/web.chart",
            ], in: folder.root)
        try #require(made.status == 0, "\(made.errors)")
        let port = try #require(freePort())
        let server = try #require(
            RunningProcess(
                pillionBinary, ["serve", "--httpPort", "\(port)", "--charts", folder.path("charts")]))
        #expect(waitUntilListening(port), "the server did not start: \(server.errors)")
        var count = 0
        let path = "\(packageRoot)/\(name)"
        let rewritten = BlockDocument(path: path).refilled { block in
            guard block.kind == "console" else { return nil }
            return block.steps.map { step in
                count += 1
                let script = step.command.replacing("127.0.0.1:8080", with: "127.0.0.1:\(port)")
                    .replacing("pillion render", with: "\(pillionBinary) render")
                var output = run("/bin/bash", ["-o", "pipefail", "-c", script], in: folder.root).output
                if !output.isEmpty, !output.hasSuffix("\n") { output += "\n" }
                if !updatesGoldens { #expect(output == step.output, "\(name): $ \(step.command)") }
                return "$ \(step.command)\n\(output)"
            }.joined()
        }
        #expect(count >= 1)
        if updatesGoldens { _ = compareGolden(rewritten, with: path) }
    }
}
