import HTTPServer
import PluginAPI
import Values

/// POST /render: a template and data in, the output or the engine's complaint out.
struct RenderHandler: Handler {
    let context: RenderRequest.Context
    /// The second net: how long one rendering may take.
    let milliseconds: Int
    /// A template is code: on listeners that others reach only those that the server holds are rendered.
    let allowsInlineTemplates: Bool

    /// What a rendering may use on a thread that serves connections too: about a millisecond. One that needs more
    /// starts again on a thread of its own, where it has its whole allowance; the cost is that millisecond.
    private static let quickSteps = 20_000
    private static let quickNanoseconds: UInt64 = 2_000_000
    /// Bodies beyond that size go to a thread of their own at once.
    private static let quickBytes = 64 << 10

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let format = try request.bodyFormat([.json, .yaml])
        let accepted = try request.accepted([MediaType.json.essence, MediaType.text.essence])
        if !mayTakeLong, request.body.count > Self.quickBytes { return nil }
        let render = try RenderRequest.parse(
            try BodyReader.value(of: request, format, depth: BodyReader.dataDepth))
        guard allowsInlineTemplates || render.reference != nil else {
            throw Access.forbidden(
                "templates of a request are answered on loopback only: want \"templateRef\", or --enableInlineTemplates"
            )
        }
        var context = context
        let start = ServerClock.now()
        context.limits.deadline = start + UInt64(milliseconds) * 1_000_000
        if !mayTakeLong {
            context.limits.steps = min(context.limits.steps, Self.quickSteps)
            context.limits.deadline = start + Self.quickNanoseconds
        }
        let answer = render.run(context)
        if !mayTakeLong, let problem = answer.problem, Self.isOfLimit(problem) { return nil }
        entry.render = RenderRecord(
            answer, engine: render.engine, seconds: Double(ServerClock.now() &- start) / 1e9)
        entry.members.append(Member("engine", .string(excerpt(render.engine))))
        if let problem = answer.problemWithOutput { throw problem }
        if accepted == MediaType.text.essence {
            var body = ByteBuffer(capacity: answer.output.count)
            body.append(answer.output)
            return HTTPResponse(
                status: 200, headers: HTTPResponse.headers(MediaType.text.rawValue), body: body)
        }
        return HTTPResponse(json: answer.json, for: request)
    }

    /// Whether the smaller allowance may be what stopped it.
    private static func isOfLimit(_ problem: RequestProblem) -> Bool {
        problem.code == RenderError.Kind.limit.rawValue || problem.code == RenderError.Kind.deadline.rawValue
    }
}
