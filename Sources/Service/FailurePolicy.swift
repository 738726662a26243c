import HTTPServer
import Injection
import Values

/// How long a review may take, and how it is answered when it fails. Made once; a class, as the options are long and
/// every review holds it.
final class FailurePolicy: Sendable {
    let options: ServeOptions

    init(options: ServeOptions) { self.options = options }

    /// Nanoseconds that are kept back from the caller's own timeout for the way there and back.
    private static let margin: UInt64 = 500_000_000

    /// When a review must be answered, on the monotonic clock: the budget after its arrival, or earlier where the
    /// API server's `?timeout=` leaves less.
    func deadline(of request: HTTPRequest) -> UInt64 {
        var budget = UInt64(max(options.requestBudgetMilliseconds, 1)) * 1_000_000
        if let text = request.query("timeout"), let timeout = GoDuration.nanoseconds(text) {
            budget = min(budget, timeout > 2 * Self.margin ? timeout - Self.margin : timeout / 2)
        }
        return request.arrival &+ budget
    }

    /// Whether a review that failed is allowed without a sidecar, by its namespace. A webhook may choose by its path
    /// (`PathSettings`), so that two webhooks with different selectors can differ; other callers by `?failureMode=`.
    func allows(_ request: HTTPRequest) -> @Sendable (_ namespace: String) -> Bool {
        let stated = PathSettings(request.path).failureMode ?? request.query("failureMode")
        let wanted = stated.flatMap { ServeOptions.FailureMode(rawValue: $0) }
        return { self.allows(namespace: $0, wanted) }
    }

    private func allows(namespace: String, _ wanted: ServeOptions.FailureMode?) -> Bool {
        if isNeverBlocked(namespace) { return true }
        if let wanted { return wanted == .allow }
        for rule in options.failureModes where Self.matches(rule.namespaces, namespace) {
            return rule.mode == .allow
        }
        return options.failureMode == .allow
    }

    /// Its own namespace first, else its pods could not come back while it is away.
    func isNeverBlocked(_ namespace: String) -> Bool {
        guard !namespace.isEmpty else { return false }
        return namespace == options.ownNamespace
            || options.neverBlocked.contains { Self.matches($0, namespace) }
    }

    /// `*` matches any text. Both are short: namespaces have 63 characters.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let parts = pattern.split(byte: "*", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return pattern == text }
        guard text.begins(with: parts[0]),
            text.utf8.count >= parts[0].utf8.count + parts[parts.count - 1].utf8.count
        else { return false }
        var start = text.utf8.index(text.startIndex, offsetBy: parts[0].utf8.count)
        for part in parts[1..<(parts.count - 1)] where !part.isEmpty {
            guard let found = text.firstRange(ofBytes: String(part), from: start) else { return false }
            start = found.upperBound
        }
        return text[start...].ends(with: parts[parts.count - 1])
    }
}
