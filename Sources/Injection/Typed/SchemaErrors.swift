/// All that does not fit in a value that is read once and reported whole.
struct SchemaErrors: Error, Sendable {
    /// At least one.
    var errors: [SchemaError]

    init(_ errors: [SchemaError]) { self.errors = errors }
}
