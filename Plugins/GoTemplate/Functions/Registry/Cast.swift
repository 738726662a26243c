import PluginAPI
import Values

/// Converts any value to a number, as spf13/cast 1.7 does. Values that cannot be converted are 0.
enum Cast {
    static func int64(_ value: GoValue) -> Int64 {
        switch value {
        case .int(let number): return Int64(number)
        case .int64(let number): return number
        case .signed(_, let number): return number
        case .unsigned(_, let number): return Int64(truncatingIfNeeded: number)
        case .float64(let number): return truncated(number)
        case .float32(let number): return truncated(Double(number))
        case .bool(let flag): return flag ? 1 : 0
        case .native(let native as any GoNumbered): return native.number
        case .string, .rawString: return integer(withoutZeroFraction(value.stringBytes ?? [])) ?? 0
        case .typed(let typed) where typed.type.kind == .pointer && !typed.value.isNull:
            return int64(GoValue(typed.value, type: typed.type.element))
        default: return 0
        }
    }

    /// Returns the bytes of a `[]byte`; an empty array for anything else.
    static func bytes(_ value: GoValue) -> [UInt8] { if case .bytes(let bytes) = value { bytes } else { [] } }

    static func double(_ value: GoValue) -> Double {
        switch value {
        case .float64(let number): return number
        case .float32(let number): return Double(number)
        case .unsigned(_, let number): return Double(number)
        case .string, .rawString: return self.number(value.stringBytes ?? []) ?? 0
        case .typed(let typed) where typed.type.kind == .pointer && !typed.value.isNull:
            return double(GoValue(typed.value, type: typed.type.element))
        default: return Double(int64(value))
        }
    }

    /// Rounds towards zero. A number that does not fit becomes the smallest one, as on the machines that most Go users
    /// have.
    static func truncated(_ number: Double) -> Int64 {
        Int64(exactly: number.rounded(.towardZero)) ?? .min
    }

    /// Removes a fraction of zeros: `5.00` becomes `5`.
    private static func withoutZeroFraction(_ text: [UInt8]) -> [UInt8] {
        var sawZero = false
        for index in text.indices.reversed() {
            if text[index] == 0x2E { return sawZero ? Array(text[..<index]) : text }
            guard text[index] == 0x30 else { return text }
            sawZero = true
        }
        return text
    }

    /// Parses as `strconv.ParseInt(text, 0, 64)`: a sign, a prefix 0x, 0o, 0b or 0, underscores between digits. nil for
    /// anything else and for numbers that do not fit.
    static func integer(_ text: [UInt8]) -> Int64? {
        var rest = text[...]
        var negative = false
        if let sign = rest.first, sign == 0x2B || sign == 0x2D {
            negative = sign == 0x2D
            rest.removeFirst()
        }
        var radix: UInt64 = 10
        var afterPrefix = false
        if rest.first == 0x30, rest.count > 1 {
            let mark = (rest.dropFirst().first ?? 0) | 0x20
            (radix, rest) =
                switch mark {
                case 0x78: (16, rest.dropFirst(2))
                case 0x6F: (8, rest.dropFirst(2))
                case 0x62: (2, rest.dropFirst(2))
                default: (8, rest.dropFirst())
                }
            afterPrefix = true
        }
        guard !rest.isEmpty else { return nil }
        var value: UInt64 = 0
        var lastWasDigit = afterPrefix
        for byte in rest {
            if byte == 0x5F {
                guard lastWasDigit else { return nil }
                lastWasDigit = false
                continue
            }
            guard let digit = digit(byte), digit < radix else { return nil }
            let (product, over) = value.multipliedReportingOverflow(by: radix)
            let (sum, more) = product.addingReportingOverflow(digit)
            guard !over, !more else { return nil }
            value = sum
            lastWasDigit = true
        }
        guard lastWasDigit else { return nil }
        return signed(value, negative)
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x61...0x66: UInt64(byte - 0x57)
        case 0x41...0x46: UInt64(byte - 0x37)
        default: nil
        }
    }

    private static func signed(_ value: UInt64, _ negative: Bool) -> Int64? {
        if negative { return value <= UInt64(1) << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil }
        return Int64(exactly: value)
    }

    /// Parses digits of one radix, with an optional sign. A number that does not fit becomes the nearest one that does,
    /// which Go's `Atoi` returns together with its error. nil if the text is not a number.
    static func clampedInteger(_ text: [UInt8], radix: UInt64) -> (number: Int64, fits: Bool)? {
        var rest = text[...]
        var negative = false
        if let sign = rest.first, sign == 0x2B || sign == 0x2D {
            negative = sign == 0x2D
            rest.removeFirst()
        }
        guard !rest.isEmpty else { return nil }
        var value: UInt64 = 0
        var fits = true
        for byte in rest {
            guard let digit = digit(byte), digit < radix else { return nil }
            let (product, over) = value.multipliedReportingOverflow(by: radix)
            let (sum, more) = product.addingReportingOverflow(digit)
            if over || more { fits = false }
            value = sum
        }
        if fits, let number = signed(value, negative) { return (number, true) }
        return (negative ? .min : .max, false)
    }

    /// Parses as `strconv.ParseFloat(text, 64)`: decimal, hexadecimal, `inf`, `nan`. nil for anything else and for
    /// numbers that are too large.
    static func number(_ text: [UInt8]) -> Double? {
        let lower = Runes.lower(text)
        var body = lower[...]
        if let sign = body.first, sign == 0x2B || sign == 0x2D { body.removeFirst() }
        let sign: Double = lower.first == 0x2D ? -1 : 1
        switch String(decoding: body, as: UTF8.self) {
        case "inf", "infinity": return sign * .infinity
        case "nan": return .nan
        default: break
        }
        if body.starts(with: "0x".utf8) {
            guard body.contains(0x70), let number = Double(String(decoding: lower, as: UTF8.self)) else {
                return nil
            }
            return number.isFinite ? number : nil
        }
        guard isDecimal(body) else { return nil }
        guard let number = NumberFormat.double(String(decoding: body, as: UTF8.self)), number.isFinite else {
            return nil
        }
        return sign * number
    }

    private static func isDecimal(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        func digits() -> Int {
            let run = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(run.count)
            return run.count
        }
        var count = digits()
        if rest.first == 0x2E {
            rest.removeFirst()
            count += digits()
        }
        guard count > 0 else { return false }
        if rest.first == 0x65 {
            rest.removeFirst()
            if let sign = rest.first, sign == 0x2B || sign == 0x2D { rest.removeFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
