/// Parses and formats durations in Go's syntax: `10s`, `1m30s`, `500ms`, `1.5h`.
public enum GoDuration {
    /// Parses a duration; nil if the text is not one, or is negative.
    public static func nanoseconds(_ text: String) -> UInt64? {
        if text == "0" { return 0 }
        var rest = Array(text.utf8)[...]
        guard !rest.isEmpty, rest.count <= 64 else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) || $0 == 0x2e }
            guard let number = Double(String(decoding: digits, as: UTF8.self)) else { return nil }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { !((0x30...0x39).contains($0) || $0 == 0x2e) }
            rest = rest.dropFirst(letters.count)
            guard let unit = unit(String(decoding: letters, as: UTF8.self)) else { return nil }
            total += number * unit
        }
        return total < 9.2e18 ? UInt64(total) : nil
    }

    /// The shortest text of a duration: `2s`, `1m30s`, `500ms`.
    public static func text(milliseconds: Int) -> String {
        guard milliseconds % 1_000 == 0 else { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1_000
        guard seconds >= 60 else { return "\(seconds)s" }
        return "\(seconds / 60)m" + (seconds % 60 == 0 ? "" : "\(seconds % 60)s")
    }

    private static func unit(_ name: String) -> Double? {
        switch name {
        case "ns": 1
        case "us", "µs", "μs": 1e3
        case "ms": 1e6
        case "s": 1e9
        case "m": 60e9
        case "h": 3600e9
        default: nil
        }
    }
}
