import HTTPServer
import System
import Values

/// Counts every response and logs one line about it: the request, the response and the duration. The line has names and
/// verdicts, but no values of objects or templates.
struct AccessLog: ExchangeObserver {
    let log: Log
    let metrics: ServiceMetrics
    /// Health checks and scrapes are logged at debug only.
    private static let quiet: Set<String> = [
        "/livez", "/readyz", "/healthz", "/healthz/ready", "/ready", "/metrics",
    ]

    func answered(_ request: HTTPRequest, route: Route?, status: Int, bytes: Int, entry: LogEntry) {
        let now = MonotonicClock.nanoseconds
        count(request, route: route, status: status, bytes: bytes, entry: entry, now: now)
        let level: LogLevel = route.map { Self.quiet.contains($0.label) } ?? false ? .debug : .info
        guard log.writes(level, .access) else { return }
        let microseconds = (now &- request.arrival) / 1_000
        var members = [
            Member("method", .string(excerpt(request.method))),
            Member("route", .string(route?.label ?? "none")),
            Member("status", .int(Int64(status))), Member("bytes_in", .int(Int64(request.body.count))),
            Member("bytes_out", .int(Int64(bytes))), Member("duration_us", .int(Int64(microseconds))),
            Member("client", .string(request.client)),
        ]
        members += entry.members
        log.write(level, .access, "request", members)
    }

    private func count(
        _ request: HTTPRequest, route: Route?, status: Int, bytes: Int, entry: LogEntry, now: UInt64
    ) {
        let seconds = Double(now &- request.arrival) / 1e9
        metrics.count(
            handler: route?.label ?? "none", status: status, method: request.method, seconds: seconds,
            bytesIn: request.body.count, bytesOut: bytes)
        if let report = entry.review {
            metrics.count(report, seconds: Double(now &- entry.began) / 1e9)
        } else if route?.concern == .review, request.method == "POST", status >= 400, !entry.isManifest {
            metrics.countRefusedReview()
        }
        if let render = entry.render { metrics.count(render) }
        if status == 413 { metrics.countBodyLimit() }
    }
}
