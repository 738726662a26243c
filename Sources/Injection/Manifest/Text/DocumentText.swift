import Values
import YAML

/// The text of one document, with its lines, for the editors of block and flow style.
struct DocumentText {
    let bytes: [UInt8]
    /// The offset of each line, and the end of the text. A byte order mark is not part of its line.
    let lines: [Int]
    /// The line break of its lines.
    let newline: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts: [Int] = []
        // Lines of manifests have 20 bytes and more.
        starts.reserveCapacity(bytes.count / 16 + 2)
        starts.append(bytes.starts(with: ByteOrderMark.utf8) ? 3 : 0)
        for (offset, byte) in bytes.enumerated() where byte == 0x0a { starts.append(offset + 1) }
        if starts.last != bytes.count { starts.append(bytes.count) }
        lines = starts
        let isWindows = bytes.firstIndex(of: 0x0a).map { $0 > 0 && bytes[$0 - 1] == 0x0d } == true
        newline = isWindows ? [0x0d, 0x0a] : [0x0a]
    }

    /// Whether the last line has no line break.
    var endsWithinLine: Bool { !bytes.isEmpty && bytes.last != 0x0a }

    /// The position of a byte: its line, from 0, and its column.
    struct Place: Equatable {
        var line: Int
        var column: Int
    }

    /// A range of lines, from 0.
    typealias Lines = Range<Int>

    func place(of offset: Int) -> Place {
        let line = line(of: offset)
        return Place(line: line, column: offset - lines[line])
    }

    /// Returns the same, faster if the byte is on a given line or shortly after it.
    func place(of offset: Int, near line: Int) -> Place {
        guard lines[line] <= offset else { return place(of: offset) }
        var line = line
        let last = min(line + 8, lines.count - 1)
        while line < last, lines[line + 1] <= offset { line += 1 }
        guard line < last else { return place(of: offset) }
        return Place(line: line, column: offset - lines[line])
    }

    /// The line that a byte is on.
    func line(of offset: Int) -> Int {
        var low = 0
        var high = lines.count
        while low < high {
            let middle = (low + high) / 2
            if lines[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return max(low - 1, 0)
    }

    /// The bytes of lines, including line breaks.
    func range(of lines: Lines) -> Range<Int> { self.lines[lines.lowerBound]..<self.lines[lines.upperBound] }

    /// The end of the line of a byte: its line break, or the end of the text.
    func lineEnd(from offset: Int) -> Int {
        var end = offset
        while end < bytes.count, bytes[end] != 0x0a { end += 1 }
        if end > offset, end < bytes.count, bytes[end - 1] == 0x0d { end -= 1 }
        return end
    }

    /// The number of blanks at the beginning of a line.
    func indent(ofLine line: Int) -> Int {
        var offset = lines[line]
        while offset < bytes.count, bytes[offset] == 0x20 { offset += 1 }
        return offset - lines[line]
    }

    func isBlank(before column: Int, on line: Int) -> Bool {
        bytes[lines[line]..<lines[line] + column].allSatisfy { $0 == 0x20 }
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }

    /// The offset of the first byte that is not a blank or tab; it may end a line.
    func skipBlanks(from offset: Int) -> Int {
        var offset = offset
        while offset < bytes.count, bytes[offset] == 0x20 || bytes[offset] == 0x09 { offset += 1 }
        return offset
    }

    /// Whether only blanks and a comment follow on the line.
    func endsLine(at offset: Int) -> Bool {
        let next = skipBlanks(from: offset)
        guard next < bytes.count else { return true }
        return bytes[next] == 0x0a || bytes[next] == 0x0d
            || bytes[next] == 0x23 && (next > offset || next > 0 && Self.isSpace(bytes[next - 1]))
    }

    /// The offset after the closing quote; nil if the quote is not closed.
    func quotedEnd(from start: Int) -> Int? {
        let quote = bytes[start]
        var offset = start + 1
        while offset < bytes.count {
            if bytes[offset] == 0x5c, quote == 0x22 {
                offset += 2
                continue
            }
            if bytes[offset] == quote {
                guard quote == 0x27, offset + 1 < bytes.count, bytes[offset + 1] == quote else {
                    return offset + 1
                }
                offset += 1
            }
            offset += 1
        }
        return nil
    }
}

/// The mark that editors put at the start of a text to identify its encoding.
enum ByteOrderMark {
    static let utf8: [UInt8] = [0xef, 0xbb, 0xbf]
}
