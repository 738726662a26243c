/// Why a value does not fit its Go type: where, what was found, what was expected.
struct SchemaError: Error, Sendable, Equatable {
    /// JSON pointer from the value that was decoded: `/spec/containers/0/args/1`; empty for the value itself.
    var pointer: String
    /// What stands there, shortened: `number 15001`.
    var found: String
    /// What belongs there: `a string`.
    var expected: String
    /// The sentence, in Go's wording where Istio answers with one.
    var message: String
}
