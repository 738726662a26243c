import TestSupport
import Testing

/// Templates that would never end or use all memory end with a limit's error under `render --limits server`, within
/// bounds of memory and of processor time (not of wall time).
@Suite struct RenderLimitTests {
    private static let doubling: String =
        "{{define \"p60\"}}x{{end}}"
        + (0..<60).map {
            "{{define \"p\($0)\"}}{{template \"p\($0 + 1)\"}}{{template \"p\($0 + 1)\"}}{{end}}"
        }
        .joined() + "{{template \"p0\"}}"

    private static let laughs: String = {
        var text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        var last = "a"
        for name in ["b", "c", "d", "e", "f", "g", "h", "i"] {
            text += "\(name): &\(name) [\(Array(repeating: "*\(last)", count: 9).joined(separator: ", "))]\n"
            last = name
        }
        return "{{toJson (fromYaml `\(text)`)}}"
    }()

    @Test(arguments: [
        ("endless range", "{{range 100000000000}}{{end}}", "limit rangeItems, set by --max-range-items"),
        (
            "mutual recursion",
            "{{define \"a\"}}{{template \"b\"}}{{end}}{{define \"b\"}}{{template \"a\"}}{{end}}{{template \"a\"}}",
            "limit depth, set by --max-depth"
        ),
        ("doubling partials", doubling, "limit steps, set by --max-template-steps"),
        ("repeat", "{{repeat 1000000000 \"x\"}}", "limit functionBytes, set by --max-function-bytes"),
        ("indent", "{{indent 1000000000 \"x\"}}", "limit functionBytes, set by --max-function-bytes"),
        ("wide printf", "{{range 1000}}{{printf \"%9000000d\" 1}}{{end}}", "set by --max-"),
        (
            "deep with", String(repeating: "{{with 1}}", count: 100_000),
            "limit nesting, set by --max-template-nesting"
        ),
        // Refused with Go's error before a limit is reached.
        ("megabyte of delimiters", String(repeating: "{{", count: 500_000), "unexpected \"{\" in command"),
        (
            "search",
            "{{regexMatch \"(a+)+$\" (repeat 100000 \"a\")}}{{regexMatch \"(a{100}){10}$\" (repeat 100000 \"a\")}}",
            "limit steps, set by --max-template-steps"
        ),
        ("a billion laughs", laughs, "limit functionBytes, set by --max-function-bytes"),
    ])
    func endsSoon(_ name: String, _ template: String, _ words: String) throws {
        let folder = TemporaryFolder()
        folder.write(template, to: "t")
        // -d limits the data segment (KiB), which excludes mapped files. A process that exceeds it ends by a signal.
        let limited =
            "ulimit -d 65536; exec \"$0\" render --limits server --function-set sprig,helm -t t"
        let result = run("/bin/sh", ["-c", limited, pillionBinary], in: folder.root)
        #expect(result.status == 1)
        #expect(result.errors.contains(words), "\(result.errors.prefix(300))")
        // For a debug build; a release takes less than 100 ms.
        #expect(result.processorMilliseconds < 2000, "\(result.processorMilliseconds) ms")
    }
}
