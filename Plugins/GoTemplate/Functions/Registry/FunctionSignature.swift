/// A Go function type, parsed from text. A call's arguments are checked against it.
public struct FunctionSignature: Sendable {
    /// The original text, for people.
    public let text: String
    /// The types of the parameters. If the function is variadic, the last one is the item type.
    public let parameters: [GoType]
    public let isVariadic: Bool
    public let result: GoType

    /// Parses `func(sep string, v ...any) (string, error)`. Parameter names are optional; `a, b string` gives both the
    /// type.
    public init(_ text: String) {
        self.text = text
        let bytes = Array(text.utf8)
        precondition(bytes.starts(with: "func(".utf8), "a function's signature begins with func(: \(text)")
        guard let end = FunctionSignature.closing(bytes) else {
            preconditionFailure("a function's signature has no closing parenthesis: \(text)")
        }
        let entries = bytes[5..<end].split(separator: UInt8(ascii: ",")).map(FunctionSignature.trimmed)
        let isNamed = entries.contains { FunctionSignature.nameAndType($0) != nil }
        var types: [GoType] = []
        var variadic = false
        var following: ArraySlice<UInt8> = []
        for entry in entries.reversed() {
            var type = entry
            if isNamed {
                if let pair = FunctionSignature.nameAndType(entry) { following = pair }
                type = following
            }
            if type.starts(with: "...".utf8) {
                variadic = true
                type = type.dropFirst(3)
            }
            types.append(GoType.named(String(decoding: type, as: UTF8.self)))
        }
        parameters = types.reversed()
        isVariadic = variadic
        var result = FunctionSignature.trimmed(bytes[(end + 1)...])
        if result.first == UInt8(ascii: "(") {
            result = result.dropFirst().prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ")") }
        }
        self.result = GoType.named(String(decoding: FunctionSignature.trimmed(result), as: UTF8.self))
    }

    /// Returns the offset at which the list of parameters ends.
    private static func closing(_ text: [UInt8]) -> Int? {
        var depth = 0
        for (index, byte) in text.enumerated() {
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text.drop { $0 == 0x20 }
        while text.last == 0x20 { text.removeLast() }
        return text
    }

    /// Returns the type in `name type`; nil if there is only one word (`interface {}` counts as one).
    private static func nameAndType(_ entry: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let blank = entry.firstIndex(of: 0x20), !entry.starts(with: "interface {".utf8) else {
            return nil
        }
        guard !entry[..<blank].contains(where: { "[]*.".utf8.contains($0) }) else { return nil }
        return trimmed(entry[blank...])
    }

    /// Returns the type that the argument at that index must have.
    func parameter(at index: Int) -> GoType {
        index < parameters.count ? parameters[index] : parameters[parameters.count - 1]
    }
}
