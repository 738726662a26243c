import Values

/// A decimal number of any length, for sprig's `addf`, `mulf` and similar functions, which calculate without the errors
/// of binary fractions: 0.1 + 0.2 is 0.3.
struct Decimal {
    /// Digits in groups of nine, the lowest group first; empty for zero.
    private var groups: [UInt32]
    private var isNegative: Bool
    /// The power of ten by which the digits are multiplied.
    private var exponent: Int

    private static let base: UInt64 = 1_000_000_000
    /// The number of digits after the decimal point of a quotient.
    private static let precision = 16

    private init(groups: [UInt32], isNegative: Bool, exponent: Int) {
        self.groups = groups
        while self.groups.last == 0 { self.groups.removeLast() }
        self.isNegative = isNegative && !self.groups.isEmpty
        self.exponent = exponent
    }

    /// Converts a number to the shortest decimal that parses as the same number; nil if it is not finite.
    init?(_ number: Double) {
        guard number.isFinite else { return nil }
        var digits: [UInt8] = []
        var exponent = 0
        var isFraction = false
        let parts = number.magnitude.description.split(byte: "e")
        for byte in parts[0].utf8 {
            if byte == 0x2E {
                isFraction = true
            } else {
                digits.append(byte - 0x30)
                if isFraction { exponent -= 1 }
            }
        }
        if parts.count > 1 { exponent += Int(parts[1]) ?? 0 }
        while digits.count > 1 && digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        self.init(groups: Decimal.grouped(digits), isNegative: number < 0, exponent: exponent)
    }

    private static func grouped(_ digits: [UInt8]) -> [UInt32] {
        var result: [UInt32] = []
        var end = digits.count
        while end > 0 {
            let start = max(0, end - 9)
            result.append(digits[start..<end].reduce(0) { $0 * 10 + UInt32($1) })
            end = start
        }
        return result
    }

    /// The number of groups of digits, which determines the cost of calculations.
    var size: Int { groups.count }

    private var digits: String {
        var text = ""
        for (index, group) in groups.reversed().enumerated() {
            let part = String(group)
            if index > 0 { text += String(repeating: "0", count: 9 - part.utf8.count) }
            text += part
        }
        return text.isEmpty ? "0" : text
    }

    /// The nearest double.
    var double: Double {
        NumberFormat.double((isNegative ? "-" : "") + digits + "e\(exponent)") ?? 0
    }

    private func scaled(to wanted: Int) -> [UInt32] {
        Decimal.timesPowerOfTen(groups, exponent - wanted)
    }

    private static func timesPowerOfTen(_ groups: [UInt32], _ power: Int) -> [UInt32] {
        guard power > 0, !groups.isEmpty else { return groups }
        var factor: UInt64 = 1
        for _ in 0..<(power % 9) { factor *= 10 }
        var result = [UInt32](repeating: 0, count: power / 9)
        var carry: UInt64 = 0
        for group in groups {
            let product = UInt64(group) * factor + carry
            result.append(UInt32(product % base))
            carry = product / base
        }
        if carry > 0 { result.append(UInt32(carry)) }
        return result
    }

    private static func compare(_ left: [UInt32], _ right: [UInt32]) -> Int {
        if left.count != right.count { return left.count < right.count ? -1 : 1 }
        for index in left.indices.reversed() where left[index] != right[index] {
            return left[index] < right[index] ? -1 : 1
        }
        return 0
    }

    private static func sum(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0..<max(left.count, right.count) {
            let total =
                (index < left.count ? UInt64(left[index]) : 0)
                + (index < right.count ? UInt64(right[index]) : 0)
                + carry
            result.append(UInt32(total % base))
            carry = total / base
        }
        if carry > 0 { result.append(UInt32(carry)) }
        return result
    }

    /// Subtracts. `left` must not be less than `right`.
    private static func difference(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var borrow: Int64 = 0
        for index in left.indices {
            var rest = Int64(left[index]) - (index < right.count ? Int64(right[index]) : 0) - borrow
            borrow = rest < 0 ? 1 : 0
            if rest < 0 { rest += Int64(base) }
            result.append(UInt32(rest))
        }
        while result.last == 0 { result.removeLast() }
        return result
    }

    static func + (left: Decimal, right: Decimal) -> Decimal {
        let exponent = min(left.exponent, right.exponent)
        let (first, second) = (left.scaled(to: exponent), right.scaled(to: exponent))
        if left.isNegative == right.isNegative {
            return Decimal(groups: sum(first, second), isNegative: left.isNegative, exponent: exponent)
        }
        if compare(first, second) >= 0 {
            return Decimal(groups: difference(first, second), isNegative: left.isNegative, exponent: exponent)
        }
        return Decimal(groups: difference(second, first), isNegative: right.isNegative, exponent: exponent)
    }

    static func - (left: Decimal, right: Decimal) -> Decimal {
        left + Decimal(groups: right.groups, isNegative: !right.isNegative, exponent: right.exponent)
    }

    static func * (left: Decimal, right: Decimal) -> Decimal {
        guard !left.groups.isEmpty, !right.groups.isEmpty else {
            return Decimal(groups: [], isNegative: false, exponent: left.exponent + right.exponent)
        }
        var result = [UInt64](repeating: 0, count: left.groups.count + right.groups.count)
        for (index, one) in left.groups.enumerated() {
            var carry: UInt64 = 0
            for (other, two) in right.groups.enumerated() {
                let total = result[index + other] + UInt64(one) * UInt64(two) + carry
                result[index + other] = total % base
                carry = total / base
            }
            result[index + right.groups.count] += carry
        }
        return Decimal(
            groups: result.map { UInt32($0) }, isNegative: left.isNegative != right.isNegative,
            exponent: left.exponent + right.exponent)
    }

    /// Divides, rounded to 16 digits after the decimal point, halves away from zero; nil if the divisor is zero.
    func divided(by divisor: Decimal) -> Decimal? {
        guard !divisor.groups.isEmpty else { return nil }
        let shift = exponent - divisor.exponent + Decimal.precision
        let numerator = Decimal.timesPowerOfTen(groups, max(0, shift))
        let denominator = Decimal.timesPowerOfTen(divisor.groups, max(0, -shift))
        var (quotient, rest) = Decimal.divide(numerator, denominator)
        if Decimal.compare(Decimal.sum(rest, rest), denominator) >= 0 {
            quotient = Decimal.sum(quotient, [1])
        }
        return Decimal(
            groups: quotient, isNegative: isNegative != divisor.isNegative, exponent: -Decimal.precision)
    }

    /// Divides by long division, group by group. Each group of the quotient is found by binary search.
    private static func divide(_ left: [UInt32], _ right: [UInt32]) -> (quotient: [UInt32], rest: [UInt32]) {
        var quotient = [UInt32](repeating: 0, count: left.count)
        var rest: [UInt32] = []
        for index in left.indices.reversed() {
            rest.insert(left[index], at: 0)
            while rest.last == 0 { rest.removeLast() }
            var low: UInt64 = 0
            var high = base
            while low + 1 < high {
                let middle = (low + high) / 2
                if compare(times(right, middle), rest) <= 0 { low = middle } else { high = middle }
            }
            if low > 0 { rest = difference(rest, times(right, low)) }
            quotient[index] = UInt32(low)
        }
        while quotient.last == 0 { quotient.removeLast() }
        return (quotient, rest)
    }

    private static func times(_ groups: [UInt32], _ factor: UInt64) -> [UInt32] {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for group in groups {
            let product = UInt64(group) * factor + carry
            result.append(UInt32(product % base))
            carry = product / base
        }
        if carry > 0 { result.append(UInt32(carry)) }
        while result.last == 0 { result.removeLast() }
        return result
    }
}
