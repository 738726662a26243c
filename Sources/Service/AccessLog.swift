import HTTPServer
import Values

/// One line for every answer: what was asked, what was answered, how long it took. Names and verdicts, no values of
/// objects or templates.
struct AccessLog: ExchangeObserver {
    let log: Log
    /// Health checks and scrapes are said at debug only.
    private static let quiet: Set<String> = [
        "/livez", "/readyz", "/healthz", "/healthz/ready", "/ready", "/metrics",
    ]

    func answered(_ request: HTTPRequest, route: Route?, status: Int, bytes: Int, entry: LogEntry) {
        let level: LogLevel = route.map { Self.quiet.contains($0.label) } ?? false ? .debug : .info
        guard level >= log.level, log.level != .none else { return }
        let microseconds = (ServerClock.now() - request.arrival) / 1_000
        var members = [
            Member("method", .string(excerpt(request.method))),
            Member("route", .string(route?.label ?? "none")),
            Member("status", .int(Int64(status))), Member("bytes_in", .int(Int64(request.body.count))),
            Member("bytes_out", .int(Int64(bytes))), Member("duration_us", .int(Int64(microseconds))),
            Member("client", .string(request.client)),
        ]
        members += entry.members
        log.write(level, "request", members)
    }
}
