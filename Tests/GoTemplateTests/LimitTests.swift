import PluginAPI
import Testing
import Values

@testable import GoTemplate

/// Templates that would never end or use all memory stop at a named limit, always at the same place.
@Suite struct LimitTests {
    private func failure(_ source: String, _ limits: RenderLimits = .server, data: Value = .null)
        -> RenderError?
    {
        var options = CompileOptions()
        options.limits = limits
        var output = ByteBuffer()
        do {
            let template = try GoTemplateRenderer().compile(
                TemplateSources(TemplateSource(name: "t", text: source)), options: options)
            try template.render(TemplateData(data), limits: limits, into: &output)
        } catch {
            return error
        }
        return nil
    }

    /// Each partial calls the next one twice: 2^60 calls.
    private static let doubling: String = {
        var text = "{{define \"p60\"}}x{{end}}"
        for level in 0..<60 {
            text +=
                "{{define \"p\(level)\"}}{{template \"p\(level + 1)\"}}{{template \"p\(level + 1)\"}}{{end}}"
        }
        return text + "{{template \"p0\"}}"
    }()

    @Test(arguments: [
        ("{{range 100000000000}}{{end}}", "rangeItems"),
        ("{{range 90000}}{{range 90000}}{{end}}{{end}}", "steps"),
        (
            "{{define \"a\"}}{{template \"b\"}}{{end}}{{define \"b\"}}{{template \"a\"}}{{end}}{{template \"a\"}}",
            "depth"
        ),
        (doubling, "steps"),
        ("{{range 90000}}{{printf \"%900000d\" 1}}{{end}}", "outputBytes"),
        (String(repeating: "{{with 1}}", count: 100_000), "nesting"),
        ("{{" + String(repeating: "(", count: 100_000), "nesting"),
        (String(repeating: "{{.}}", count: 100_001), "nodes"),
        (String(repeating: "x", count: 1 << 20) + "y", "sourceBytes"),
        ("{{printf \"%999999d%999999d%999999d%999999d\" 1 2 3 4}}", "functionBytes"),
    ])
    func endsAtALimit(_ source: String, _ name: String) {
        let error = failure(source)
        #expect(error?.kind == .limit, "\(error?.detail.prefix(200) ?? "no error")")
        #expect(error?.limit?.limit.rawValue == name)
        #expect(error?.limit?.limit.flag.hasPrefix("--max-") == true)
    }

    /// Finding all matches stops at the step limit if the search reads the whole text for each match, and not if it
    /// reads the text once.
    @Test(
        arguments: [
            ("{{len (regexFindAll `a*b|a` (repeat 100000 `a`) -1)}}", nil),
            ("{{len (regexReplaceAll `a(b*c)?|b` (repeat 100000 `b`) `x`)}}", nil),
            ("{{len (regexSplit `(?:a*b)?a` (repeat 100000 `a`) -1)}}", nil),
            ("{{len (regexReplaceAllLiteral `a` (repeat 1000000 `a`) `x`)}}", nil),
            ("{{len (regexFindAll `a*b|a` (repeat 1000 `a`) -1)}}", "1000"),
            ("{{len (regexFindAll `[a-z]+` (repeat 20000 `word `) -1)}}", "20000"),
            ("{{len (regexReplaceAll `(a|b)+,?` (repeat 2000 `ab,`) `x`)}}", "2000"),
        ] as [(String, String?)])
    func findingAllIsCounted(_ source: String, _ expected: String?) {
        let (output, error) = rendered(source, sets: ["sprig"])
        if let expected { #expect(String(decoding: output, as: UTF8.self) == expected) }
        #expect(error?.limit?.limit == (expected == nil ? .steps : nil), "\(error?.detail ?? "no error")")
    }

    /// Go searches the rest of a format for a `]` at each `[`: of a text of this length, 10 billion bytes.
    @Test func openBracketsInAFormat() {
        let (output, error) = rendered("{{len (printf (repeat 100000 `%[`))}}", sets: ["sprig"])
        #expect(error == nil, "\(error?.detail ?? "")")
        #expect(String(decoding: output, as: UTF8.self) == "100000")
    }

    /// A search counts steps in proportion to its time: the length of the text times the size of the pattern.
    @Test func searchesAreSteps() throws {
        func steps(_ pattern: String) throws -> Int {
            var options = CompileOptions()
            options.functionSets = ["sprig"]
            let text = "{{regexMatch `\(pattern)` (repeat 100000 `a`)}}"
            let template = try GoTemplateRenderer().compile(
                TemplateSources(TemplateSource(name: "t", text: text)), options: options)
            var usage = RenderUsage()
            var map: SourceMap?
            var output = ByteBuffer()
            try template.render(
                TemplateData(.null), limits: .server, sourceMap: &map, usage: &usage, into: &output)
            #expect(output.text == "true")
            return usage.steps
        }
        #expect(try steps("(a+)+$") > 100_000 / 16)
        let error = #expect(throws: RenderError.self) { try steps("(a{100}){10}$") }
        #expect(error?.limit?.limit == .steps)
    }

    /// A function counts steps in proportion to the bytes and members that it reads.
    @Test(
        arguments: [
            ("{{len (print .a)}}", 10), ("{{len (urlquery .s)}}", 10), ("{{len (js .s)}}", 10),
            ("{{len (html .s)}}", 10), ("{{len (dict .a)}}", 10), ("{{deepEqual .m .m}}", 10),
            ("{{len (values .m)}}", 10), ("{{len (kebabcase .s)}}", 10), ("{{len (cat .a)}}", 10),
            ("{{len (slice .a 0 1)}}", 10), ("{{len (concat .a .a)}}", 10), ("{{len (chunk 9 .a)}}", 10),
            ("{{len (pluck `k` .m .m .m)}}", 10),
        ] as [(String, Int)])
    func stepsGrowWithWhatIsTouched(_ source: String, _ times: Int) throws {
        try stepsGrow(source, times, sets: ["sprig"])
    }

    @Test(arguments: ["{{len (slice .a 0 1)}}", "{{len (slice .s 1)}}"])
    func stepsOfSlicesGrow(_ source: String) throws { try stepsGrow(source, 10, sets: []) }

    private func stepsGrow(_ source: String, _ times: Int, sets: [String]) throws {
        func steps(_ size: Int) throws -> Int {
            var options = CompileOptions()
            options.functionSets = sets
            let template = try GoTemplateRenderer().compile(
                TemplateSources(TemplateSource(name: "t", text: source)), options: options)
            let data: Value = .object(
                Object([
                    Member("a", .array((0..<size).map { _ in .int(123_456) })),
                    Member("s", .string(String(repeating: "ab <c>_", count: size))),
                    Member("m", .object(Object((0..<size).map { Member("key\($0)", .int(1)) }))),
                ]))
            var usage = RenderUsage()
            var map: SourceMap?
            var output = ByteBuffer()
            try template.render(
                TemplateData(data), limits: .server, sourceMap: &map, usage: &usage, into: &output)
            return usage.steps
        }
        let one = try steps(2_000)
        let more = try steps(2_000 * times)
        #expect(one > 50)
        #expect(more > one * times / 2 && more < one * times * 2, "\(one) and \(more)")
    }

    /// Under the command line's limits, recursion fails with Go's message, at Go's own limit.
    @Test func goesAsDeepAsGo() {
        let recursion = failure("{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}", .commandLine)
        #expect(recursion?.detail.hasSuffix("exceeded maximum template depth (100000)") == true)
        let deep = String(repeating: "{{if 1}}", count: 5000) + String(repeating: "{{end}}", count: 5000)
        #expect(failure(deep, .commandLine) == nil)
        #expect(failure("{{" + String(repeating: "{{", count: 500_000), .server)?.kind == .parse)
        let parentheses = failure("{{" + String(repeating: "(", count: 10_001), .commandLine)
        #expect(parentheses?.detail == "template: t:1: max expression depth exceeded")
    }

    @Test func deadlineEndsALoop() {
        var limits = RenderLimits.commandLine
        limits.deadline = 1
        #expect(failure("{{range 100000}}{{range 100000}}{{end}}{{end}}", limits)?.kind == .deadline)
    }

    @Test func usageIsReportedAlsoOnFailure() throws {
        let template = try GoTemplateRenderer().compile(
            TemplateSources(TemplateSource(name: "t", text: "ab{{.x.y.z}}")), options: CompileOptions())
        var usage = RenderUsage()
        var map: SourceMap?
        var output = ByteBuffer()
        let data: Value = ["x": ["y": 1]]
        #expect(throws: RenderError.self) {
            try template.render(
                TemplateData(data), limits: .server, sourceMap: &map, usage: &usage, into: &output)
        }
        #expect(
            usage
                == {
                    var usage = RenderUsage(); usage.steps = 2; usage.outputBytes = 2; return usage
                }())
    }

    /// The source map covers every byte of the output.
    @Test func sourceMapCoversTheOutput() throws {
        let source = "a: {{.a}}\n{{range .l}}- {{.}}\n{{end}}"
        let template = try GoTemplateRenderer().compile(
            TemplateSources(TemplateSource(name: "t", text: source)), options: CompileOptions())
        var usage = RenderUsage()
        var map: SourceMap? = SourceMap()
        var output = ByteBuffer()
        let data: Value = ["a": "one", "l": ["x", "y"]]
        try template.render(
            TemplateData(data), limits: .server, sourceMap: &map, usage: &usage, into: &output)
        let found = try #require(map)
        #expect(found.runs.first?.output.lowerBound == 0)
        #expect(found.runs.last?.output.upperBound == output.count)
        for (left, right) in zip(found.runs, found.runs.dropFirst()) {
            #expect(left.output.upperBound == right.output.lowerBound)
        }
        #expect(found.run(at: 3)?.kind == .value)
        #expect(found.run(at: 3)?.offset == 5)
        #expect(found.run(at: 0)?.kind == .literal)
    }
}
