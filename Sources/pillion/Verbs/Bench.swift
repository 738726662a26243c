import CAllocationCount
import Injection
import PluginAPI
import Service
import Values

let benchVerb = Verb(
    name: "bench", summary: "measure the cost of a configuration or a template",
    operands: "inject|render",
    discussion: """
        inject answers each --review many times and prints the cost of each stage: parsing JSON, deciding, rendering,
        parsing YAML, merging, building the patch and the response; then the cost of the same review from the caches.
        render compiles and executes a template. All times are CPU time of one thread. The minimum is the cost on an
        idle machine; the median shows how idle this one was. Reading the clock between stages adds about 0.2 µs to
        each.
        """,
    options: [
        Option(
            name: "review", shape: .list("FILE"),
            help: "inject: an AdmissionReview in JSON; - is standard input"),
        Option(name: "path", shape: .value("PATH"), fallback: "/inject", help: "inject: the request's path"),
        Option(
            name: "injectConfig", shape: .value("FILE"),
            help: "inject: the injection configuration; default: the built-in one",
            readsEnvironment: true),
        Option(
            name: "injectValues", shape: .value("FILE"), help: "inject: the values", readsEnvironment: true),
        Option(
            name: "meshConfig", shape: .value("FILE"), help: "inject: the mesh configuration",
            readsEnvironment: true),
        Option(name: "revision", shape: .value("NAME"), fallback: "", help: "inject: the revision"),
        nativeSidecarsOption, templateEnvironmentOption, impureFunctionsOption, taintModeOption,
        Option(
            name: "rounds", shape: .value("N"), fallback: "500",
            help: "the number of measurements of "
                + "each"),
        Option(
            name: "output", short: "o", shape: .choice(["table", "json"]), fallback: "table",
            help: "the format"),
    ] + templateOptions + pluginOptions,
    examples: [
        (
            "pillion bench inject --review review.json --injectConfig config --injectValues values --meshConfig mesh",
            "which step of an injection is slow?"
        ),
        (
            "pillion bench render -t page.tmpl -d data.json",
            "compile and execute, each with its allocations"
        ),
    ],
    run: { arguments in
        let isJSON = arguments.choice("output") == "json"
        let rounds = try arguments.int("rounds", in: 1...1_000_000) ?? 500
        let results: [BenchResult]
        switch arguments.operands {
        case ["inject"]: results = try measureReviews(arguments, rounds)
        case ["render"]: results = [try measureTemplate(arguments, rounds)]
        default:
            throw UsageError(
                "expected inject or render, found \"\(arguments.operands.joined(separator: " "))\"")
        }
        if isJSON {
            standardOutput.write(JSON.text(.array(results.map(\.json)), style: .pretty(2)) + "\n")
        } else {
            standardOutput.write(results.map(\.table).joined(separator: "\n"))
        }
        return .success
    })

// MARK: inject

private func measureReviews(_ arguments: Arguments, _ rounds: Int) throws -> [BenchResult] {
    let paths = arguments.list("review")
    guard !paths.isEmpty else { throw UsageError("expected a review: --review FILE") }
    var files = BuiltInConfiguration.files
    if let path = arguments.string("injectConfig") {
        files = InjectionFiles(configuration: NamedText(name: path, bytes: try read(file: path)))
    }
    if let values = try named(arguments.string("injectValues")) { files.values = values }
    if let mesh = try named(arguments.string("meshConfig")) { files.mesh = mesh }
    let fresh = try compile(files, arguments, cacheBytes: 0)
    let caching = try compile(files, arguments)
    let target = arguments.string("path") ?? "/inject"
    return try paths.map { path in
        try measureReview(try read(file: path), path, target, fresh: fresh, caching: caching, rounds)
    }
}

private func measureReview(
    _ body: [UInt8], _ name: String, _ path: String, fresh: Snapshot, caching: Snapshot, _ rounds: Int
) throws -> BenchResult {
    var options = ReviewOptions()
    @discardableResult
    func answer(_ snapshot: Snapshot) -> ReviewReport {
        var output = ByteBuffer(capacity: 8 << 10)
        return body.withUnsafeBufferPointer {
            Pipeline.review($0, path: path, snapshot: snapshot, options: options, into: &output)
        }
    }
    let report = answer(fresh)
    if let error = report.error { throw Failure("\(name): \(error.message)") }
    var result = BenchResult(
        name: name,
        summary: "\(report.kind.rawValue) (\(report.reason.rawValue)), "
            + "patch of \(report.patchOperations) operations, \(report.patchBytes) bytes")
    let clock = StageClock()
    options.clock = clock
    var stages = StageClock.Stage.allCases.map { BenchResult.Row(name: $0.name) }
    for _ in 0..<rounds {
        clock.reset()
        answer(fresh)
        for index in stages.indices { stages[index].nanoseconds.append(clock.nanoseconds[index]) }
    }
    options.clock = nil
    result.rows = stages.filter { $0.nanoseconds.contains { $0 > 0 } }
    result.rows.append(measured("all", rounds) { answer(fresh) })
    answer(caching)
    result.rows.append(measured("seen before", rounds) { answer(caching) })
    return result
}

// MARK: render

private func measureTemplate(_ arguments: Arguments, _ rounds: Int) throws -> BenchResult {
    let request = try renderRequest(arguments)
    let registry = try registry(for: arguments)
    let engine = request.engine ?? registry.defaultEngine
    guard let renderer = registry.renderer(engine) else {
        let ids = registry.renderers.map(\.description.id).joined(separator: ", ")
        throw UsageError("--engine is \"\(engine)\", expected one of \(ids)")
    }
    let data = TemplateData(request.data)
    let limits = RenderLimits.commandLine
    do throws(RenderError) {
        let template = try renderer.compile(request.sources, options: request.options)
        var output = ByteBuffer(capacity: 64 << 10)
        try template.render(data, limits: limits, into: &output)
        var result = BenchResult(name: request.sources.entry, summary: "\(output.count) bytes written")
        // A call that succeeded once succeeds again: both depend only on their arguments.
        result.rows = [
            measured("compile", rounds) {
                _ = try? renderer.compile(request.sources, options: request.options)
            },
            measured("execute", rounds) {
                var output = ByteBuffer(capacity: 64 << 10)
                try? template.render(data, limits: limits, into: &output)
            },
        ]
        return result
    } catch {
        throw Failure(error.detail)
    }
}

// MARK: results

/// Runs the work `rounds` times. Allocations are counted in a separate round.
private func measured(_ name: String, _ rounds: Int, _ work: () -> Void) -> BenchResult.Row {
    var row = BenchResult.Row(name: name)
    work()
    count_allocations(1)
    work()
    count_allocations(0)
    row.allocated = (Int(allocated_bytes()), Int(allocation_count()))
    for _ in 0..<rounds {
        let start = StageClock.now()
        work()
        row.nanoseconds.append(StageClock.now() - start)
    }
    return row
}

/// The measured cost of one review or template.
struct BenchResult {
    struct Row {
        var name: String
        /// The CPU time of each round.
        var nanoseconds: [UInt64] = []
        /// The bytes and the number of allocations in one round; nil if they were not counted.
        var allocated: (bytes: Int, count: Int)?

        var least: Double { Double(nanoseconds.min() ?? 0) / 1_000 }
        var median: Double { Double(nanoseconds.sorted()[nanoseconds.count / 2]) / 1_000 }
    }

    var name: String
    var summary: String
    var rows: [Row] = []

    var json: Value {
        let rows = self.rows.map { row -> Value in
            var object = Object([
                Member("name", .string(row.name)), Member("least_us", .double(row.least)),
                Member("median_us", .double(row.median)),
            ])
            if let allocated = row.allocated {
                object["allocated_bytes"] = .int(Int64(allocated.bytes))
                object["allocations"] = .int(Int64(allocated.count))
            }
            return .object(object)
        }
        return ["name": .string(name), "summary": .string(summary), "rows": .array(rows)]
    }

    var table: String {
        var text = "\(name): \(summary)\n"
        let width = max(rows.map(\.name.count).max() ?? 0, 4)
        func line(_ name: String, _ cells: [String]) -> String {
            let head = name + String(repeating: " ", count: width - name.count)
            let padded = cells.map { String(repeating: " ", count: max(12 - $0.count, 1)) + $0 }
            return "  \(head)\(padded.joined())\n"
        }
        text += line("step", ["least µs", "median µs", "bytes", "pieces"])
        for row in rows {
            let allocated = row.allocated.map { [String($0.bytes), String($0.count)] } ?? []
            text += line(row.name, [Self.tenths(row.least), Self.tenths(row.median)] + allocated)
        }
        return text
    }

    /// Formats a number with one decimal.
    private static func tenths(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
