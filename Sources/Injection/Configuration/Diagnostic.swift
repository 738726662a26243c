public import Values

/// A problem of a configuration, with its location and remedy.
public struct Diagnostic: Sendable, Equatable {
    public enum Severity: String, Sendable { case error, warning }

    public var severity: Severity
    /// A stable snake_case code: `yaml_invalid`, `field_unknown`, `selector_ignored` …
    public var code: String
    public var location: SourceLocation
    public var message: String
    public var remedy: String?
    /// The lines in question, for people; not in `description`, which is one line of a log.
    public var excerpt: String?

    public init(
        _ severity: Severity, code: String, at location: SourceLocation, _ message: String,
        remedy: String? = nil, excerpt: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.location = location
        self.message = message
        self.remedy = remedy
        self.excerpt = excerpt
    }

    /// The description and the excerpt.
    public var explanation: String { description + (excerpt.map { "\n" + $0 } ?? "") }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error: message; remedy`, as compilers print it.
    public var description: String {
        "\(location): \(severity.rawValue): \(message)" + (remedy.map { "; \($0)" } ?? "")
    }
}
