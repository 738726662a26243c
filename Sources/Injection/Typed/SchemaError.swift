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

    static func pointer(_ path: [TypedDecoding.Step]) -> String {
        path.reduce(into: "") { text, step in
            switch step {
            case .member(let key): text += "/" + escaped(key)
            case .item(let index): text += "/\(index)"
            }
        }
    }

    /// A member name as it stands in a JSON pointer (RFC 6901).
    static func escaped(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return key
        }
        return key.reduce(into: "") { text, character in
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.append(character)
            }
        }
    }
}
