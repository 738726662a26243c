import Values

/// Settings of one webhook in its path, next to Istio's pairs of `PathEnvironment`:
/// `/inject/failure-mode/allow/patch-self-check/always`.
///
/// An API server allows no query in a webhook's path, and only lower-case letters, digits, `-` and `.` in the segments.
public struct PathSettings: Sendable, Equatable {
    /// `failure-mode`
    public var failureMode: String?
    /// `patch-self-check`
    public var selfCheck: String?

    public init(_ path: String) {
        guard path.begins(with: "/inject/") else { return }
        let parts = path.split(byte: "/", omittingEmptySubsequences: false).dropFirst(2)
        var rest = parts.prefix(2 * PathEnvironment.maximumPairs)
        while rest.count >= 2 {
            let (key, value) = (rest.removeFirst(), rest.removeFirst())
            switch key {
            case Self.failureModeKey: failureMode = String(value)
            case Self.selfCheckKey: selfCheck = String(value)
            default: break
            }
        }
    }

    private static let failureModeKey = "failure-mode"
    private static let selfCheckKey = "patch-self-check"

    /// Whether a key is one of these settings and not a variable of the proxy's environment.
    static func has(_ key: Substring) -> Bool { key == failureModeKey || key == selfCheckKey }
}
