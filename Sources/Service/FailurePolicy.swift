import HTTPServer
import Injection
import Values

/// The time limit of reviews, and the response when one fails. A class, because the options are long and every review
/// holds them.
final class FailurePolicy: Sendable {
    let options: ServeOptions

    init(options: ServeOptions) { self.options = options }

    /// The nanoseconds subtracted from the caller's own timeout for the network.
    private static let margin: UInt64 = 500_000_000

    /// The time by which a review must be answered, on the monotonic clock: its arrival plus the budget, or earlier if
    /// the API server's `?timeout=` leaves less.
    func deadline(of request: HTTPRequest) -> UInt64 {
        var budget = UInt64(max(options.requestBudgetMilliseconds, 1)) * 1_000_000
        if let text = request.query("timeout"), let timeout = GoDuration.nanoseconds(text) {
            budget = min(budget, timeout > 2 * Self.margin ? timeout - Self.margin : timeout / 2)
        }
        return request.arrival &+ budget
    }

    /// Whether a failed review is allowed without a sidecar, by its namespace. A webhook may choose by its path
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

    /// Whether pods of the namespace are never refused. The server's own namespace is one of these: otherwise its pods
    /// could not be recreated while it is down.
    func isNeverBlocked(_ namespace: String) -> Bool {
        guard !namespace.isEmpty else { return false }
        return namespace == options.ownNamespace
            || options.neverBlocked.contains { Self.matches($0, namespace) }
    }

    /// Whether the text matches the pattern, in which `*` matches any text. Both are short: namespaces have 63
    /// characters.
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
