import PluginAPI
import Values

/// Decodes a value as Go decodes JSON into a type: a JSON tree and a type in, the tree as that type would print it out.
enum TypedDecoding {
    enum Mode: Sendable {
        /// The classic form: a number or bool where a string belongs becomes its text.
        case lenient
        /// The modern form: a number where a string belongs is an error.
        case strict
        /// As `strict`, but what a strategic merge needs stays: zero values, nulls and directives.
        case patch
    }

    struct Result: Sendable {
        var value: Value
        /// JSON pointers of the members that the type does not have; they are not in `value`.
        var dropped: [String] = []
    }

    static func decode(_ value: Value, as type: ObjectType, _ mode: Mode) throws(SchemaError) -> Result {
        Result(value: value)
    }
}
