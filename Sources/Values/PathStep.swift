/// One step of the path to a value in a document: a member of an object, or an item of an array.
public enum PathStep: Sendable, Equatable {
    case member(String)
    case item(Int)

    /// The name or the index, as in a JSON pointer but without escapes.
    public var token: String {
        switch self {
        case .member(let name): name
        case .item(let index): String(index)
        }
    }
}

extension JSONPointer {
    /// Returns the JSON pointer (RFC 6901) of a path.
    public static func text(of path: some Sequence<PathStep>) -> String {
        path.reduce(into: "") { text, step in
            switch step {
            case .member(let key): text += "/" + escape(key)
            case .item(let index): text += "/\(index)"
            }
        }
    }
}
