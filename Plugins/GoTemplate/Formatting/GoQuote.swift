import Glibc
import Values

/// Quotes strings and characters as Go does (`%q`, `%#U`, string literals), and decodes UTF-8 as Go does: a byte that
/// is not part of a character counts as U+FFFD, with a length of one byte.
enum GoQuote {
    static let replacement = Unicode.Scalar(0xFFFD as UInt16) ?? " "

    /// Decodes the character at an index, and returns its length in bytes.
    static func scalar(
        in bytes: UnsafeBufferPointer<UInt8>, at index: Int
    ) -> (scalar: Unicode.Scalar, length: Int) {
        let first = bytes[index]
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, first <= 0xF4, index + length <= bytes.count else { return (replacement, 1) }
        var value = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
        for offset in 1..<length {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return (replacement, 1) }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        // An overlong form, a surrogate, or a value beyond Unicode.
        guard value >= (length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80),
            let scalar = Unicode.Scalar(value)
        else { return (replacement, 1) }
        return (scalar, length)
    }

    /// Returns the number of characters in the bytes.
    static func characterCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var count = 0
        var index = 0
        while index < bytes.count {
            index += bytes[index] < 0x80 ? 1 : scalar(in: bytes, at: index).length
            count += 1
        }
        return count
    }

    static func append(_ scalar: Unicode.Scalar, into output: inout ByteBuffer) {
        if scalar.isASCII { return output.append(UInt8(scalar.value)) }
        for byte in UTF8.encode(scalar) ?? UTF8.encode(replacement).unsafelyUnwrapped { output.append(byte) }
    }

    /// Whether Go's `unicode.IsPrint` is true: for letters, marks, numbers, punctuation, symbols, and the ASCII space.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber,
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
            return true
        default: return false
        }
    }

    /// Appends `"text"` with escapes. `ascii` escapes everything that is not ASCII.
    static func append(
        _ bytes: UnsafeBufferPointer<UInt8>, quote: UInt8 = UInt8(ascii: "\""), ascii: Bool = false,
        into output: inout ByteBuffer
    ) {
        output.append(quote)
        var index = 0
        while index < bytes.count {
            let (scalar, length) = scalar(in: bytes, at: index)
            if length == 1, bytes[index] >= 0x80 {
                output.append("\\x")
                appendHex(UInt32(bytes[index]), digits: 2, into: &output)
            } else {
                appendEscaped(scalar, quote: quote, ascii: ascii, into: &output)
            }
            index += length
        }
        output.append(quote)
    }

    /// Appends one character in single quotes.
    static func append(_ scalar: Unicode.Scalar, ascii: Bool, into output: inout ByteBuffer) {
        output.append(UInt8(ascii: "'"))
        appendEscaped(scalar, quote: UInt8(ascii: "'"), ascii: ascii, into: &output)
        output.append(UInt8(ascii: "'"))
    }

    private static func appendEscaped(
        _ scalar: Unicode.Scalar, quote: UInt8, ascii: Bool, into output: inout ByteBuffer
    ) {
        if scalar.value == UInt32(quote) || scalar == "\\" {
            output.append(UInt8(ascii: "\\"))
            output.append(UInt8(scalar.value))
            return
        }
        if scalar.isASCII ? isPrintable(scalar) : !ascii && isPrintable(scalar) {
            return append(scalar, into: &output)
        }
        switch scalar.value {
        case 0x07: output.append("\\a")
        case 0x08: output.append("\\b")
        case 0x0C: output.append("\\f")
        case 0x0A: output.append("\\n")
        case 0x0D: output.append("\\r")
        case 0x09: output.append("\\t")
        case 0x0B: output.append("\\v")
        case ..<0x20, 0x7F:
            output.append("\\x")
            appendHex(scalar.value, digits: 2, into: &output)
        case ..<0x10000:
            output.append("\\u")
            appendHex(scalar.value, digits: 4, into: &output)
        default:
            output.append("\\U")
            appendHex(scalar.value, digits: 8, into: &output)
        }
    }

    static func appendHex(_ value: UInt32, digits: Int, upper: Bool = false, into output: inout ByteBuffer) {
        let text = String(value, radix: 16, uppercase: upper)
        output.append(repeating: UInt8(ascii: "0"), count: digits - text.utf8.count)
        output.append(text)
    }

    /// Returns `U+0041 'A'`, without the character if it is not printable.
    static func unicode(_ scalar: Unicode.Scalar) -> String {
        var output = ByteBuffer(capacity: 32)
        output.append("U+")
        appendHex(scalar.value, digits: 4, upper: true, into: &output)
        if isPrintable(scalar) {
            output.append(" '")
            append(scalar, into: &output)
            output.append("'")
        }
        return output.text
    }

    /// Whether a text can be quoted in back quotes without changes.
    static func canBackquote(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            let (scalar, length) = scalar(in: bytes, at: index)
            index += length
            if length > 1 {
                if scalar.value == 0xFEFF { return false }
                continue
            }
            if scalar == replacement { return false }
            if scalar.value < 0x20 && scalar != "\t" || scalar == "`" || scalar.value == 0x7F { return false }
        }
        return true
    }

    /// Returns the value of a string literal; nil if an escape is invalid.
    static func unquote(_ literal: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard literal.count >= 2 else { return nil }
        let inside = UnsafeBufferPointer(rebasing: literal[1..<literal.count - 1])
        guard let base = inside.baseAddress, !inside.isEmpty else { return [] }
        if literal[0] == UInt8(ascii: "`") {
            if memchr(base, 0x0D, inside.count) == nil { return Array(inside) }
            return inside.filter { $0 != UInt8(ascii: "\r") }
        }
        if memchr(base, 0x5C, inside.count) == nil, !inside.contains(where: { $0 >= 0x80 }) {
            return Array(inside)
        }
        var output = ByteBuffer(capacity: inside.count + 4)
        var index = 0
        while index < inside.count {
            guard let piece = unescape(inside, &index, quote: literal[0]) else { return nil }
            switch piece {
            case .byte(let byte): output.append(byte)
            case .scalar(let scalar): append(scalar, into: &output)
            }
        }
        return output.bytes
    }

    enum Piece {
        case byte(UInt8)
        case scalar(Unicode.Scalar)

        var value: UInt32 {
            switch self {
            case .byte(let byte): UInt32(byte)
            case .scalar(let scalar): scalar.value
            }
        }
    }

    /// Parses one character or escape of a literal; nil if the escape is invalid.
    static func unescape(
        _ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, quote: UInt8
    ) -> Piece? {
        guard index < bytes.count else { return nil }
        let byte = bytes[index]
        if byte == quote { return nil }
        guard byte == UInt8(ascii: "\\") else {
            let (scalar, length) = scalar(in: bytes, at: index)
            index += length
            return .scalar(scalar)
        }
        guard index + 1 < bytes.count else { return nil }
        let code = bytes[index + 1]
        index += 2
        switch code {
        case UInt8(ascii: "a"): return .byte(0x07)
        case UInt8(ascii: "b"): return .byte(0x08)
        case UInt8(ascii: "f"): return .byte(0x0C)
        case UInt8(ascii: "n"): return .byte(0x0A)
        case UInt8(ascii: "r"): return .byte(0x0D)
        case UInt8(ascii: "t"): return .byte(0x09)
        case UInt8(ascii: "v"): return .byte(0x0B)
        case UInt8(ascii: "\\"): return .byte(0x5C)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return code == quote ? .byte(code) : nil
        case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = code == UInt8(ascii: "x") ? 2 : code == UInt8(ascii: "u") ? 4 : 8
            guard let value = digits(bytes, &index, count: count, radix: 16) else { return nil }
            if count == 2 { return .byte(UInt8(truncatingIfNeeded: value)) }
            return Unicode.Scalar(value).map { .scalar($0) }
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            index -= 1
            guard let value = digits(bytes, &index, count: 3, radix: 8), value <= 255 else { return nil }
            return .byte(UInt8(value))
        default: return nil
        }
    }

    private static func digits(
        _ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, count: Int, radix: UInt32
    ) -> UInt32? {
        guard index + count <= bytes.count else { return nil }
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, digit < radix else {
                return nil
            }
            value = value &* radix &+ UInt32(digit)
            index += 1
        }
        return value
    }
}
