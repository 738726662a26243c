import Service

extension Arguments {
    /// Parses a duration in Go's syntax, such as `2s`, `1m30s` or `500ms`, and returns it in seconds.
    func duration(_ name: String) throws -> Double? {
        guard let text = string(name) else { return nil }
        guard let nanoseconds = GoDuration.nanoseconds(text), nanoseconds <= Self.longestDuration else {
            throw UsageError("--\(name) is \"\(text)\", expected a duration such as 2s, 500ms or 1m30s")
        }
        return Double(nanoseconds) / 1e9
    }

    /// A year.
    private static let longestDuration: UInt64 = 31_536_000 * 1_000_000_000
}
