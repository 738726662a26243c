/// A value that does not fit its Go type: the place, what was found and what was expected.
struct SchemaError: Error, Sendable, Equatable {
    /// JSON pointer from the value that was decoded: `/spec/containers/0/args/1`; empty for the value itself.
    var pointer: String
    /// The value found there, truncated: `number 15001`.
    var found: String
    /// The expected value: `a string`.
    var expected: String
    /// The message, in Go's words if Istio returns Go's message.
    var message: String
}
