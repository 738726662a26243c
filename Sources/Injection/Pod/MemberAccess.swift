import Values

extension Value {
    /// The member `name` of a container, volume or port; empty if it is missing.
    var name: String { self["name"]?.string ?? "" }

    /// The kind of value in JSON: `a string`, `an array` …
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension Object {
    /// The string of a member; empty if it is missing or not a string.
    func text(_ key: String) -> String { self[key]?.string ?? "" }
}
