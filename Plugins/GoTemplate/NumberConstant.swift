import Glibc
import Values

/// A number in a template, converted to every type that can represent it, like Go's untyped constants.
struct NumberConstant: Sendable {
    var int: Int64?
    var uint: UInt64?
    var float: Double?
    var complex: (real: Double, imaginary: Double)?
    /// Whether it is written with a fraction or an exponent, and not as a character or in hexadecimal.
    var isWrittenAsFloat = false

    /// The reason why a text is not a number: a format of `printf`, and whether the text is its argument.
    struct Failure: Error {
        var format: String
        var quotes = true
    }

    /// Parses a character constant in quotes. Its value is the code point, for every type.
    init(character literal: UnsafeBufferPointer<UInt8>) throws(Failure) {
        var index = 1
        guard let piece = GoQuote.unescape(literal, &index, quote: UInt8(ascii: "'")) else {
            throw Failure(format: "invalid syntax", quotes: false)
        }
        guard index == literal.count - 1 else { throw Failure(format: "malformed character constant: %s") }
        int = Int64(piece.value)
        uint = UInt64(piece.value)
        float = Double(piece.value)
    }

    /// Parses a complex number: `1+2i`.
    init(complex text: UnsafeBufferPointer<UInt8>) throws(Failure) {
        let failure = Failure(format: "syntax error scanning complex number", quotes: false)
        guard let split = NumberConstant.imaginaryStart(text),
            let real = NumberConstant.float(UnsafeBufferPointer(rebasing: text[..<split])),
            let imaginary = NumberConstant.float(UnsafeBufferPointer(rebasing: text[split..<text.count - 1]))
        else { throw failure }
        self.init(real, imaginary)
    }

    private init() {}

    private init(_ real: Double, _ imaginary: Double) {
        complex = (real, imaginary)
        if imaginary == 0 {
            float = real
            int = Int64(exactly: real)
            uint = UInt64(exactly: real)
        }
    }

    /// Parses any other number.
    init(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) {
        if text.last == UInt8(ascii: "i"),
            let imaginary = NumberConstant.float(UnsafeBufferPointer(rebasing: text[..<(text.count - 1)]))
        {
            self.init(0, imaginary)
            return
        }
        self.init()
        let sign = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? 1 : 0
        if let magnitude = NumberConstant.magnitude(UnsafeBufferPointer(rebasing: text[sign...])) {
            if sign == 0 { uint = magnitude }
            if text.first == UInt8(ascii: "-") {
                if magnitude <= 1 << 63 { int = Int64(truncatingIfNeeded: 0 &- magnitude) }
            } else {
                int = Int64(exactly: magnitude)
            }
            if int == 0 { uint = 0 }
        }
        let isFloatText = text.contains { ".eEpP".utf8.contains($0) }
        if let int {
            float = Double(int)
        } else if let uint {
            float = Double(uint)
        } else if let number = NumberConstant.float(text) {
            guard isFloatText else { throw Failure(format: "integer overflow: %q") }
            float = number
            int = Int64(exactly: number)
            uint = UInt64(exactly: number)
        } else {
            throw Failure(format: "illegal number syntax: %q")
        }
        let isHexadecimal =
            text.count > 2 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x")
            && !text.contains { $0 | 0x20 == UInt8(ascii: "p") }
        isWrittenAsFloat = isFloatText && !isHexadecimal
    }

    /// Returns the index of the sign before the imaginary part: the last one that is not that of an exponent.
    private static func imaginaryStart(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var index = text.count - 1
        let isHexadecimal = text.contains { $0 | 0x20 == UInt8(ascii: "x") }
        while index > 0 {
            if text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                let before = text[index - 1] | 0x20
                let isExponent =
                    before == UInt8(ascii: "p") || before == UInt8(ascii: "e") && !isHexadecimal
                if !isExponent { return index }
            }
            index -= 1
        }
        return nil
    }

    /// Parses an unsigned integer in any base; nil if it is not one or is too large.
    private static func magnitude(_ text: UnsafeBufferPointer<UInt8>) -> UInt64? {
        guard let first = text.first else { return nil }
        var index = 0
        var radix: UInt64 = 10
        if first == UInt8(ascii: "0"), text.count > 1 {
            switch text[1] | 0x20 {
            case UInt8(ascii: "x"): (radix, index) = (16, 2)
            case UInt8(ascii: "o"): (radix, index) = (8, 2)
            case UInt8(ascii: "b"): (radix, index) = (2, 2)
            default: (radix, index) = (8, 1)
            }
        }
        guard index < text.count else { return nil }
        var value: UInt64 = 0
        var hasUnderscore = false
        for byte in text[index...] {
            if byte == UInt8(ascii: "_") {
                hasUnderscore = true
                continue
            }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, UInt64(digit) < radix else {
                return nil
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            value = sum
        }
        return hasUnderscore && !areUnderscoresRight(text) ? nil : value
    }

    /// Parses a floating-point number in Go's decimal or hexadecimal notation; nil if it is not one or is too large.
    static func float(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        var clean: [CChar] = []
        clean.reserveCapacity(text.count + 1)
        var isHexadecimal = false
        var hasExponent = false
        var hasDigit = false
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "_"):
                guard areUnderscoresRight(text) else { return nil }
                continue
            case UInt8(ascii: "x"), UInt8(ascii: "X"):
                guard index > 0, index <= 2, text[index - 1] == UInt8(ascii: "0") else { return nil }
                isHexadecimal = true
                hasDigit = false
            case UInt8(ascii: "p"), UInt8(ascii: "P"):
                guard isHexadecimal else { return nil }
                hasExponent = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): hasDigit = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                hasDigit = hasDigit || isHexadecimal
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                guard isHexadecimal else { return nil }
                hasDigit = true
            case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"): break
            default: return nil
            }
            clean.append(CChar(bitPattern: byte))
        }
        guard hasDigit, !isHexadecimal || hasExponent else { return nil }
        clean.append(0)
        return clean.withUnsafeBufferPointer { buffer -> Double? in
            guard let base = buffer.baseAddress else { return nil }
            var end: UnsafeMutablePointer<CChar>?
            let number = strtod(base, &end)
            guard let end, end.pointee == 0, UnsafePointer(end) - base == buffer.count - 1, number.isFinite
            else {
                return nil
            }
            return number
        }
    }

    /// Whether all underscores are between digits, or between the base's prefix and a digit.
    private static func areUnderscoresRight(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? 1 : 0
        var isHexadecimal = false
        var afterDigit = false
        var afterUnderscore = false
        if index + 1 < text.count, text[index] == UInt8(ascii: "0"),
            "box".utf8.contains(text[index + 1] | 0x20)
        {
            isHexadecimal = text[index + 1] | 0x20 == UInt8(ascii: "x")
            index += 2
            afterDigit = true
        }
        for byte in text[index...] {
            let isDigit =
                Lexer.isDigit(byte)
                || isHexadecimal && (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
            if byte == UInt8(ascii: "_") {
                guard afterDigit else { return false }
                (afterDigit, afterUnderscore) = (false, true)
            } else {
                if afterUnderscore && !isDigit { return false }
                (afterDigit, afterUnderscore) = (isDigit, false)
            }
        }
        return !afterUnderscore
    }
}
