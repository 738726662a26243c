import Values
import YAML

/// Finds lines and places of a text, for messages.
enum Excerpt {
    /// The line and the line before, with a caret under the column.
    static func lines(of bytes: [UInt8], around position: SourcePosition) -> String {
        let before = Snippet.text(of: bytes, line: position.line - 1, column: nil)
        let line = Snippet.text(of: bytes, line: position.line, column: position.column)
        return [before, line].compactMap(\.self).joined(separator: "\n")
    }

    static func line(_ number: Int, of bytes: [UInt8]) -> String {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        return number >= 1 && number <= lines.count ? String(decoding: lines[number - 1], as: UTF8.self) : ""
    }

    static func offset(of position: SourcePosition, in bytes: [UInt8]) -> Int? {
        var line = 1
        for (offset, byte) in bytes.enumerated() {
            if line == position.line { return min(offset + max(position.column - 1, 0), bytes.count - 1) }
            if byte == 0x0a { line += 1 }
        }
        return nil
    }

    static func position(of offset: Int, in bytes: [UInt8]) -> SourcePosition {
        var line = 1
        var start = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0a {
            line += 1
            start = index + 1
        }
        return SourcePosition(line: line, column: min(offset, bytes.count) - start + 1)
    }
}
