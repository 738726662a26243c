import Glibc
import TestSupport
import Testing
import Values

@testable import Service

/// Tables for small rules.
struct RuleTests {
    @Test(
        arguments: [
            ("0", 0), ("10s", 10_000_000_000), ("1m30s", 90_000_000_000), ("500ms", 500_000_000),
            ("1.5h", 5_400_000_000_000),
            ("3us", 3_000), ("3µs", 3_000), ("7ns", 7),
        ] as [(String, UInt64)])
    func durations(text: String, nanoseconds: UInt64) { #expect(GoDuration.nanoseconds(text) == nanoseconds) }

    @Test(arguments: [
        "", "s", "10", "-1s", "10x", "1..5s", "1e3s", "99999999h", String(repeating: "1s", count: 99),
    ])
    func noDurations(text: String) { #expect(GoDuration.nanoseconds(text) == nil) }

    @Test(arguments: [
        ("default", "default", true), ("default", "defaults", false), ("*", "", true), ("*", "any", true),
        ("kube-*", "kube-system", true), ("kube-*", "kub", false), ("*-system", "kube-system", true),
        ("a*c*e", "abcde", true), ("a*c*e", "ace", true), ("a*c*e", "aec", false), ("ab*ba", "aba", false),
        ("a**b", "ab", true), ("", "", true), ("", "x", false),
    ])
    func namespacePatterns(pattern: String, text: String, matches: Bool) {
        #expect(FailurePolicy.matches(pattern, text) == matches)
    }

    @Test(
        arguments: [
            (nil, "application/json"), ("*/*", "application/json"), ("text/plain", "text/plain"),
            ("application/json;q=0.5, text/plain", "text/plain"), ("text/*", "text/plain"),
            ("image/png", nil),
            ("application/json;q=0", nil), ("application/json;q=0, */*", "text/plain"),
            ("", "application/json"),
            (" TEXT/PLAIN ; charset=utf-8", "text/plain"), ("text/plain;q=x", nil),
        ] as [(String?, String?)])
    func accept(header: String?, best: String?) {
        #expect(Accept(header).best(of: ["application/json", "text/plain"]) == best)
    }

    @Test(arguments: [
        (#"{"kind":"AdmissionReview"}"#, true), (#"{"kind":"Pod"}"#, false), ("{}", true), ("", true),
        ("[]", true),
        (#" { "a" : {"kind":"Pod"}, "b": ["kind"], "kind" : "Service" }"#, false),
        (#"{"a":{"kind":"Pod"},"b":"\"kind\":\"Pod\"","kind":"AdmissionReview"}"#, true),
        (#"{"kind":1}"#, true), (#"{"kind":"Pod"#, true), (#"{"kind"#, true), (#"{"a":"\"#, true),
        ("x", true),
    ])
    func kindsOfBodies(body: String, isReview: Bool) {
        let bytes = Array(body.utf8)
        #expect(bytes.withUnsafeBufferPointer { TopLevelKind.isReview($0) } == isReview)
    }

    @Test func snippets() {
        let text = Array("one\n\ttwo {{x}}\nthree".utf8)
        #expect(SourceText(text).snippet(line: 2, column: 6) == "2 |  two {{x}}\n  |      ^")
        #expect(SourceText(text).snippet(line: 3, column: nil) == "3 | three")
        #expect(SourceText(text).snippet(line: 4, column: 1) == nil)
        #expect(SourceText(text).snippet(line: 0, column: 1) == nil)
        #expect(SourceText(text).snippet(line: 1, column: 99) == "1 | one\n  |    ^")
        let long = [UInt8](repeating: 0x61, count: 1_000)
        #expect(
            SourceText(long).snippet(line: 1, column: 500)?.utf8.count ?? 999 < 2 * SourceText.snippetWidth
                + 20)
    }

    @Test(
        arguments: [
            ([0x61, 0x62], "ab"), ([0x61, 0xff, 0xfe, 0x62], "a\u{FFFD}b"), ([0xe2, 0x82], "\u{FFFD}"),
            ([0xff, 0x61, 0xff], "\u{FFFD}a\u{FFFD}"), ([], ""),
        ] as [([UInt8], String)])
    func repairedText(bytes: [UInt8], expected: String) { #expect(text(repairing: bytes) == expected) }

    @Test func logLines() throws {
        let folder = TemporaryFolder()
        func written(_ format: ServeOptions.LogFormat, _ level: LogLevel, _ use: (Log) -> Void) -> String {
            let file = open(folder.path("log"), O_RDWR | O_CREAT | O_TRUNC, 0o600)
            defer { close(file) }
            use(Log(LogLevels(level), format: format, descriptor: file))
            return TestSupport.text(of: folder.path("log"))
        }
        let forged = "x\n{\"level\":\"error\"}\u{1b}[0m"
        let json = written(.json, .info) { $0.info(forged, [Member("name", .string(forged))]) }
        #expect(json.split(separator: "\n").count == 1)
        let line = try JSON.read(json)
        #expect(line["msg"]?.string == forged)
        #expect(line["level"]?.string == "info")
        let text = written(.text, .info) { $0.warning(forged, [Member("name", .string(forged))]) }
        #expect(text.utf8.filter { $0 < 0x20 } == [0x0a])
        #expect(text.contains(" warn server x\\n"))
        let long = written(.json, .info) {
            $0.info("m", [Member("v", .string(String(repeating: "a", count: 5_000)))])
        }
        #expect(long.utf8.count < 1_200)
        #expect(written(.json, .error) { $0.warning("m") }.isEmpty)
        #expect(written(.json, .none) { $0.error("m") }.isEmpty)
    }
}
