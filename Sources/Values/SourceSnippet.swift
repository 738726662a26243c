extension SourceText {
    /// The maximum number of bytes of a line in a message. A longer line is shortened around the column.
    public static let snippetWidth = 120

    /// Returns a line for a message, such as `31 | image: {{ .x }}`, with a caret below the column if that is known;
    /// nil if there is no such line.
    ///
    /// - Parameters:
    ///   - line: the line, from 1.
    ///   - column: the column in bytes, from 1.
    public func snippet(line: Int, column: Int?) -> String? {
        guard var range = range(ofLine: line), !range.isEmpty || column != nil else { return nil }
        let mark = column.map { min(range.lowerBound + max($0 - 1, 0), range.upperBound) }
        if range.count > Self.snippetWidth {
            let middle = mark ?? range.lowerBound
            let start = min(middle - Self.snippetWidth / 2, range.upperBound - Self.snippetWidth)
            let first = max(range.lowerBound, start)
            range = first..<min(range.upperBound, first + Self.snippetWidth)
        }
        let number = String(line)
        var result = "\(number) | \(Self.shown(bytes[range]))"
        if let mark {
            let before = bytes[range.lowerBound..<max(range.lowerBound, min(mark, range.upperBound))]
            result += "\n\(Self.blanks(number.utf8.count)) | \(Self.blanks(Self.shown(before).count))^"
        }
        return result
    }

    /// Returns the line of a position and the line before it, with a caret below the column.
    public func excerpt(around position: SourcePosition) -> String {
        let before = snippet(line: position.line - 1, column: nil)
        let line = snippet(line: position.line, column: position.column)
        return [before, line].compactMap(\.self).joined(separator: "\n")
    }

    /// Returns the beginning of a text for a message: at most `snippetWidth` bytes.
    public static func beginning(of bytes: some Collection<UInt8>) -> String {
        String(decoding: Array(bytes.prefix(snippetWidth)), as: UTF8.self)
            + (bytes.count > snippetWidth ? "…" : "")
    }

    /// Replaces tabs by a space and control characters by a dot, so that the caret is at the right column and the text
    /// is safe for a terminal.
    private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.map { $0 == 0x09 ? 0x20 : $0 < 0x20 || $0 == 0x7f ? 0x2e : $0 }, as: UTF8.self)
    }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}
