import HTTPServer
import Synchronization
import Values

/// The state of the server, for the probes of load balancers and kubelets.
final class Health: Sendable {
    private let ready = Atomic<Bool>(false)
    private let ending = Atomic<Bool>(false)
    /// Whether the HTTPS listener's certificate is valid now; called for each request.
    private let certificate: @Sendable () -> Bool

    init(certificate: @escaping @Sendable () -> Bool = { true }) { self.certificate = certificate }

    /// Makes the server ready: every listener accepts connections, and a configuration is loaded.
    func becomeReady() { ready.store(true, ordering: .relaxed) }
    /// Makes the server not ready, although it still answers.
    func beginEnding() { ending.store(true, ordering: .relaxed) }

    var checks: [(name: String, isGood: Bool)] {
        [
            ("listening", ready.load(ordering: .relaxed)), ("certificate", certificate()),
            ("shutdown", !ending.load(ordering: .relaxed)),
        ]
    }

    var isReady: Bool { checks.allSatisfy(\.isGood) }
}

/// GET /livez, /readyz and /healthz: `ok`, or 503 with the checks that fail; with `?verbose` every check.
struct HealthHandler: Handler {
    let health: Health
    /// Whether to check readiness instead of liveness. A server is live if it answers at all, and ready if it should
    /// receive requests.
    let asksReadiness: Bool

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let checks = asksReadiness ? health.checks : [("ping", true)]
        let isGood = checks.allSatisfy { $0.1 }
        guard !isGood || request.query("verbose") != nil else { return HTTPResponse(text: "ok\n") }
        var text = checks.map { "[\($0.1 ? "+" : "-")]\($0.0) \($0.1 ? "ok" : "failed")\n" }.joined()
        text += isGood ? "ok\n" : "not ready\n"
        var response = HTTPResponse(text: text, status: isGood ? 200 : 503)
        if !isGood { response.headers.append(("Retry-After", "1")) }
        return response
    }
}
