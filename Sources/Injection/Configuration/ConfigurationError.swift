/// Why a configuration cannot be used: everything that is wrong with it, in the order of the files.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// At least one of them an error.
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
    public var explanation: String { diagnostics.map(\.explanation).joined(separator: "\n") }
}
