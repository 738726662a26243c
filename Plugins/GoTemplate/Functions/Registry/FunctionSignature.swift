/// A Go function type, read from its text: what a call's arguments are checked against.
public struct FunctionSignature: Sendable {
    /// As it was given, for people.
    public let text: String
    /// The last one is the item type where the function is variadic.
    public let parameters: [GoType]
    public let isVariadic: Bool
    public let result: GoType

    /// Reads `func(sep string, v ...any) (string, error)`. Parameter names may be there or not; `a, b string` gives
    /// both the type.
    public init(_ text: String) {
        self.text = text
        precondition(text.hasPrefix("func("), "a function's signature begins with func(: \(text)")
        var depth = 0
        var end = text.startIndex
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" {
                depth -= 1
                if depth == 0 {
                    end = index
                    break
                }
            }
        }
        precondition(end > text.startIndex, "a function's signature has no closing parenthesis: \(text)")
        let inside = text[text.index(text.startIndex, offsetBy: 5)..<end]
        let entries = inside.split(separator: ",").map { FunctionSignature.trimmed($0) }
        let isNamed = entries.contains { FunctionSignature.nameAndType($0) != nil }
        var types: [GoType] = []
        var variadic = false
        var following = ""
        for entry in entries.reversed() {
            var type = String(entry)
            if isNamed {
                if let pair = FunctionSignature.nameAndType(entry) { following = pair }
                type = following
            }
            if type.hasPrefix("...") {
                variadic = true
                type = String(type.dropFirst(3))
            }
            types.append(GoType.named(type))
        }
        parameters = types.reversed()
        isVariadic = variadic
        var results = FunctionSignature.trimmed(text[text.index(after: end)...])
        if results.hasPrefix("(") { results = String(results.dropFirst().prefix { $0 != "," && $0 != ")" }) }
        result = GoType.named(FunctionSignature.trimmed(results[...]))
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// The type of `name type`; nil where there is only one word (`interface {}` counts as one).
    private static func nameAndType(_ entry: String) -> String? {
        guard let blank = entry.firstIndex(of: " "), !entry.hasPrefix("interface {") else { return nil }
        let name = entry[..<blank]
        guard !name.contains(where: { "[]*.".contains($0) }) else { return nil }
        return trimmed(entry[entry.index(after: blank)...])
    }

    /// The type that the argument at that index must have.
    func parameter(at index: Int) -> GoType {
        index < parameters.count ? parameters[index] : parameters[parameters.count - 1]
    }
}
