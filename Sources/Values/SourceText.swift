/// A place in a text that people can go to: lines and columns count from 1, columns in bytes.
public struct SourcePosition: Sendable, Hashable {
    public var line: Int
    public var column: Int
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Where something is: a file (or any other name of a text), and the place in it.
public struct SourceLocation: Sendable, Hashable {
    public var name: String
    public var position: SourcePosition?
    public init(_ name: String, _ position: SourcePosition? = nil) {
        self.name = name
        self.position = position
    }
}

extension SourceLocation: CustomStringConvertible {
    /// `name`, `name:line` or `name:line:column`, as compilers print it.
    public var description: String {
        guard let position else { return name }
        return "\(name):\(position.line):\(position.column)"
    }
}

/// A text of which errors speak: from a byte to its line and column, and the line as people see it.
public struct SourceText: Sendable {
    public let bytes: [UInt8]
    /// Where each line begins.
    private let lineStarts: [Int]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (index, byte) in bytes.enumerated() where byte == 0x0A { starts.append(index + 1) }
        lineStarts = starts
    }

    public init(_ text: String) { self.init(Array(text.utf8)) }

    /// The place of one byte, for a text of which one place is needed.
    ///
    /// - Parameter bytes: those before the byte are read.
    public static func position(of offset: Int, in bytes: some Sequence<UInt8>) -> SourcePosition {
        // As a sequence of any kind, each byte would cost a search for the sequence's type.
        if let place = bytes.withContiguousStorageIfAvailable({ place(of: offset, in: $0) }) { return place }
        var position = SourcePosition(line: 1, column: 1)
        for byte in bytes.prefix(max(offset, 0)) {
            position.column += 1
            if byte == 0x0A { position = SourcePosition(line: position.line + 1, column: 1) }
        }
        return position
    }

    private static func place(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) -> SourcePosition {
        var (line, start) = (1, 0)
        let end = min(max(offset, 0), bytes.count)
        for index in 0..<end where bytes[index] == 0x0A { (line, start) = (line + 1, index + 1) }
        return SourcePosition(line: line, column: end - start + 1)
    }

    /// How many lines there are; an empty text has one.
    public var lineCount: Int { lineStarts.count }

    /// The place of a byte. An offset outside of the text is moved to its nearest end.
    public func position(of offset: Int) -> SourcePosition {
        let offset = min(max(offset, 0), bytes.count)
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return SourcePosition(line: low + 1, column: offset - lineStarts[low] + 1)
    }

    /// The byte at a place, or nil where the text has no such line; a column after the line is its end.
    public func offset(of position: SourcePosition) -> Int? {
        guard let range = range(ofLine: position.line) else { return nil }
        return min(range.lowerBound + max(position.column, 1) - 1, range.upperBound)
    }

    /// The bytes of a line without its line break, or nil if there is no such line.
    public func range(ofLine line: Int) -> Range<Int>? {
        guard line >= 1, line <= lineStarts.count else { return nil }
        let start = lineStarts[line - 1]
        var end = line < lineStarts.count ? lineStarts[line] - 1 : bytes.count
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        return start..<end
    }

    /// A line as text, or nil if there is no such line.
    public func line(_ line: Int) -> String? {
        range(ofLine: line).map { String(decoding: bytes[$0], as: UTF8.self) }
    }
}
