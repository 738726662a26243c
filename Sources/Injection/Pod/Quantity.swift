import Values

/// resource.Quantity: amounts such as `500m`, `1Gi`, `2e3`.
///
/// The rules are those of Kubernetes' API conventions (resource quantities): a signed decimal number and a suffix of
/// one of three families. The canonical form has no fraction and the fewest digits with an exponent divisible by three,
/// in the family that was written. Parts below a nano-unit are rounded away from zero.
struct Quantity: Sendable, Equatable {
    enum Family: Sendable { case decimal, binary, exponent }

    /// Digits without leading and trailing zeros, most significant first; empty for zero.
    private(set) var digits: [UInt8]
    /// The power of ten of the last digit.
    private(set) var exponent: Int
    private(set) var isNegative: Bool
    private(set) var family: Family

    /// The maximum length of an amount. Longer ones are refused, because processing them is quadratic. Real amounts are
    /// far shorter.
    static let digitLimit = 200

    /// Kubernetes' message for a text that is not an amount.
    static let syntaxMessage =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

    /// - Returns: nil if the text is not an amount.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.digitLimit else { return nil }
        var place = 0
        isNegative = false
        if bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") {
            isNegative = bytes[0] == UInt8(ascii: "-")
            place = 1
        }
        var digits: [UInt8] = []
        var fraction = 0
        var sawPoint = false
        while place < bytes.count {
            let byte = bytes[place]
            if byte == UInt8(ascii: "."), !sawPoint {
                sawPoint = true
            } else if byte >= 0x30 && byte <= 0x39 {
                digits.append(byte - 0x30)
                if sawPoint { fraction += 1 }
            } else {
                break
            }
            place += 1
        }
        guard !digits.isEmpty, let suffix = Self.suffix(bytes[place...]) else { return nil }
        family = suffix.family
        self.digits = digits
        exponent = suffix.ten - fraction
        if suffix.two > 0 {
            for _ in 0..<suffix.two / 10 { Self.multiply(&self.digits, by: 1024) }
        }
        trim()
        roundToNano()
        if magnitudeIsTooLarge {
            self.digits = Self.largest
            exponent = 0
        }
    }

    /// 2^63 - 1, to which larger amounts are reduced.
    private static let largest: [UInt8] = Array("9223372036854775807".utf8.map { $0 - 0x30 })

    private var magnitudeIsTooLarge: Bool {
        let places = digits.count + exponent
        guard places == Self.largest.count else { return places > Self.largest.count }
        return Self.largest.lexicographicallyPrecedes(digits)
    }

    private struct Suffix {
        var family: Family
        var ten = 0
        var two = 0
    }

    private static func suffix(_ bytes: ArraySlice<UInt8>) -> Suffix? {
        switch String(decoding: bytes, as: UTF8.self) {
        case "": return Suffix(family: .decimal)
        case "n": return Suffix(family: .decimal, ten: -9)
        case "u": return Suffix(family: .decimal, ten: -6)
        case "m": return Suffix(family: .decimal, ten: -3)
        case "k": return Suffix(family: .decimal, ten: 3)
        case "M": return Suffix(family: .decimal, ten: 6)
        case "G": return Suffix(family: .decimal, ten: 9)
        case "T": return Suffix(family: .decimal, ten: 12)
        case "P": return Suffix(family: .decimal, ten: 15)
        case "E": return Suffix(family: .decimal, ten: 18)
        case "Ki": return Suffix(family: .binary, two: 10)
        case "Mi": return Suffix(family: .binary, two: 20)
        case "Gi": return Suffix(family: .binary, two: 30)
        case "Ti": return Suffix(family: .binary, two: 40)
        case "Pi": return Suffix(family: .binary, two: 50)
        case "Ei": return Suffix(family: .binary, two: 60)
        default: break
        }
        guard let first = bytes.first, first == UInt8(ascii: "e") || first == UInt8(ascii: "E"),
            let power = Int32(String(decoding: bytes.dropFirst(), as: UTF8.self)),
            abs(Int(power)) <= digitLimit
        else { return nil }
        return Suffix(family: .exponent, ten: Int(power))
    }

    private static func multiply(_ digits: inout [UInt8], by factor: Int) {
        var carry = 0
        for index in digits.indices.reversed() {
            let product = Int(digits[index]) * factor + carry
            digits[index] = UInt8(product % 10)
            carry = product / 10
        }
        while carry > 0 {
            digits.insert(UInt8(carry % 10), at: 0)
            carry /= 10
        }
    }

    private mutating func trim() {
        let leading = digits.prefix { $0 == 0 }.count
        digits.removeFirst(leading)
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty { exponent = 0 }
    }

    private mutating func roundToNano() {
        guard exponent < -9, !digits.isEmpty else { return }
        let surplus = -9 - exponent
        digits.removeLast(min(surplus, digits.count))
        exponent = -9
        Self.increment(&digits)
        trim()
    }

    private static func increment(_ digits: inout [UInt8]) {
        for index in digits.indices.reversed() {
            if digits[index] < 9 {
                digits[index] += 1
                return
            }
            digits[index] = 0
        }
        digits.insert(1, at: 0)
    }
}

extension Quantity {
    /// The canonical form of an amount; nil if the text is not an amount.
    static func canonical(_ text: String) -> String? {
        if isPlain(text) { return text }
        return Quantity(text)?.canonical
    }

    /// Whether the text is a number of one to three digits without a leading zero, with or without `Mi` or `m`. Most
    /// amounts are like this. They are already canonical and are recognised quickly (9 ns instead of 400).
    private static func isPlain(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, first >= 0x31, first <= 0x39 else { return false }
        var digits = 0
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            if byte >= 0x30 && byte <= 0x39 {
                digits += 1
                continue
            }
            guard digits <= 3 else { return false }
            if byte == UInt8(ascii: "m") { return iterator.next() == nil }
            return byte == UInt8(ascii: "M") && iterator.next() == UInt8(ascii: "i") && iterator.next() == nil
        }
        return digits <= 3
    }

    var canonical: String {
        guard !digits.isEmpty else { return "0" }
        if family == .binary, let text = binary { return text }
        return decimal(family == .exponent ? .exponent : .decimal)
    }

    private var sign: String { isNegative ? "-" : "" }

    /// The digits with zeros appended until the exponent is a multiple of three, and that exponent as a suffix.
    private func decimal(_ family: Family) -> String {
        let remainder = ((exponent % 3) + 3) % 3
        let power = exponent - remainder
        let number = sign + text(digits) + String(repeating: "0", count: remainder)
        guard family == .decimal, power <= 18 else { return power == 0 ? number : number + "e\(power)" }
        switch power {
        case -9: return number + "n"
        case -6: return number + "u"
        case -3: return number + "m"
        case 0: return number
        case 3: return number + "k"
        case 6: return number + "M"
        case 9: return number + "G"
        case 12: return number + "T"
        case 15: return number + "P"
        default: return number + "E"
        }
    }

    /// The amount divided by 1024 as often as possible without a remainder. nil for a fraction or an amount below 1024,
    /// which are written in the decimal family.
    private var binary: String? {
        guard exponent >= 0, digits.count + exponent <= Self.digitLimit else { return nil }
        var number = digits + [UInt8](repeating: 0, count: exponent)
        if number.count < 4 || (number.count == 4 && text(number) < "1024") { return nil }
        var steps = 0
        while steps < 6, let quotient = Self.divide(number, by: 1024) {
            number = quotient
            steps += 1
        }
        return sign + text(number) + ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][steps]
    }

    /// The exact quotient; nil if there is a remainder.
    private static func divide(_ digits: [UInt8], by divisor: Int) -> [UInt8]? {
        var quotient: [UInt8] = []
        var rest = 0
        for digit in digits {
            rest = rest * 10 + Int(digit)
            if !quotient.isEmpty || rest >= divisor { quotient.append(UInt8(rest / divisor)) }
            rest %= divisor
        }
        return rest == 0 && !quotient.isEmpty ? quotient : nil
    }

    private func text(_ digits: [UInt8]) -> String {
        String(decoding: digits.map { $0 + 0x30 }, as: UTF8.self)
    }

    /// The amount in whole units, rounded away from zero like Quantity.Value. If it does not fit, the largest number.
    var roundedUp: Int64 {
        var whole = digits
        if exponent < 0 {
            let fraction = min(-exponent, whole.count)
            // The digits have no trailing zeros, so a fraction is never zero.
            whole.removeLast(fraction)
            Self.increment(&whole)
        } else {
            guard whole.count + exponent <= 19 else { return isNegative ? .min : .max }
            whole += [UInt8](repeating: 0, count: exponent)
        }
        var result: Int64 = 0
        for digit in whole {
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, further) = product.addingReportingOverflow(Int64(digit))
            if overflow || further { return isNegative ? .min : .max }
            result = sum
        }
        return isNegative ? -result : result
    }

    /// The text's amount in whole units, rounded up, as needed for `--concurrency`; nil if it is not an amount.
    static func roundedUp(_ text: String) -> Int64? { Quantity(text)?.roundedUp }
}
