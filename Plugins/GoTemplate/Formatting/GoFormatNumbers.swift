import Values

extension GoFormat {
    mutating func printInteger(
        _ number: Int64, _ value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer
    ) {
        if verb == "v", flags.width == nil, flags.precision == nil, !flags.plus, !flags.space {
            return NumberFormat.append(number, into: &output)
        }
        printInteger(
            number.magnitude, isNegative: number < 0, isSigned: true, value, verb: verb, into: &output)
    }

    mutating func printInteger(
        _ magnitude: UInt64, isNegative: Bool, isSigned: Bool, _ value: GoValue, verb: Unicode.Scalar,
        into output: inout ByteBuffer
    ) {
        switch verb {
        case "v" where flags.sharpV && !isSigned:
            flags.sharp = true
            writeInteger(magnitude, isNegative, radix: 16, verb: verb, into: &output)
            flags.sharp = false
        case "v", "d": writeInteger(magnitude, isNegative, radix: 10, verb: verb, into: &output)
        case "b": writeInteger(magnitude, isNegative, radix: 2, verb: verb, into: &output)
        case "o", "O": writeInteger(magnitude, isNegative, radix: 8, verb: verb, into: &output)
        case "x", "X": writeInteger(magnitude, isNegative, radix: 16, verb: verb, into: &output)
        case "c": writeCharacter(magnitude, isNegative, quoted: false, into: &output)
        case "q": writeCharacter(magnitude, isNegative, quoted: true, into: &output)
        case "U": writeCodePoint(isNegative ? 0 &- magnitude : magnitude, into: &output)
        default: complain(value, verb: verb, into: &output)
        }
    }

    private mutating func writeInteger(
        _ magnitude: UInt64, _ isNegative: Bool, radix: Int, verb: Unicode.Scalar,
        into output: inout ByteBuffer
    ) {
        var least = 0
        if let precision = flags.precision {
            least = precision
            if precision == 0, magnitude == 0 {
                return output.append(repeating: UInt8(ascii: " "), count: flags.width ?? 0)
            }
        } else if flags.zero, !flags.minus, let width = flags.width {
            least = width
            if isNegative || flags.plus || flags.space { least -= 1 }
        }
        if radix == 10 { return writeDecimal(magnitude, isNegative, least: least, into: &output) }
        let digits = String(magnitude, radix: radix, uppercase: verb == "X")
        var number = ByteBuffer(capacity: max(least, 68) + 4)
        if isNegative {
            number.append("-")
        } else if flags.plus {
            number.append("+")
        } else if flags.space {
            number.append(" ")
        }
        let zeros = max(least - digits.utf8.count, 0)
        if verb == "O" { number.append("0o") }
        if flags.sharp {
            switch radix {
            case 2: number.append("0b")
            case 8: if zeros == 0, !digits.begins(with: "0") { number.append("0") }
            case 16: number.append(verb == "X" ? "0X" : "0x")
            default: break
            }
        }
        number.append(repeating: UInt8(ascii: "0"), count: zeros)
        number.append(digits)
        let zero = flags.zero
        flags.zero = false
        number.withBytes { pad($0, into: &output) }
        flags.zero = zero
    }

    /// Writes a decimal number without a buffer, because the padding can be calculated from the number of digits.
    private func writeDecimal(
        _ magnitude: UInt64, _ isNegative: Bool, least: Int, into output: inout ByteBuffer
    ) {
        var digits = 1
        var rest = magnitude / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        let zeros = max(least - digits, 0)
        let hasSign = isNegative || flags.plus || flags.space
        let padding = (flags.width ?? 0) - zeros - digits - (hasSign ? 1 : 0)
        if !flags.minus { output.append(repeating: UInt8(ascii: " "), count: padding) }
        if hasSign {
            output.append(isNegative ? UInt8(ascii: "-") : flags.plus ? UInt8(ascii: "+") : UInt8(ascii: " "))
        }
        output.append(repeating: UInt8(ascii: "0"), count: zeros)
        NumberFormat.append(magnitude, into: &output)
        if flags.minus { output.append(repeating: UInt8(ascii: " "), count: padding) }
    }

    private mutating func writeCharacter(
        _ magnitude: UInt64, _ isNegative: Bool, quoted: Bool, into output: inout ByteBuffer
    ) {
        let scalar =
            isNegative || magnitude > 0x10FFFF
            ? GoQuote.replacement : Unicode.Scalar(UInt32(magnitude)) ?? GoQuote.replacement
        var text = ByteBuffer(capacity: 16)
        if quoted {
            GoQuote.append(scalar, ascii: flags.plus, into: &text)
        } else {
            GoQuote.append(scalar, into: &text)
        }
        text.withBytes { pad($0, into: &output) }
    }

    /// Writes `U+0041`; with the sharp flag, `U+0041 'A'`.
    private mutating func writeCodePoint(_ number: UInt64, into output: inout ByteBuffer) {
        var text = ByteBuffer(capacity: 32)
        text.append("U+")
        let digits = String(number, radix: 16, uppercase: true)
        text.append(
            repeating: UInt8(ascii: "0"), count: max(flags.precision ?? 4, 4) - digits.utf8.count)
        text.append(digits)
        if flags.sharp, number <= 0x10FFFF, let scalar = Unicode.Scalar(UInt32(number)),
            GoQuote.isPrintable(scalar)
        {
            text.append(" '")
            GoQuote.append(scalar, into: &text)
            text.append("'")
        }
        let zero = flags.zero
        flags.zero = false
        text.withBytes { pad($0, into: &output) }
        flags.zero = zero
    }

    // MARK: Fractions

    mutating func printFloat(
        _ number: Double, isSingle: Bool, _ value: GoValue, verb: Unicode.Scalar,
        into output: inout ByteBuffer
    ) {
        switch verb {
        case "v": writeFloat(number, isSingle, verb: UInt8(ascii: "g"), shown: verb, -1, into: &output)
        case "b", "g", "G", "x", "X":
            writeFloat(number, isSingle, verb: UInt8(verb.value), shown: verb, -1, into: &output)
        case "f", "e", "E":
            writeFloat(number, isSingle, verb: UInt8(verb.value), shown: verb, 6, into: &output)
        case "F": writeFloat(number, isSingle, verb: UInt8(ascii: "f"), shown: "f", 6, into: &output)
        default: complain(value, verb: verb, into: &output)
        }
    }

    mutating func printComplex(
        _ real: Double, _ imaginary: Double, _ value: GoValue, verb: Unicode.Scalar,
        into output: inout ByteBuffer
    ) {
        switch verb {
        case "v", "b", "g", "G", "x", "X", "f", "F", "e", "E":
            let plus = flags.plus
            output.append("(")
            printFloat(real, isSingle: false, value, verb: verb, into: &output)
            flags.plus = true
            printFloat(imaginary, isSingle: false, value, verb: verb, into: &output)
            output.append("i)")
            flags.plus = plus
        default: complain(value, verb: verb, into: &output)
        }
    }

    private mutating func writeFloat(
        _ number: Double, _ isSingle: Bool, verb: UInt8, shown: Unicode.Scalar, _ standard: Int,
        into output: inout ByteBuffer
    ) {
        let precision = flags.precision ?? standard
        if !flags.plus, !flags.space, !flags.sharp, !flags.zero, number.isFinite {
            // The common case needs no sign and no zeros: the number is written in place, and padded with spaces if
            // needed.
            let start = output.count
            GoFloat.append(number, verb: verb, precision: precision, isSingle: isSingle, into: &output)
            let missing = (flags.width ?? 0) - (output.count - start)
            guard missing > 0 else { return }
            if flags.minus { return output.append(repeating: UInt8(ascii: " "), count: missing) }
            let written = output.withBytes { Array($0[start...]) }
            output.truncate(to: start)
            output.append(repeating: UInt8(ascii: " "), count: missing)
            output.append(written)
            return
        }
        var buffer = ByteBuffer(capacity: 32)
        GoFloat.append(number, verb: verb, precision: precision, isSingle: isSingle, into: &buffer)
        var text = buffer.bytes
        if text[0] != UInt8(ascii: "-"), text[0] != UInt8(ascii: "+") {
            text.insert(UInt8(ascii: "+"), at: 0)
        }
        if flags.space, text[0] == UInt8(ascii: "+"), !flags.plus { text[0] = UInt8(ascii: " ") }
        if text[1] == UInt8(ascii: "I") || text[1] == UInt8(ascii: "N") {
            // Infinities and NaN are not digits and are not padded with zeros.
            let zero = flags.zero
            flags.zero = false
            if text[1] == UInt8(ascii: "N"), !flags.space, !flags.plus { text.removeFirst() }
            // Go always prints the sign of an infinity.
            text.withUnsafeBufferPointer { pad($0, into: &output) }
            flags.zero = zero
            return
        }
        if flags.sharp, shown != "b" { text = GoFormat.withPoint(text, shown, precision) }
        if flags.plus || text[0] != UInt8(ascii: "+") {
            if flags.zero, !flags.minus, let width = flags.width, width > text.count {
                output.append(text[0])
                writePadding(width - text.count, into: &output)
                output.append(text[1...])
                return
            }
            text.withUnsafeBufferPointer { pad($0, into: &output) }
            return
        }
        text[1...].withUnsafeBufferPointer { pad($0, into: &output) }
    }

    /// Applies the sharp flag: there is always a decimal point, and the zeros after it that `%g` omits are kept. The
    /// text begins with a sign.
    private static func withPoint(_ text: [UInt8], _ verb: Unicode.Scalar, _ precision: Int) -> [UInt8] {
        var digits = 0
        if verb == "v" || verb == "g" || verb == "G" || verb == "x" {
            digits = precision == -1 ? 6 : precision
        }
        var number = [text[0]]
        var tail: [UInt8] = []
        var hasPoint = false
        var seenDigit = false
        let isHex = verb == "x" || verb == "X"
        for (index, byte) in text.enumerated().dropFirst() {
            let letter = byte | 0x20
            if letter == UInt8(ascii: "p") || letter == UInt8(ascii: "e") && !isHex {
                tail = Array(text[index...])
                break
            }
            if byte == UInt8(ascii: ".") {
                hasPoint = true
            } else {
                if byte != UInt8(ascii: "0") { seenDigit = true }
                if seenDigit { digits -= 1 }
            }
            number.append(byte)
        }
        if !hasPoint {
            if number.count == 2, number[1] == UInt8(ascii: "0") { digits -= 1 }
            number.append(UInt8(ascii: "."))
        }
        number += [UInt8](repeating: UInt8(ascii: "0"), count: max(digits, 0))
        return number + tail
    }
}
