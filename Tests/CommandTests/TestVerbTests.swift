import Glibc
import TestSupport
import Testing
import Values

/// Runs `pillion test` in several steps, and parses its reports with other programs. The cases `test-….case` are single
/// runs.
struct TestVerbTests {
    private let folder = TemporaryFolder()

    init() {
        folder.write(
            """
            policy: enabled
            templates:
              sidecar: |
                spec:
                  containers:
                  - name: helper
                    image: {{ annotation .ObjectMeta "example.com/image" "helper:1" }}

            """, to: "config")
        mkdir(folder.path("manifests"), 0o755)
        for name in ["a", "b"] {
            folder.write(
                "kind: Pod\nmetadata: {name: \(name)}\nspec: {containers: [{name: app, image: app:1}]}\n",
                to: "manifests/\(name).yaml")
        }
    }

    private func test(_ arguments: String...) -> ProcessResult {
        run(pillionBinary, ["test"] + arguments + ["--injectConfigFile", "config"], in: folder.root)
    }

    @Test func initThenChangeThenUpdate() throws {
        let made = test("cases", "--init", "-f", "manifests")
        #expect(made.status == 0)
        #expect(
            made.output == "updated pod-a\nupdated pod-b\n2 cases: 0 passed, 2 updated\n", "\(made.errors)")
        #expect(test("cases").output == "2 cases: 2 passed\n")
        // An existing case is not overwritten.
        let again = test("cases", "--init", "-f", "manifests")
        #expect(again.status == 1 && again.output.isEmpty, "\(again.output)")
        #expect(again.errors.contains("cases/pod-a"), "\(again.errors)")
        folder.write(text(of: folder.path("config")).replacing("helper:1", with: "helper:2"), to: "config")
        let changed = test("cases")
        #expect(changed.status == 1)
        #expect(changed.output.contains("found \"helper:2\", expected \"helper:1\" (template sidecar:4)"))
        #expect(test("cases", "--update").status == 0)
        #expect(test("cases").output == "2 cases: 2 passed\n")
        #expect(text(of: folder.path("cases/pod-a/want.yaml")).contains("image: helper:2"))
    }

    /// A report is valid XML whatever text is in it, and its counts are right.
    @Test func reportsAreXML() {
        _ = test("cases", "--init", "-f", "manifests")
        for (name, image) in [("pod-a", "<&\\\">]]>\\x01\\uFFFE"), ("pod-b", "[")] {
            folder.write(
                "kind: Pod\nmetadata: {name: a, annotations: {example.com/image: \"\(image)\"}}\n"
                    + "spec: {containers: [{name: app, image: app:1}]}\n", to: "cases/\(name)/pod.yaml")
        }
        let report = test("cases", "-o", "junit")
        #expect(report.status == 1)
        folder.write(report.output, to: "report.xml")
        let script = """
            import sys, xml.etree.ElementTree as tree
            suite = tree.parse(sys.argv[1]).getroot()[0]
            cases = suite.findall('testcase')
            print(suite.get('tests'), suite.get('failures'), suite.get('errors'), len(cases),
                  sum(1 for case in cases if len(case)))
            """
        let read = run("/usr/bin/env", ["python3", "-c", script, folder.path("report.xml")])
        #expect(read.status == 0, "\(read.errors)\n\(report.output)")
        #expect(read.output == "2 2 0 2 2\n", "\(read.output)\(report.output)")
    }

    /// Shows progress: standard error is a terminal, and the cases take more than a third of a second in total.
    @Test func showsProgressOnTerminals() {
        let slow = "{{ range $i := until 100000 }}{{ if eq $i 100001 }}b{{ end }}{{ end }}"
        folder.write(
            text(of: folder.path("config")).replacing("image: ", with: "image: a\(slow)"), to: "config")
        let pod = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: app, image: app:1}]}\n"
        folder.write(Array(repeating: pod, count: 40).joined(separator: "---\n"), to: "pods")
        #expect(test("cases", "--init", "-f", "pods").status == 0)
        let shown = runAtTerminal(
            [pillionBinary, "test", "cases", "--injectConfigFile", "config"], in: folder.root)
        #expect(shown.status == 0, "\(shown.output)")
        #expect(shown.output.hasPrefix("\r\u{1B}[K"), "\(shown.output.debugDescription)")
        #expect(shown.output.contains(" of 40 cases"), "\(shown.output.debugDescription)")
        #expect(shown.output.hasSuffix("\r\u{1B}[K"))
        #expect(test("cases").errors.isEmpty)
    }
}
