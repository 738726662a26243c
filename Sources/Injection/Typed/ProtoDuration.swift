import Values

/// google.protobuf.Duration: seconds with up to nine decimals, within 10,000 years.
struct ProtoDuration: Sendable, Equatable {
    var seconds: Int64
    /// Nanoseconds with the same sign as the seconds.
    var nanoseconds: Int64

    /// Parses a duration such as `45s`, `0.100s` or `-1.5s`; nil for anything else.
    init?(_ text: String) {
        guard text.utf8.last == UInt8(ascii: "s"), text.utf8.count <= 32 else { return nil }
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let number = text.dropLast().dropFirst(isNegative ? 1 : 0)
        let parts = number.split(byte: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts[0].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let seconds = Int64(parts[0]), seconds <= 315_576_000_000
        else { return nil }
        var nanoseconds: Int64 = 0
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...9).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                return nil
            }
            for index in 0..<9 {
                let digit =
                    index < digits.count ? digits[digits.index(digits.startIndex, offsetBy: index)] : 0x30
                nanoseconds = nanoseconds * 10 + Int64(digit - 0x30)
            }
        }
        self.seconds = isNegative ? -seconds : seconds
        self.nanoseconds = isNegative ? -nanoseconds : nanoseconds
    }

    /// The canonical text, with zero, three, six or nine decimals.
    var text: String {
        let sign = seconds < 0 || nanoseconds < 0 ? "-" : ""
        guard nanoseconds != 0 else { return "\(sign)\(seconds.magnitude)s" }
        var decimals = String(nanoseconds.magnitude)
        decimals = String(repeating: "0", count: 9 - decimals.utf8.count) + decimals
        while decimals.ends(with: "000") { decimals.removeLast(3) }
        return "\(sign)\(seconds.magnitude).\(decimals)s"
    }
}
