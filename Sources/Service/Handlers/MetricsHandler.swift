import HTTPServer
import Metrics
import Values

/// GET /metrics: all series, in Prometheus' text format, or as OpenMetrics if `Accept` requests it.
struct MetricsHandler: Handler {
    let metrics: ServiceMetrics

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let format = ExpositionFormat(accept: request.header("Accept"))
        var body = ByteBuffer(capacity: 64 << 10)
        metrics.exposition(format, into: &body)
        return HTTPResponse(status: 200, headers: HTTPResponse.headers(format.contentType), body: body)
    }
}
