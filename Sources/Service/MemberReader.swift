import Values

/// Reads an object's members by name and type. A value of another type is a problem of status 400 that names the member
/// by its path. A null member is treated as missing.
struct MemberReader {
    private let object: Object
    private let path: String

    init(_ object: Object, path: String = "") {
        self.object = object
        self.path = path
    }

    /// Refuses unknown members, with the nearest known name: a misspelled one would silently get its default.
    func refuseOthers(than known: Set<String>) throws(RequestProblem) {
        guard let unknown = object.members.first(where: { !known.contains($0.key) })?.key else { return }
        let near = Spelling.nearest(unknown, among: Array(known)).first
        let hint = near.map { "did you mean \"\(full($0))\"?" }
        let expected = known.sorted().map { full($0) }.joined(separator: ", ")
        var problem = RequestProblem.malformed(
            "\"\(full(excerpt(unknown)))\" is not a member of the request: expected one of \(expected)"
                + (hint.map { "; \($0)" } ?? ""))
        if let hint { problem.members["hint"] = .string(hint) }
        throw problem
    }

    /// Reads a string as `string` does, but null is invalid: for members of which one is required.
    func text(_ key: String) throws(RequestProblem) -> String? {
        guard let value = object[key] else { return nil }
        guard let text = value.string else { throw wrong(key, value, expected: "a string") }
        return text
    }

    func string(_ key: String) throws(RequestProblem) -> String? {
        guard let value = present(key) else { return nil }
        guard let text = value.string else { throw wrong(key, value, expected: "a string") }
        return text
    }

    func bool(_ key: String) throws(RequestProblem) -> Bool? {
        guard let value = present(key) else { return nil }
        guard let bool = value.bool else { throw wrong(key, value, expected: "true or false") }
        return bool
    }

    func object(_ key: String) throws(RequestProblem) -> Object? {
        guard let value = present(key) else { return nil }
        guard let object = value.object else { throw wrong(key, value, expected: "an object") }
        return object
    }

    func strings(_ key: String) throws(RequestProblem) -> [String]? {
        guard let value = present(key) else { return nil }
        guard let items = value.array else { throw wrong(key, value, expected: "an array of strings") }
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            guard let text = item.string else { throw wrong("\(key)[\(index)]", item, expected: "a string") }
            texts.append(text)
        }
        return texts
    }

    /// Reads an integer of at least 1.
    func count(_ key: String) throws(RequestProblem) -> Int? {
        try integer(key, in: 1...Int.max, "an integer of at least 1")
    }

    /// Reads an integer in a range. The description is for messages.
    func integer(
        _ key: String, in range: ClosedRange<Int>, _ description: String
    ) throws(RequestProblem) -> Int? {
        guard let value = present(key) else { return nil }
        // In JSON Schema, `2.0` is an integer too.
        let number =
            if case .double(let double) = value { Int(exactly: double) } else { value.int.map { Int($0) } }
        guard let number, range.contains(number) else { throw wrong(key, value, expected: description) }
        return number
    }

    /// Reads one of the names of an enumeration.
    func choice<Choice>(
        _ key: String, _ type: Choice.Type
    ) throws(RequestProblem) -> Choice?
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        guard let text = try string(key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw .malformed("\"\(full(key))\" is \"\(excerpt(text))\": expected one of \(names)")
    }

    private func present(_ key: String) -> Value? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    private func wrong(_ key: String, _ value: Value, expected: String) -> RequestProblem {
        .malformed("\"\(full(key))\" is \(kind(of: value)): expected \(expected)")
    }

    private func full(_ key: String) -> String { path.isEmpty ? key : path + "." + key }
}

/// The type of a value in words, for messages. Only numbers are quoted, because everything else may be long or private.
func kind(of value: Value) -> String {
    switch value {
    case .null: "null"
    case .bool(let bool): bool ? "true" : "false"
    case .int(let number): "the number \(number)"
    case .double(let number): "the number \(number)"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
}

/// The first 60 characters of a text, for messages.
func excerpt(_ text: String) -> String {
    let head = text.prefix(60)
    return head.endIndex == text.endIndex ? text : head + "…"
}
