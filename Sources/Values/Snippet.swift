/// A line of a text for a message, with a mark below a column.
public enum Snippet {
    /// Bytes of the line that are shown; a longer one is cut around the column.
    public static let width = 120

    /// `   31 | image: {{ .x }}` and, where the column is known, a caret below it. nil where the text has no such
    /// line.
    ///
    /// - Parameters:
    ///   - line: from 1.
    ///   - column: from 1, in bytes.
    public static func text(of bytes: [UInt8], line: Int, column: Int?) -> String? {
        guard line >= 1 else { return nil }
        var start = bytes.startIndex
        for _ in 1..<line {
            guard let end = bytes[start...].firstIndex(of: 0x0a) else { return nil }
            start = end + 1
        }
        var end = bytes[start...].firstIndex(of: 0x0a) ?? bytes.endIndex
        if end > start, bytes[end - 1] == 0x0d { end -= 1 }
        guard start < end || column != nil else { return nil }
        let mark = column.map { min(start + max($0 - 1, 0), end) }
        if end - start > width {
            let middle = mark ?? start
            start = max(start, min(middle - width / 2, end - width))
            end = min(end, start + width)
        }
        let number = String(line)
        var result = "\(number) | \(shown(bytes[start..<end]))"
        if let mark {
            let before = shown(bytes[start..<max(start, min(mark, end))]).count
            result += "\n\(blanks(number.utf8.count)) | \(blanks(before))^"
        }
        return result
    }

    /// The beginning of a text, at most `width` bytes of it.
    public static func beginning(of bytes: some Collection<UInt8>) -> String {
        String(decoding: Array(bytes.prefix(width)), as: UTF8.self) + (bytes.count > width ? "…" : "")
    }

    /// Tabs become one blank and control characters a dot, so that the caret stands right and a terminal is safe.
    private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.map { $0 == 0x09 ? 0x20 : $0 < 0x20 || $0 == 0x7f ? 0x2e : $0 }, as: UTF8.self)
    }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}
