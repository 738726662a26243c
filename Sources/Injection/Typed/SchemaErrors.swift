/// All errors of one value, reported together.
struct SchemaErrors: Error, Sendable {
    /// The errors, at least one.
    var errors: [SchemaError]

    init(_ errors: [SchemaError]) { self.errors = errors }
}
