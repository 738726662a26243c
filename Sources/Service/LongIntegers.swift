public import Values
import YAML

/// Prints a value with all digits of its integers, even if they have more than 64 bits. `Value` holds such integers as
/// doubles.
public enum LongIntegers {
    /// The smallest double that may have been an integer too large for 64 bits.
    private static let least = 9_223_372_036_854_775_808.0

    /// The output of `print` for the value, with the integers as in the source.
    ///
    /// - Parameters:
    ///   - source: the text that the value was parsed from, in JSON or YAML.
    ///   - print: prints JSON or YAML.
    public static func text(of value: Value, in source: [UInt8], print: (Value) -> String) -> String {
        guard hasLong(value), let positions = Self.positions(in: source) else { return print(value) }
        var digits: [String] = []
        // A word that the text does not contain, so that nothing else is replaced.
        var word = "integer"
        while ByteSearch.index(of: Array(word.utf8), in: source) != nil { word += "x" }
        let text = SourceText(source)
        func marked(_ value: Value, _ path: String, hasKey: Bool) -> Value {
            switch value {
            case .double(let number) where abs(number) >= least:
                guard let position = positions[path], let start = text.offset(of: position),
                    let literal = Self.literal(in: source, from: start, hasKey: hasKey),
                    Double(literal) == number
                else { return value }
                digits.append(literal)
                return .string("\(word)\(digits.count - 1)n")
            case .array(let items):
                return .array(items.enumerated().map { marked($1, "\(path)/\($0)", hasKey: false) })
            case .object(let object):
                return .object(
                    Object(
                        object.members.map {
                            let inner = path + "/" + JSONPointer.escape($0.key)
                            return Member($0.key, marked($0.value, inner, hasKey: true))
                        }))
            default: return value
            }
        }
        var result = print(marked(value, "", hasKey: false))
        for (index, literal) in digits.enumerated() {
            let mark = "\(word)\(index)n"
            result = result.replacing("\"\(mark)\"", with: literal).replacing(mark, with: literal)
        }
        return result
    }

    private static func hasLong(_ value: Value) -> Bool {
        switch value {
        case .double(let number): abs(number) >= least
        case .array(let items): items.contains { hasLong($0) }
        case .object(let object): object.members.contains { hasLong($0.value) }
        default: false
        }
    }

    private static func positions(in source: [UInt8]) -> [String: SourcePosition]? {
        let options = YAMLOptions(positions: true, keepsKeys: true)
        return (try? YAMLReader.documents(source, options: options))?.first { !$0.isEmpty }?.positions
    }

    /// The decimal integer at an offset, or after the key at the offset; nil if it is anything else.
    private static func literal(in source: [UInt8], from start: Int, hasKey: Bool) -> String? {
        var index = start
        if hasKey {
            let quote = source[index...].first
            if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                index += 1
                while index < source.count, source[index] != quote {
                    index += source[index] == UInt8(ascii: "\\") ? 2 : 1
                }
            }
            while index < source.count, source[index] != UInt8(ascii: ":") { index += 1 }
            index += 1
            while index < source.count, isBlank(source[index]) { index += 1 }
        }
        guard index < source.count else { return nil }
        let token = source[index...].prefix { !isBlank($0) && $0 != 0x2C && $0 != 0x5D && $0 != 0x7D }
        let digits = token.first == UInt8(ascii: "-") ? token.dropFirst() : token
        guard let first = digits.first, first != UInt8(ascii: "0"),
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return String(decoding: token, as: UTF8.self)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
