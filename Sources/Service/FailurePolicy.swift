import HTTPServer

/// How long a review may take, and how it is answered when it fails.
struct FailurePolicy: Sendable {
    let options: ServeOptions

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

    /// Whether a review that failed is allowed without a sidecar. A caller may choose by `?failureMode=`, so that
    /// two webhooks with different selectors can differ.
    func allows(_ request: HTTPRequest, namespace: String) -> Bool {
        if isNeverBlocked(namespace) { return true }
        if let text = request.query("failureMode"), let mode = ServeOptions.FailureMode(rawValue: text) {
            return mode == .allow
        }
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

    /// `*` stands for any text. Both are short: namespaces have 63 characters.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return pattern == text }
        guard text.hasPrefix(parts[0]),
            text.utf8.count >= parts[0].utf8.count + parts[parts.count - 1].utf8.count
        else { return false }
        var rest = text.dropFirst(parts[0].count)
        for part in parts[1..<(parts.count - 1)] where !part.isEmpty {
            guard let found = Self.range(of: part, in: rest) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.hasSuffix(parts[parts.count - 1])
    }

    private static func range(of part: Substring, in text: Substring) -> Range<String.Index>? {
        var start = text.startIndex
        while start <= text.endIndex {
            if text[start...].hasPrefix(part) { return start..<text.index(start, offsetBy: part.count) }
            guard start < text.endIndex else { return nil }
            start = text.index(after: start)
        }
        return nil
    }
}
