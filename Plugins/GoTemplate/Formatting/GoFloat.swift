import Values

/// Formats floating-point numbers as Go's strconv does, for every verb of `printf`.
enum GoFloat {
    /// - Parameters:
    ///   - verb: one of e E f g G b x X
    ///   - precision: negative for as many digits as are needed to identify the number.
    static func append(
        _ number: Double, verb: UInt8, precision: Int, isSingle: Bool, into output: inout ByteBuffer
    ) {
        if !number.isFinite {
            output.append(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf")
            return
        }
        switch verb {
        case UInt8(ascii: "b"): appendBinary(number, isSingle: isSingle, into: &output)
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            appendHexadecimal(number, verb: verb, precision: precision, into: &output)
        case UInt8(ascii: "f") where precision >= 0:
            if !appendScaled(number, precision: precision, into: &output) {
                NumberFormat.append(number, style: .fixed, precision: precision, into: &output)
            }
        default:
            let start = output.count
            let style: NumberFormat.Style =
                switch verb | 0x20 {
                case UInt8(ascii: "e"): .exponent
                case UInt8(ascii: "f"): .fixed
                default: .general
                }
            if precision >= 0 {
                NumberFormat.append(number, style: style, precision: precision, into: &output)
            } else if isSingle {
                NumberFormat.append(Float(number), style: style, into: &output)
            } else {
                NumberFormat.append(number, style: style, into: &output)
            }
            if verb & 0x20 == 0 { upcase(from: start, in: &output) }
        }
    }

    /// Converts the exponent to upper case: `1.5e+07` → `1.5E+07`.
    private static func upcase(from start: Int, in output: inout ByteBuffer) {
        let written = output.withBytes {
            $0[start...].map { $0 == UInt8(ascii: "e") ? UInt8(ascii: "E") : $0 }
        }
        output.truncate(to: start)
        output.append(written)
    }

    /// Formats numbers for `%.2f` and similar formats quickly with 128-bit integers: 45 ns, while C's printf takes 230
    /// ns. Rounds half to even, exactly. Returns false if the number is too large or has too many digits.
    private static func appendScaled(_ number: Double, precision: Int, into output: inout ByteBuffer) -> Bool
    {
        guard precision <= 9, number.magnitude < 1e15 else { return false }
        let exponent = Int(number.exponentBitPattern) - 1075
        guard exponent < 0, number.exponentBitPattern > 0 || number == 0 else { return false }
        var mantissa = UInt128(number.significandBitPattern)
        if number != 0 { mantissa |= 1 << 52 }
        for _ in 0..<precision { mantissa *= 10 }
        let shift = -exponent
        var scaled: UInt128 = 0
        if shift < 127 {
            scaled = mantissa >> UInt128(shift)
            let rest = mantissa & ((1 << UInt128(shift)) - 1)
            let half: UInt128 = 1 << UInt128(shift - 1)
            if rest > half || rest == half && scaled & 1 == 1 { scaled += 1 }
        }
        guard scaled <= UInt128(UInt64.max) else { return false }
        if number.sign == .minus { output.append(UInt8(ascii: "-")) }
        var rest = UInt64(scaled)
        output.append(upTo: 32) { target in
            var length = 0
            repeat {
                if length == precision, precision > 0 {
                    target[length] = UInt8(ascii: ".")
                    length += 1
                }
                target[length] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                length += 1
            } while rest > 0 || length < (precision > 0 ? precision + 2 : 1)
            for index in 0..<length / 2 {
                (target[index], target[length - 1 - index]) = (target[length - 1 - index], target[index])
            }
            return length
        }
        return true
    }

    /// Appends a number such as `4503599627370496p-52`.
    private static func appendBinary(_ number: Double, isSingle: Bool, into output: inout ByteBuffer) {
        if number.sign == .minus { output.append(UInt8(ascii: "-")) }
        let mantissa: UInt64
        let exponent: Int
        if isSingle {
            let single = Float(number)
            let isNormal = single.exponentBitPattern != 0
            mantissa = UInt64(single.significandBitPattern | (isNormal ? 1 << 23 : 0))
            exponent = Int(isNormal ? single.exponentBitPattern : 1) - 127 - 23
        } else {
            let isNormal = number.exponentBitPattern != 0
            mantissa = number.significandBitPattern | (isNormal ? 1 << 52 : 0)
            exponent = Int(isNormal ? number.exponentBitPattern : 1) - 1023 - 52
        }
        NumberFormat.append(mantissa, into: &output)
        output.append(exponent < 0 ? "p" : "p+")
        NumberFormat.append(Int64(exponent), into: &output)
    }

    /// Appends a number such as `0x1.8p+01`.
    private static func appendHexadecimal(
        _ number: Double, verb: UInt8, precision: Int, into output: inout ByteBuffer
    ) {
        let isNormal = number.exponentBitPattern != 0
        var mantissa = (number.significandBitPattern | (isNormal ? 1 << 52 : 0)) << 8
        var exponent = mantissa == 0 ? 0 : Int(isNormal ? number.exponentBitPattern : 1) - 1023
        while mantissa != 0, mantissa & (1 << 60) == 0 {
            mantissa <<= 1
            exponent -= 1
        }
        if precision >= 0, precision < 15 {
            let shift = UInt64(precision * 4)
            let extra = (mantissa << shift) & ((1 << 60) - 1)
            mantissa >>= 60 - shift
            if extra | (mantissa & 1) > 1 << 59 { mantissa += 1 }
            mantissa <<= 60 - shift
            if mantissa & (1 << 61) != 0 {
                mantissa >>= 1
                exponent += 1
            }
        }
        let upper = verb & 0x20 == 0
        if number.sign == .minus { output.append(UInt8(ascii: "-")) }
        output.append(UInt8(ascii: "0"))
        output.append(verb)
        output.append(UInt8(ascii: "0") + UInt8(mantissa >> 60 & 1))
        mantissa <<= 4
        var digits = precision
        if precision < 0 {
            digits = 0
            var rest = mantissa
            while rest != 0 {
                digits += 1
                rest <<= 4
            }
        }
        if digits > 0 { output.append(UInt8(ascii: ".")) }
        for _ in 0..<digits {
            let nibble = UInt8(mantissa >> 60 & 15)
            output.append(nibble < 10 ? 48 + nibble : (upper ? 55 : 87) + nibble)
            mantissa <<= 4
        }
        output.append(upper ? UInt8(ascii: "P") : UInt8(ascii: "p"))
        output.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        if exponent.magnitude < 10 { output.append(UInt8(ascii: "0")) }
        NumberFormat.append(UInt64(exponent.magnitude), into: &output)
    }
}
