#if canImport(Glibc)
    import Glibc
#endif

/// Formats numbers, and parses doubles.
///
/// Doubles are printed with the shortest decimal digits that are parsed as the same number, or rounded exactly to a
/// precision. The format is that of Go's strconv, which templates and the recorded answers expect: exponents have at
/// least two digits, infinities are `+Inf` and `-Inf`.
public enum NumberFormat {
    /// The format of a double.
    public enum Style: Sendable {
        /// `d.ddde±dd`
        case exponent
        /// `ddd.ddd`
        case fixed
        /// `exponent` for small and large numbers, otherwise `fixed`.
        case general
    }

    // MARK: Integers

    public static func append(_ number: Int64, into output: inout ByteBuffer) {
        if number < 0 { output.append(UInt8(ascii: "-")) }
        append(number.magnitude, into: &output)
    }

    public static func append(_ number: UInt64, into output: inout ByteBuffer) {
        output.append(upTo: 20) { target in
            var rest = number
            var length = 0
            repeat {
                target[length] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                length += 1
            } while rest > 0
            for index in 0..<length / 2 {
                (target[index], target[length - 1 - index]) = (target[length - 1 - index], target[index])
            }
            return length
        }
    }

    public static func text(_ number: Int64) -> String { String(number) }

    // MARK: Doubles

    /// Appends a number as Go's encoding/json does: with the shortest digits, and with an exponent below 1e-6 and from
    /// 1e21 on, written as `1e-7` or `1e+21`. A number that is not finite becomes `null`.
    public static func appendJSON(_ number: Double, into output: inout ByteBuffer) {
        guard number.isFinite else { return output.append("null") }
        let decimal = Decimal(number)
        let small = decimal.point < -5 && number != 0
        if small || decimal.point > 21 {
            // encoding/json writes e-9 where strconv writes e-09.
            decimal.appendExponent(digits: 1, into: &output)
        } else {
            decimal.appendFixed(into: &output)
        }
    }

    /// Appends a number in a style. Without a precision, it has the shortest digits, and `general` uses an exponent
    /// below 1e-4 and from 1e6 on. With a precision, the number is rounded exactly, half to even. `precision` is the
    /// number of digits after the point, or of all digits for `general`.
    ///
    /// The caller must limit `precision`, because that many bytes are written.
    public static func append(
        _ number: Double, style: Style, precision: Int? = nil, into output: inout ByteBuffer
    ) {
        if appendSpecial(number, into: &output) { return }
        guard let precision else {
            return append(Decimal(number), style: style, into: &output)
        }
        let format: String =
            switch style {
            case .exponent: "%.*e"
            case .fixed: "%.*f"
            case .general: "%.*g"
            }
        // The largest number has 309 digits before the point.
        let digits = Int32(clamping: max(precision, 0))
        let size = Int(digits) + 340
        output.append(upTo: size) { target in
            target.withMemoryRebound(to: CChar.self, capacity: size) { target in
                withVaList([digits, number]) { Int(vsnprintf(target, size, format, $0)) }
            }
        }
    }

    /// Appends a 32-bit number in a style, with its shortest digits.
    public static func append(_ number: Float, style: Style, into output: inout ByteBuffer) {
        if appendSpecial(Double(number), into: &output) { return }
        append(Decimal(number), style: style, into: &output)
    }

    public static func text(
        _ number: Double, style: Style = .general, precision: Int? = nil
    ) -> String {
        var output = ByteBuffer(capacity: 32)
        append(number, style: style, precision: precision, into: &output)
        return output.text
    }

    private static func appendSpecial(_ number: Double, into output: inout ByteBuffer) -> Bool {
        if number.isFinite { return false }
        output.append(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf")
        return true
    }

    private static func append(
        _ decimal: Decimal, style: Style, into output: inout ByteBuffer
    ) {
        switch style {
        case .exponent:
            decimal.appendExponent(digits: 2, into: &output)
        case .fixed:
            decimal.appendFixed(into: &output)
        case .general:
            let exponent = decimal.point - 1
            if exponent < -4 || exponent >= 6 {
                decimal.appendExponent(digits: 2, into: &output)
            } else {
                decimal.appendFixed(into: &output)
            }
        }
    }

    // MARK: Parsing

    /// Parses a number such as `-12.5e3` (also `inf`, `nan` and hexadecimal forms) and returns the nearest double; nil
    /// if the text is not a number. A number that is too large becomes infinite, one that is too small becomes zero.
    public static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        if let exact = exactDouble(text) { return exact }
        return Double(String(decoding: text, as: UTF8.self))
    }

    public static func double(_ text: String) -> Double? {
        var text = text
        return text.withUTF8 { double($0) }
    }

    /// The fast path: a significand below 2^53 and an exact power of ten need one multiplication or division, which
    /// rounds correctly. This covers most numbers that people write.
    private static func exactDouble(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard text.count <= 20 else { return nil }
        var index = 0
        var negative = false
        if index < text.count, text[index] == UInt8(ascii: "-") {
            negative = true
            index += 1
        }
        var units: UInt64 = 0
        var exponent = 0
        var digits = 0
        var seenPoint = false
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else if byte &- UInt8(ascii: "0") < 10 {
                units = units &* 10 &+ UInt64(byte & 15)
                digits += 1
                if seenPoint { exponent -= 1 }
            } else {
                break
            }
            index += 1
        }
        guard digits > 0, digits <= 18, units < 1 << 53 else { return nil }
        if index < text.count {
            guard text[index] | 0x20 == UInt8(ascii: "e") else { return nil }
            index += 1
            var sign = 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                sign = text[index] == UInt8(ascii: "-") ? -1 : 1
                index += 1
            }
            guard index < text.count, text.count - index <= 3 else { return nil }
            var written = 0
            while index < text.count {
                guard text[index] &- UInt8(ascii: "0") < 10 else { return nil }
                written = written * 10 + Int(text[index] & 15)
                index += 1
            }
            exponent += sign * written
        }
        guard exponent >= -22, exponent <= 22 else { return nil }
        var result = Double(units)
        if exponent < 0 { result /= powersOfTen[-exponent] } else { result *= powersOfTen[exponent] }
        return negative ? -result : result
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18,
        1e19, 1e20, 1e21, 1e22,
    ]
}

extension NumberFormat {
    /// The shortest decimal digits of a finite number: `0.d₁d₂…dₙ × 10^point`.
    struct Decimal {
        private(set) var isNegative = false
        private var digits: [17 of UInt8] = .init(repeating: 0)
        private var count = 0
        private(set) var point = 0

        var isZero: Bool { count == 0 }

        init(_ number: Double) { self.init(description: number.description) }
        init(_ number: Float) { self.init(description: number.description) }

        /// Parses the standard library's description, which has the shortest digits, and among those the closest. Only
        /// its format differs from Go's.
        private init(description: String) {
            var text = description
            text.withUTF8 { bytes in
                var index = 0
                var seenPoint = false
                var exponent = 0
                var zeros = 0
                if bytes[0] == UInt8(ascii: "-") {
                    isNegative = true
                    index = 1
                }
                while index < bytes.count {
                    let byte = bytes[index]
                    index += 1
                    if byte == UInt8(ascii: ".") {
                        seenPoint = true
                    } else if byte == UInt8(ascii: "e") {
                        exponent = Int(String(decoding: bytes[index...], as: UTF8.self)) ?? 0
                        break
                    } else if byte == UInt8(ascii: "0") {
                        // Zeros are only digits between other digits. Before and after those, they move the point.
                        if count > 0 { zeros += 1 } else if seenPoint { point -= 1 }
                        if count > 0, !seenPoint { point += 1 }
                    } else {
                        while zeros > 0 {
                            push(0)
                            zeros -= 1
                        }
                        push(byte & 15)
                        if !seenPoint { point += 1 }
                    }
                }
                point = count == 0 ? 1 : point + exponent
            }
        }

        private mutating func push(_ digit: UInt8) {
            guard count < 17 else { return }
            digits[count] = digit
            count += 1
        }

        private func digit(_ index: Int) -> UInt8 {
            UInt8(ascii: "0") + (index >= 0 && index < count ? digits[index] : 0)
        }

        /// Appends `d.ddde±dd` with at least `least` digits of the exponent.
        func appendExponent(digits least: Int, into output: inout ByteBuffer) {
            if isNegative { output.append(UInt8(ascii: "-")) }
            output.append(digit(0))
            if count > 1 {
                output.append(UInt8(ascii: "."))
                for index in 1..<count { output.append(digit(index)) }
            }
            let exponent = isZero ? 0 : point - 1
            output.append(UInt8(ascii: "e"))
            output.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            if exponent.magnitude < 10, least > 1 { output.append(UInt8(ascii: "0")) }
            NumberFormat.append(UInt64(exponent.magnitude), into: &output)
        }

        /// Appends `ddd.ddd` with all digits after the point.
        func appendFixed(into output: inout ByteBuffer) {
            if isNegative { output.append(UInt8(ascii: "-")) }
            if point <= 0 {
                output.append(UInt8(ascii: "0"))
            } else {
                for index in 0..<point { output.append(digit(index)) }
            }
            let behind = max(count - point, 0)
            guard behind > 0 else { return }
            output.append(UInt8(ascii: "."))
            for index in 0..<behind { output.append(digit(point + index)) }
        }
    }
}
