import Glibc
import TestSupport
import Testing

private let canMakeATerminal = run("/usr/bin/env", ["python3", "-c", "import pty"]).status == 0

/// Output has colours on a terminal, which python3 creates, and nowhere else.
@Suite(.enabled(if: canMakeATerminal, "needs python3, for a terminal"))
struct ColourTests {
    private let folder = TemporaryFolder()

    init() {
        folder.write(
            "policy: enabled\ntemplate: |\n  containers:\n  - name: proxy\n    image: proxy\n", to: "config")
        folder.write(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: web}
            spec:
              containers:
              - name: web
                image: nginx
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: quiet, annotations: {sidecar.istio.io/inject: "false"}}
            spec: {containers: [{name: web, image: nginx}]}

            """, to: "pods.yaml")
    }

    /// The output at a terminal, with LF as line end.
    private func onTerminal(_ arguments: [String], _ environment: [String: String] = [:]) -> String {
        let program = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        let result = run(
            "/usr/bin/env",
            environment.map { "\($0.key)=\($0.value)" } + ["python3", "-c", program, pillionBinary]
                + arguments,
            in: folder.root)
        return result.output.replacing("\r\n", with: "\n")
    }

    private static func plain(_ text: String) -> String { text.replacing(/\u{1B}\[[0-9]*m/, with: "") }

    @Test(arguments: [
        (
            ["decide", "-f", "pods.yaml", "--injectConfig", "config"],
            ["\u{1B}[1mKIND", "\u{1B}[32minject\u{1B}[0m", "\u{1B}[2mskip\u{1B}[0m"]
        ),
        (
            ["decide", "-f", "pods.yaml", "--injectConfig", "config", "--explain"],
            [
                "\u{1B}[1mPod default/web: inject", "\u{1B}[1m├─ => default_policy: inject",
                "\u{1B}[1m├─ => annotation: skip",
            ]
        ),
        (
            ["kube-inject", "-f", "pods.yaml", "--injectConfig", "config", "--diff"],
            ["\u{1B}[1m--- ", "\u{1B}[2m@@ ", "\u{1B}[32m+  - name: proxy\u{1B}[0m"]
        ),
        (
            ["explain", "policy_disabled"],
            ["\u{1B}[1mpolicy_disabled (skip)\u{1B}[0m", "\u{1B}[32m  to change it: "]
        ),
    ])
    func coloursOnATerminal(_ arguments: [String], _ expected: [String]) {
        let piped = run(pillionBinary, arguments, in: folder.root)
        #expect(!piped.output.contains("\u{1B}"))
        let shown = onTerminal(arguments)
        for one in expected {
            #expect(shown.contains(one), "\(one.debugDescription) in \(shown.debugDescription)")
        }
        // The terminal shows the same text; it also shows standard error.
        for line in piped.output.split(separator: "\n") {
            #expect(Self.plain(shown).contains(line), "\(line)")
        }
        let silent = onTerminal(arguments, ["NO_COLOR": "1"])
        #expect(!silent.contains("\u{1B}"), "\(silent.debugDescription)")
    }

    /// Control characters of a manifest do not reach the terminal.
    @Test func whatIsNotOurs() {
        folder.write(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\e[31mb\"}\nspec: {containers: [{name: web, image: nginx}]}\n",
            to: "odd.yaml")
        let shown = onTerminal(["decide", "-f", "odd.yaml", "--injectConfig", "config"])
        #expect(!shown.contains("\u{1B}[31mb"), "\(shown.debugDescription)")
    }
}
