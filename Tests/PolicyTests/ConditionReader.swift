import Values

/// Evaluates the part of CEL that exported matchConditions use: `?:`, `||`, `&&`, `==`, `in`, `!`, `has()`, selection,
/// indexing, lists, strings, `lowerAscii()`. Follows CEL's specification and shares no code with the export.
///
/// An absent member is an error, as in CEL. `||` and `&&` evaluate from the left and end early.
struct ConditionReader {
    struct Problem: Error { var message: String }

    private let text: [Character]
    private var place = 0
    private let object: Value

    static func holds(_ expression: String, for object: Value) throws -> Bool {
        var reader = ConditionReader(text: Array(expression), object: object)
        let value = try reader.conditional(live: true)
        reader.skipBlanks()
        guard reader.place == reader.text.count else {
            throw reader.problem("something behind the expression")
        }
        guard let result = value.bool else { throw reader.problem("no truth value") }
        return result
    }

    private init(text: [Character], object: Value) {
        self.text = text
        self.object = object
    }

    // With `live` false, an operand is parsed and not evaluated.

    private mutating func conditional(live: Bool) throws -> Value {
        let condition = try either(live: live)
        guard take("?") else { return condition }
        let isTrue = try live && truth(condition)
        let yes = try conditional(live: live && isTrue)
        guard take(":") else { throw problem("no ':'") }
        let no = try conditional(live: live && !isTrue)
        return isTrue ? yes : no
    }

    private mutating func either(live: Bool) throws -> Value {
        var value = try both(live: live)
        while take("||") {
            let known = try live && truth(value)
            let right = try both(live: live && !known)
            if live { value = .bool(try known || truth(right)) }
        }
        return value
    }

    private mutating func both(live: Bool) throws -> Value {
        var value = try relation(live: live)
        while take("&&") {
            let known = try live && !truth(value)
            let right = try relation(live: live && !known)
            if live { value = .bool(try !known && truth(right)) }
        }
        return value
    }

    private mutating func relation(live: Bool) throws -> Value {
        let left = try unary(live: live)
        if take("==") {
            let right = try unary(live: live)
            return .bool(left == right)
        }
        guard takeWord("in") else { return left }
        let right = try unary(live: live)
        guard live else { return false }
        if let items = right.array { return .bool(items.contains(left)) }
        guard let map = right.object, let key = left.string else { throw problem("'in' of no list or map") }
        return .bool(map[key] != nil)
    }

    private mutating func unary(live: Bool) throws -> Value {
        guard take("!") else { return try primary(live: live) }
        let value = try unary(live: live)
        return live ? .bool(try !truth(value)) : false
    }

    private mutating func primary(live: Bool) throws -> Value {
        if take("(") {
            let value = try conditional(live: live)
            guard take(")") else { throw problem("no ')'") }
            return value
        }
        if take("[") {
            var items: [Value] = []
            while !take("]") {
                items.append(try conditional(live: live))
                _ = take(",")
            }
            return .array(items)
        }
        skipBlanks()
        if place < text.count, text[place] == "'" { return try selection(of: .string(quoted()), live: live) }
        switch word() {
        case "has":
            guard take("("), word() == "object" else { throw problem("no has(object…)") }
            var path: [String] = []
            while take(".") { path.append(word()) }
            guard take(")"), let last = path.popLast() else { throw problem("no ')'") }
            guard live else { return false }
            let parent = try path.reduce(object) { value, key in try member(key, of: value) }
            return .bool(parent[last] != nil)
        case "object": return try selection(of: object, live: live)
        case let other: throw problem("unknown name \(other)")
        }
    }

    private mutating func selection(of start: Value, live: Bool) throws -> Value {
        var value = start
        while true {
            if take(".") {
                let name = word()
                if take("(") {
                    guard take(")"), name == "lowerAscii" else { throw problem("unknown function \(name)") }
                    guard live else { continue }
                    guard let text = value.string else { throw problem("lowerAscii of no text") }
                    value = .string(String(text.map { $0.isASCII ? Character($0.lowercased()) : $0 }))
                } else if live {
                    value = try member(name, of: value)
                }
            } else if take("[") {
                let key = try conditional(live: live)
                guard take("]") else { throw problem("no ']'") }
                if live { value = try member(key.string ?? "", of: value) }
            } else {
                return value
            }
        }
    }

    private func member(_ name: String, of value: Value) throws -> Value {
        guard let member = value[name] else { throw problem("no such key: \(name)") }
        return member
    }

    private func truth(_ value: Value) throws -> Bool {
        guard let truth = value.bool else { throw problem("no truth value") }
        return truth
    }

    // MARK: text

    private mutating func skipBlanks() { while place < text.count, text[place] == " " { place += 1 } }

    private mutating func take(_ token: String) -> Bool {
        skipBlanks()
        guard text[place...].starts(with: token) else { return false }
        place += token.count
        return true
    }

    private mutating func takeWord(_ wanted: String) -> Bool {
        let start = place
        if word() == wanted { return true }
        place = start
        return false
    }

    private mutating func word() -> String {
        skipBlanks()
        let start = place
        while place < text.count, text[place].isLetter { place += 1 }
        return String(text[start..<place])
    }

    private mutating func quoted() -> String {
        let start = place + 1
        place = start
        while place < text.count, text[place] != "'" { place += 1 }
        defer { place += 1 }
        return String(text[start..<min(place, text.count)])
    }

    private func problem(_ what: String) -> Problem {
        Problem(message: "\(what) at \(place) of \(String(text))")
    }
}
