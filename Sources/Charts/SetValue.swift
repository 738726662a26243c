public import Values

/// Applies the arguments of `--set` and similar flags to values as Helm does: `a.b[0].c=1,d={x,y}`.
///
/// A backslash makes the next character literal. true, false and null in any case and integers without leading zeros
/// are typed. Everything else is a string, so `1.10`, `0474915` and `1e3` stay unchanged.
public enum SetValue {
    /// The syntax of the part after `=`.
    public enum Form: String, Sendable, CaseIterable {
        /// Typed values, with lists in braces.
        case set
        /// Strings, with lists in braces.
        case string = "set-string"
        /// One JSON value for each key, or one JSON object for all.
        case json = "set-json"
        /// A string up to the end; commas and backslashes have no special meaning.
        case literal = "set-literal"
    }

    public struct Problem: Error {
        public var message: String
    }

    /// The largest index of a list. It is limited because indices come from untrusted input.
    public static let largestIndex = 65_536
    /// The maximum depth of nested names.
    public static let deepestName = 30

    /// The limits for all arguments of one rendering together.
    public struct Budget: Sendable {
        /// The number of items that indices may add to lists. The 12 bytes of `a[65535]=1` add 65,536.
        public var items = 1_000_000

        public init() {}
    }

    /// - Throws: Helm's message, without the flag.
    public static func apply(_ text: String, as form: Form, to values: inout Value) throws(Problem) {
        var budget = Budget()
        try apply(text, as: form, to: &values, within: &budget)
    }

    /// - Parameter budget: the remaining limits, for this text and the following ones.
    public static func apply(
        _ text: String, as form: Form, to values: inout Value, within budget: inout Budget
    ) throws(Problem) {
        if form == .json, text.utf8.first(where: { $0 != 0x20 }) == UInt8(ascii: "{") {
            let object: Value
            do { object = try JSON.read(text) } catch {
                throw Problem(message: "failed parsing --set-json data JSON: \(text)")
            }
            values = ValuesMerge.overlaid(values, by: ValuesMerge.decoded(object))
            return
        }
        var parser = Parser(text, form)
        parser.budget = budget
        defer { budget = parser.budget }
        if values.object == nil { values = .object(Object()) }
        while try parser.key(&values, depth: 0) {}
    }

    /// Sets the value at the path of `--set-file a.b=…`.
    public static func applyFile(_ path: String, _ content: Value, to values: inout Value) throws(Problem) {
        var parser = Parser(path + "=", .literal)
        parser.fixed = content
        if values.object == nil { values = .object(Object()) }
        _ = try parser.key(&values, depth: 0)
    }
}

/// Parses one argument from left to right.
private struct Parser {
    private let scalars: [Unicode.Scalar]
    private let form: SetValue.Form
    private var index = 0
    /// The value of every key, if the text has only keys.
    var fixed: Value?
    var budget = SetValue.Budget()

    init(_ text: String, _ form: SetValue.Form) {
        scalars = Array(text.unicodeScalars)
        self.form = form
    }

    private typealias Problem = SetValue.Problem

    /// Reads the text before the next of the stops, without backslashes, and the stop; nil at the end of the text.
    private mutating func until(_ stops: String) -> (text: String, stop: Unicode.Scalar?) {
        var text = ""
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            if stops.unicodeScalars.contains(scalar) { return (text, scalar) }
            if scalar == "\\", form != .literal {
                guard index < scalars.count else { break }
                text.unicodeScalars.append(scalars[index])
                index += 1
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return (text, nil)
    }

    /// Parses a key and its value.
    ///
    /// - Returns: whether more keys may follow.
    mutating func key(_ data: inout Value, depth: Int) throws(SetValue.Problem) -> Bool {
        let (name, stop) = until(form == .literal ? "=[." : "=[,.")
        switch stop {
        case "[":
            let number = try listIndex()
            guard let number else { return false }
            var list = data[name]?.array ?? []
            if let existing = data[name], existing.array == nil, !existing.isNull {
                throw Problem(
                    message:
                        "unable to parse key: the value of \"\(name)\" is not a list, found \(kind(existing))"
                )
            }
            let more = try item(&list, number, depth: depth)
            put(name, .array(list), into: &data)
            return more
        case "=":
            let (value, more) = try value()
            put(name, value, into: &data)
            return more
        case ",":
            put(name, "", into: &data)
            throw Problem(message: "key \"\(name)\" has no value (cannot end with ,)")
        case ".":
            guard depth < SetValue.deepestName else {
                throw Problem(
                    message: "value name nested level is greater than maximum supported nested level of "
                        + "\(SetValue.deepestName)")
            }
            var inner = data[name] ?? .object(Object())
            if inner.isNull { inner = .object(Object()) }
            guard inner.object != nil else {
                throw Problem(
                    message:
                        "unable to parse key: the value of \"\(name)\" is not a map, found \(kind(inner))")
            }
            let more = try key(&inner, depth: depth + 1)
            if inner.object?.isEmpty ?? true { throw Problem(message: "key map \"\(name)\" has no value") }
            put(name, inner, into: &data)
            return more
        default:
            if name.isEmpty { return false }
            throw Problem(message: "key \"\(name)\" has no value")
        }
    }

    private func kind(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "a map"
        }
    }

    private func put(_ name: String, _ value: Value, into data: inout Value) {
        guard !name.isEmpty else { return }
        data.modifyObject { $0[name] = value }
    }

    /// Parses the number between brackets; nil if the closing bracket is missing.
    private mutating func listIndex() throws(SetValue.Problem) -> Int? {
        let (text, stop) = until("]")
        guard stop != nil else { return nil }
        guard let number = Int(text) else {
            throw Problem(
                message: "error parsing index: strconv.Atoi: parsing \"\(text)\": invalid syntax")
        }
        guard number >= 0 else { throw Problem(message: "negative \(number) index not allowed") }
        guard number <= SetValue.largestIndex else {
            throw Problem(
                message: "index of \(number) is greater than maximum supported index of "
                    + "\(SetValue.largestIndex)")
        }
        return number
    }

    private mutating func item(
        _ list: inout [Value], _ number: Int, depth: Int
    ) throws(SetValue.Problem) -> Bool {
        guard depth <= SetValue.deepestName else {
            throw Problem(
                message: "value name nested level is greater than maximum supported nested level of "
                    + "\(SetValue.deepestName)")
        }
        let (text, stop) = until("[.=")
        guard text.isEmpty else {
            throw Problem(message: "unexpected data at end of array index: \"\(text)\"")
        }
        let existing = list.indices.contains(number) ? list[number] : .null
        switch stop {
        case "=":
            let (value, more) = try value()
            try put(value, at: number, into: &list)
            return more
        case "[":
            guard let inner = try listIndex() else { return false }
            var items = existing.array ?? []
            let more = try item(&items, inner, depth: depth + 1)
            try put(.array(items), at: number, into: &list)
            return more
        case ".":
            var object = existing.object == nil ? .object(Object()) : existing
            let more = try key(&object, depth: depth + 1)
            try put(object, at: number, into: &list)
            return more
        default: return false
        }
    }

    private mutating func put(
        _ value: Value, at number: Int, into list: inout [Value]
    ) throws(SetValue.Problem) {
        let added = max(0, number + 1 - list.count)
        guard added <= budget.items else {
            throw Problem(
                message: "indices add more than \(SetValue.Budget().items) items to lists, expected at most "
                    + "that")
        }
        budget.items -= added
        list.append(contentsOf: repeatElement(.null, count: added))
        list[number] = value
    }

    private mutating func value() throws(SetValue.Problem) -> (value: Value, more: Bool) {
        if let fixed { return (fixed, false) }
        guard index < scalars.count else { return ("", false) }
        switch form {
        case .literal:
            let rest = String(String.UnicodeScalarView(scalars[index...]))
            index = scalars.count
            return (.string(rest), false)
        case .json: return try jsonValue()
        case .set, .string:
            if scalars[index] == "{" {
                index += 1
                return try list()
            }
            let (text, stop) = until(",")
            return (typed(text), stop != nil)
        }
    }

    private mutating func list() throws(SetValue.Problem) -> (value: Value, more: Bool) {
        var items: [Value] = []
        while true {
            let (text, stop) = until(",}")
            guard let stop else { throw Problem(message: "list must terminate with '}'") }
            items.append(typed(text))
            if stop == "}" { break }
        }
        if index < scalars.count, scalars[index] == "," { index += 1 }
        return (.array(items), true)
    }

    /// Parses a JSON value that ends at a comma outside brackets and strings, or at the end of the text.
    private mutating func jsonValue() throws(SetValue.Problem) -> (value: Value, more: Bool) {
        let start = index
        var depth = 0
        var isQuoted = false
        while index < scalars.count {
            let scalar = scalars[index]
            if isQuoted {
                if scalar == "\\" { index += 1 } else if scalar == "\"" { isQuoted = false }
            } else if scalar == "\"" {
                isQuoted = true
            } else if scalar == "[" || scalar == "{" {
                depth += 1
            } else if scalar == "]" || scalar == "}" {
                depth -= 1
            } else if scalar == ",", depth == 0 {
                break
            }
            index += 1
        }
        let end = min(index, scalars.count)
        let text = String(String.UnicodeScalarView(scalars[start..<end]))
        let hasMore = end < scalars.count
        index = end + 1
        if text.utf8.allSatisfy({ $0 == 0x20 }) { return (.null, hasMore) }
        do { return (ValuesMerge.decoded(try JSON.read(text)), hasMore) } catch {
            throw Problem(message: "\"\(text)\" is not JSON: \(error.message)")
        }
    }

    private func typed(_ text: String) -> Value {
        guard form == .set else { return .string(text) }
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        case "null": return .null
        case "0": return 0
        default: break
        }
        guard let first = text.utf8.first, first != UInt8(ascii: "0"), let number = Int64(text) else {
            return .string(text)
        }
        return .int(number)
    }
}
