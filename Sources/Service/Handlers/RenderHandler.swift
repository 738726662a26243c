import Charts
import HTTPServer
import PluginAPI
import System
import Values

/// POST /render: renders a template with data, and responds with the output or the engine's error.
struct RenderHandler: Handler {
    let context: RenderRequest.Context
    /// The templates that requests may name.
    let templates: TemplateFolder?
    /// The charts that requests may name.
    let charts: ChartStore?
    /// The time limit of one rendering, in addition to the limit of steps.
    let milliseconds: Int
    /// Whether templates in requests are rendered. A template is code: on listeners that others can reach, by default
    /// only those that the server holds are rendered.
    let allowsInlineTemplates: Bool

    /// The limits of a rendering on a connection thread: about a millisecond. A rendering that exceeds them restarts on
    /// its own thread with its full limits; the cost is that millisecond.
    private static let quickSteps = 20_000
    private static let quickNanoseconds: UInt64 = 2_000_000
    private static let quickMemory = 4 << 20
    /// The time is not checked within a function, so a function that creates large values is not started here.
    private static let quickFunctionBytes = 64 << 10
    private static let quickOutputBytes = 512 << 10
    /// The number of steps of a chart, as a multiple of those of a template.
    private static let templatesOfAChart = 20
    /// A kept chart whose last rendering took no longer than this is rendered on a connection thread.
    private static let quickChartNanoseconds: UInt64 = 1_000_000
    /// Larger bodies are handled on their own thread at once.
    private static let quickBytes = 64 << 10

    func deadline(of request: HTTPRequest) -> UInt64? {
        MonotonicClock.nanoseconds + UInt64(milliseconds) * 1_000_000
    }

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let format = try request.bodyFormat([.json, .yaml, .gzip, .multipart])
        let accepted = try request.accepted([MediaType.json.essence, MediaType.text.essence])
        if !mayTakeLong, request.body.count > Self.quickBytes { return nil }
        if format == .gzip || format == .multipart {
            guard allowsInlineTemplates else { throw Self.foreignChart }
            // Unpacking and compiling take a long time.
            guard mayTakeLong else { return nil }
            let chart = try ChartRequest(archiveOf: request, format)
            return try answer(chart, request, accepted, mayTakeLong: true, &entry)
        }
        let depth = BodyReader.dataDepth
        let read =
            mayTakeLong
            ? try BodyReader.value(of: request, format, depth: depth)
            : try BodyReader.quickValue(of: request, format, depth: depth)
        guard let body = read else { return nil }
        if ChartRequest.isOne(body) {
            let chart = try ChartRequest(body)
            let last = chart.kept(in: charts)?.lastNanoseconds ?? .max
            guard mayTakeLong || last <= Self.quickChartNanoseconds else { return nil }
            return try answer(chart, request, accepted, mayTakeLong: mayTakeLong, &entry)
        }
        let render = try RenderRequest.parse(body)
        try Self.checkSizes(render, bytes: request.body.count)
        guard allowsInlineTemplates || render.reference != nil else {
            throw Access.forbidden(
                "templates of a request are answered on loopback only: expected \"templateRef\", or --enableInlineTemplates"
            )
        }
        var context = context
        if render.reference != nil, let templates { context.templates = templates.templates }
        let start = MonotonicClock.nanoseconds
        context.limits.deadline = start + UInt64(milliseconds) * 1_000_000
        if !mayTakeLong { limitQuick(&context.limits, from: start) }
        let answer = render.run(context)
        if !mayTakeLong, let problem = answer.problem, Self.isOfLimit(problem) { return nil }
        let engine =
            render.reference.flatMap { context.templates[$0]?.engine } ?? render.engine
            ?? context.registry.defaultEngine
        entry.render = RenderRecord(
            answer, engine: engine, seconds: Double(MonotonicClock.nanoseconds &- start) / 1e9)
        entry.members.append(Member("engine", .string(excerpt(engine))))
        if let problem = answer.problemWithOutput { throw problem }
        if accepted == MediaType.text.essence {
            var body = ByteBuffer(capacity: answer.output.count)
            body.append(answer.output)
            return HTTPResponse(
                status: 200, headers: HTTPResponse.headers(MediaType.text.rawValue), body: body)
        }
        return HTTPResponse(json: answer.json, for: request)
    }

    private static var foreignChart: RequestProblem {
        Access.forbidden(
            "charts of a request are answered on loopback only: expected \"chartRef\", or --enableInlineTemplates"
        )
    }

    private func answer(
        _ chart: ChartRequest, _ request: HTTPRequest, _ accepted: String, mayTakeLong: Bool,
        _ entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        if case .archive = chart.source, !allowsInlineTemplates { throw Self.foreignChart }
        let answer: ChartAnswer
        do throws(RequestProblem) {
            answer = try chart.answer(
                charts, context.registry, limits: chartLimits(mayTakeLong: mayTakeLong))
        } catch {
            if !mayTakeLong, Self.isOfLimit(error) { return nil }
            throw error
        }
        entry.members.append(Member("engine", .string(ChartEngine.id)))
        if accepted == MediaType.text.essence {
            var body = ByteBuffer(capacity: answer.text.count)
            body.append(answer.text)
            return HTTPResponse(
                status: 200, headers: HTTPResponse.headers(MediaType.text.rawValue), body: body)
        }
        return HTTPResponse(json: answer.json, for: request)
    }

    /// The limits of a chart: it has a few dozen templates, whose calls are nested deeper than those of a single one.
    private func chartLimits(mayTakeLong: Bool) -> RenderLimits {
        var limits = context.limits
        let start = MonotonicClock.nanoseconds
        limits.deadline = start + UInt64(milliseconds) * 1_000_000
        limits.depth = max(limits.depth, 1_000)
        limits.steps =
            limits.steps.multipliedReportingOverflow(by: Self.templatesOfAChart).overflow
            ? .max : limits.steps * Self.templatesOfAChart
        if !mayTakeLong { limitQuick(&limits, from: start) }
        return limits
    }

    private func limitQuick(_ limits: inout RenderLimits, from start: UInt64) {
        limits.steps = min(limits.steps, Self.quickSteps)
        limits.memory = min(limits.memory, Self.quickMemory)
        limits.functionBytes = min(limits.functionBytes, Self.quickFunctionBytes)
        limits.outputBytes = min(limits.outputBytes, Self.quickOutputBytes)
        limits.deadline = start + Self.quickNanoseconds
    }

    /// The largest size of `data` as JSON, in bytes. Templates have their own limit, which the engines enforce.
    static let longestData = 2 << 20

    /// Checks the size of the data. It is measured only if the body is long enough for it to be too long.
    private static func checkSizes(_ render: RenderRequest, bytes: Int) throws(RequestProblem) {
        guard bytes > longestData else { return }
        var text = ByteBuffer(capacity: bytes)
        JSON.write(render.data, into: &text)
        guard text.count > longestData else { return }
        throw RequestProblem(
            status: 413, code: "body_too_large",
            detail: "\"data\" is longer than \(longestData) bytes, which is the limit here",
            members: Object([Member("limit", ["name": "dataBytes", "value": .int(Int64(longestData))])]))
    }

    /// Whether the lower limits may be the reason for the problem.
    private static func isOfLimit(_ problem: RequestProblem) -> Bool {
        problem.code == RenderError.Kind.limit.rawValue || problem.code == RenderError.Kind.deadline.rawValue
    }
}
