import Glibc
import TestSupport
import Testing
import Values

/// `kube-inject` with many files: which it reads, what it writes if one fails, and its progress on a terminal.
@Suite struct ManifestFilesTests {
    private let folder = TemporaryFolder()
    private static let configuration: [String] = {
        let files = packageRoot + "/Tests/Conformance/configurations/config-1.6"
        return [
            "--injectConfigFile", files + "/inject-config.yaml", "--valuesFile", files + "/values.yaml",
            "--meshConfigFile", files + "/mesh.yaml",
        ]
    }()

    private static func pod(_ name: String) -> String {
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \(name)\nspec:\n  containers:\n  - name: app\n    image: a\n"
    }

    private func inject(_ arguments: [String], input: String = "") -> ProcessResult {
        run(pillionBinary, ["kube-inject"] + Self.configuration + arguments, input: input, in: folder.root)
    }

    private func names(_ output: String) -> [String] {
        output.split(separator: "\n").filter { $0.hasPrefix("  name: ") }.map { String($0.dropFirst(8)) }
    }

    private func makeFiles() {
        for path in ["in/.git", "in/sub", "in/sub/.cache"] {
            _ = run("/bin/mkdir", ["-p", folder.path(path)])
        }
        folder.write(Self.pod("b"), to: "in/b.yaml")
        folder.write(Self.pod("hidden"), to: "in/.a.yaml")
        folder.write(Self.pod("git"), to: "in/.git/x.yml")
        folder.write(Self.pod("sub"), to: "in/sub/c.yaml")
        folder.write(Self.pod("cache"), to: "in/sub/.cache/d.yaml")
        folder.write("no manifest", to: "in/README.md")
    }

    /// Reads the files of folders, and reports those that it leaves out, with the option that includes them.
    @Test(arguments: [
        (
            [], ["b"],
            "left out 1 file that is not *.yaml, *.yml or *.json: in/README.md, 2 hidden ones: in/.a.yaml, in/.git "
                + "(--hidden includes them), 1 folder: in/sub (-R includes them)"
        ),
        (
            ["-R"], ["b", "sub"],
            "left out 1 file that is not *.yaml, *.yml or *.json: in/README.md, 3 hidden ones: in/.a.yaml, in/.git, "
                + "in/sub/.cache (--hidden includes them)"
        ),
        (
            ["--hidden"], ["hidden", "b"],
            "left out 1 file that is not *.yaml, *.yml or *.json: in/README.md, 2 folders: in/.git, in/sub (-R "
                + "includes them)"
        ),
        (
            ["-R", "--hidden"], ["hidden", "git", "b", "cache", "sub"],
            "left out 1 file that is not *.yaml, *.yml or *.json: in/README.md"
        ),
    ])
    func takesFilesOfFolders(_ options: [String], _ expected: [String], _ leftOut: String) {
        makeFiles()
        let result = inject(["-f", "in"] + options)
        #expect(result.status == 0, "\(result.errors)")
        #expect(names(result.output) == expected)
        #expect(result.errors.contains("pillion: \(leftOut)\n"), "\(result.errors)")
    }

    /// Replaces the output file only if every input succeeds; reports every problem.
    @Test func keepsTheOutputWhenAFileFails() {
        folder.write(Self.pod("a"), to: "a.yaml")
        folder.write(Self.pod("b") + "  x: [\n", to: "b.yaml")
        folder.write(Self.pod("c"), to: "c.yaml")
        folder.write("old\n", to: "out.yaml")
        let files = ["-f", "a.yaml", "-f", "b.yaml", "-f", "c.yaml", "-f", "none.yaml"]
        let result = inject(files + ["-o", "out.yaml"])
        #expect(result.status == 1 && result.output.isEmpty)
        #expect(text(of: folder.path("out.yaml")) == "old\n")
        #expect(result.errors.contains("b.yaml:1") && result.errors.contains("none.yaml: No such file"))
        #expect(entries(of: folder.root) == ["a.yaml", "b.yaml", "c.yaml", "out.yaml"])
        // Standard output already has the manifests before the one that failed.
        let printed = inject(files)
        #expect(printed.status == 1)
        #expect(names(printed.output) == ["a"])
        let good = inject(["-f", "a.yaml", "-f", "c.yaml", "-o", "out.yaml"])
        #expect(good.status == 0, "\(good.errors)")
        #expect(names(text(of: folder.path("out.yaml"))) == ["a", "c"])
    }

    /// Writes many files in the order of the input, whichever thread finished first. From 100 files on, each thread has a
    /// Snapshot of its own, and from 64 for each processor on, a thread takes several at once.
    @Test(arguments: [10, 110, 260]) func keepsTheOrder(files: Int) {
        _ = run("/bin/mkdir", [folder.path("in")])
        for number in 100..<100 + files {
            let pods = number % 7 == 0 ? 6 : 1
            let text = (0..<pods).map { _ in Self.pod("n\(number)") }.joined(separator: "---\n")
            folder.write(text, to: "in/\(number).yaml")
        }
        let result = inject(["-f", "in"])
        #expect(result.status == 0, "\(result.errors)")
        let expected = (100..<100 + files).flatMap { Array(repeating: "n\($0)", count: $0 % 7 == 0 ? 6 : 1) }
        #expect(names(result.output) == expected)
    }

    /// Reads configuration, values and mesh as Windows writes them: UTF-16 with a byte order mark and CRLF.
    @Test func readsConfigurationsInUTF16() {
        folder.write(Self.pod("a"), to: "a.yaml")
        let plain = inject(["-f", "a.yaml"])
        var arguments: [String] = []
        for (option, path) in zip(Self.configuration, Self.configuration.dropFirst())
        where option.hasPrefix("--") {
            let name = String(path.split(separator: "/").last ?? "")
            let wide = text(of: path).replacing("\n", with: "\r\n")
            folder.write(TextEncoding.utf16LittleEndian.encode(Array(wide.utf8)), to: name)
            arguments += [option, name]
        }
        let result = run(
            pillionBinary, ["kube-inject"] + arguments + ["-f", "a.yaml"], in: folder.root)
        #expect(plain.status == 0 && result.status == 0, "\(result.errors)")
        #expect(names(result.output) == names(plain.output))
        #expect(result.output.contains("istio-proxy"))
    }

    /// Shows progress on a terminal and nowhere else.
    @Test func showsProgressOnTerminals() {
        folder.write(Self.pod("a"), to: "a.yaml")
        folder.write(Self.pod("b"), to: "b.yaml")
        // Standard error is a terminal, and standard input arrives late.
        let shell = #"(sleep 1; cat b.yaml) | "$0" "$@""#
        let command = [pillionBinary, "kube-inject"] + Self.configuration + ["-f", "a.yaml", "-f", "-"]
        let shown = runAtTerminal(command, shell: shell, in: folder.root)
        #expect(shown.status == 0, "\(shown.output)")
        #expect(shown.output.contains("\r\u{1B}[K1 of 2 files"), "\(shown.output.debugDescription)")
        // The progress line is erased at the end.
        #expect(shown.output.split(separator: "files").last?.hasPrefix("\r\u{1B}[K") ?? false)
        let plain = run(
            "/bin/sh", ["-c", shell + " 2>&1 >/dev/null"] + command,
            in: folder.root)
        #expect(plain.status == 0 && !plain.output.contains("of 2 files") && !plain.output.contains("\u{1B}"))
    }
}
