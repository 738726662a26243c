/// Go's time.Duration: nanoseconds, printed as `1h2m3.5s`.
enum GoDuration {
    static let second: Int64 = 1_000_000_000

    /// Formats as `Duration.String` does: `1m35s`, `1.5ms`, `0s`.
    static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let size = nanoseconds.magnitude
        if size < UInt64(second) {
            let (unit, scale): (String, UInt64) =
                size < 1_000 ? ("ns", 1) : size < 1_000_000 ? ("µs", 1_000) : ("ms", 1_000_000)
            return sign + decimal(size, scale) + unit
        }
        let seconds = size / UInt64(second)
        let rest = size % UInt64(second)
        var text = decimal((seconds % 60) * UInt64(second) + rest, UInt64(second)) + "s"
        let minutes = seconds / 60
        if minutes > 0 {
            text = "\(minutes % 60)m" + text
            if minutes >= 60 { text = "\(minutes / 60)h" + text }
        }
        return sign + text
    }

    private static func decimal(_ number: UInt64, _ scale: UInt64) -> String {
        var fraction = number % scale
        guard fraction > 0 else { return String(number / scale) }
        var digits: [UInt8] = []
        var place = scale / 10
        while fraction > 0 {
            digits.append(UInt8(truncatingIfNeeded: 0x30 + fraction / place))
            fraction %= place
            place /= 10
        }
        return "\(number / scale)." + String(decoding: digits, as: UTF8.self)
    }

    /// Parses `-1h15m30.918s`; nil if the text is not a duration or is longer than 292 years.
    static func read(_ text: [UInt8]) -> Int64? {
        var rest = text[...]
        var negative = false
        if let sign = rest.first, sign == 0x2D || sign == 0x2B {
            negative = sign == 0x2D
            rest.removeFirst()
        }
        if rest.elementsEqual([0x30]) { return 0 }
        guard !rest.isEmpty else { return nil }
        var total: UInt64 = 0
        let bound = UInt64(1) << 63
        while !rest.isEmpty {
            let whole = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(whole.count)
            var fraction = ArraySlice<UInt8>()
            if rest.first == 0x2E {
                rest.removeFirst()
                fraction = rest.prefix { (0x30...0x39).contains($0) }
                rest = rest.dropFirst(fraction.count)
            }
            guard !whole.isEmpty || !fraction.isEmpty else { return nil }
            let name = rest.prefix { $0 != 0x2E && !(0x30...0x39).contains($0) }
            rest = rest.dropFirst(name.count)
            guard let unit = units[String(decoding: name, as: UTF8.self)] else { return nil }
            var value: UInt64 = 0
            for digit in whole {
                let (tens, over) = value.multipliedReportingOverflow(by: 10)
                let (sum, more) = tens.addingReportingOverflow(UInt64(digit - 0x30))
                guard !over, !more, sum <= bound else { return nil }
                value = sum
            }
            let (scaled, over) = value.multipliedReportingOverflow(by: unit)
            guard !over, scaled <= bound else { return nil }
            var part = scaled
            var number = 0.0
            var scale = 1.0
            for digit in fraction.prefix(18) {
                number = number * 10 + Double(digit - 0x30)
                scale *= 10
            }
            part += UInt64(number * (Double(unit) / scale))
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow, sum <= bound else { return nil }
            total = sum
        }
        if negative { return Int64(truncatingIfNeeded: 0 &- total) }
        return Int64(exactly: total)
    }

    private static let units: [String: UInt64] = [
        "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
        "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]

    /// Formats the number of the largest unit, as sprig's durationRound does: `2h`, `16d`.
    static func rounded(_ nanoseconds: Int64) -> String {
        let size = nanoseconds.magnitude
        let hour: UInt64 = 3_600_000_000_000
        let table: [(UInt64, String)] = [
            (hour * 24 * 365, "y"), (hour * 24 * 30, "mo"), (hour * 24, "d"), (hour, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
        ]
        for (unit, name) in table where size > unit { return "\(size / unit)\(name)" }
        return "0s"
    }

    /// Truncates towards zero to a multiple of another duration. Returns the value unchanged if the other is not
    /// positive.
    static func truncated(_ nanoseconds: Int64, to unit: Int64) -> Int64 {
        unit <= 0 ? nanoseconds : nanoseconds - nanoseconds % unit
    }

    /// Rounds to a multiple of another duration, halves away from zero. If the result does not fit, it is the largest
    /// or smallest duration.
    static func rounded(_ nanoseconds: Int64, to unit: Int64) -> Int64 {
        guard unit > 0 else { return nanoseconds }
        let rest = nanoseconds % unit
        let whole = nanoseconds - rest
        if rest.magnitude < UInt64(unit) - rest.magnitude { return whole }
        let (sum, overflow) = whole.addingReportingOverflow(rest < 0 ? -unit : unit)
        return overflow ? (rest < 0 ? .min : .max) : sum
    }

    /// Rounds to whole seconds, halves away from zero.
    static func roundedToSeconds(_ nanoseconds: Int64) -> Int64 {
        let rest = nanoseconds % second
        let whole = nanoseconds - rest
        if rest.magnitude * 2 < UInt64(second) { return whole }
        return rest < 0 ? whole &- second : whole &+ second
    }
}
