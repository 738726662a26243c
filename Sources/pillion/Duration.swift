extension Arguments {
    /// Seconds, from a duration as Go writes them: `2s`, `1m30s`, `500ms`.
    func duration(_ name: String) throws -> Double? {
        guard let text = string(name) else { return nil }
        guard let seconds = seconds(fromDuration: text) else {
            throw UsageError("--\(name) is \"\(text)\", want a duration such as 2s, 500ms or 1m30s")
        }
        return seconds
    }
}

/// nil where the text is not a duration, or a negative one, or over a year.
func seconds(fromDuration text: String) -> Double? {
    if text == "0" { return 0 }
    let units: [(String, Double)] = [
        ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3_600),
    ]
    var rest = Substring(text)
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits) else { return nil }
        rest = rest.dropFirst(digits.count)
        let letters = rest.prefix { $0.isLetter }
        guard let unit = units.first(where: { $0.0 == letters }) else { return nil }
        total += number * unit.1
        rest = rest.dropFirst(letters.count)
    }
    return total <= 31_536_000 ? total : nil
}
