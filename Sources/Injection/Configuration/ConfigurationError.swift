/// The error of a configuration that cannot be used, with all its problems, in the order of the files.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The problems; at least one is an error.
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
    public var explanation: String { diagnostics.map(\.explanation).joined(separator: "\n") }
}
