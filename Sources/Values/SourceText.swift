/// A position in a text. Lines and columns start at 1; columns are counted in bytes.
public struct SourcePosition: Sendable, Hashable {
    public var line: Int
    public var column: Int
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A location: the name of a file or another text, and optionally the position in it.
public struct SourceLocation: Sendable, Hashable {
    public var name: String
    public var position: SourcePosition?
    public init(_ name: String, _ position: SourcePosition? = nil) {
        self.name = name
        self.position = position
    }
}

extension SourceLocation: CustomStringConvertible {
    /// The location as compilers print it: `name` or `name:line:column`.
    public var description: String {
        guard let position else { return name }
        return "\(name):\(position.line):\(position.column)"
    }
}

/// A text that errors refer to. It converts byte offsets to lines and columns, and returns lines.
public struct SourceText: Sendable {
    public let bytes: [UInt8]
    /// The offset of the start of each line.
    private let lineStarts: [Int]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (index, byte) in bytes.enumerated() where byte == 0x0A { starts.append(index + 1) }
        lineStarts = starts
    }

    public init(_ text: String) { self.init(Array(text.utf8)) }

    /// Returns the position of a byte offset, for a text of which only one position is needed.
    ///
    /// - Parameter bytes: the text, of which the bytes before the offset are read.
    public static func position(of offset: Int, in bytes: some Sequence<UInt8>) -> SourcePosition {
        // Iterating over a generic sequence would look up the sequence's type for each byte.
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

    /// The number of lines; an empty text has one.
    public var lineCount: Int { lineStarts.count }

    /// Returns the position of a byte offset. An offset outside the text is clamped.
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

    /// Returns the byte offset of a position, or nil if there is no such line. A column after the end of the line is
    /// clamped.
    public func offset(of position: SourcePosition) -> Int? {
        guard let range = range(ofLine: position.line) else { return nil }
        return min(range.lowerBound + max(position.column, 1) - 1, range.upperBound)
    }

    /// Returns the byte range of a line without its line break, or nil if there is no such line.
    public func range(ofLine line: Int) -> Range<Int>? {
        guard line >= 1, line <= lineStarts.count else { return nil }
        let start = lineStarts[line - 1]
        var end = line < lineStarts.count ? lineStarts[line] - 1 : bytes.count
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        return start..<end
    }

    /// Returns a line as a string, or nil if there is no such line.
    public func line(_ line: Int) -> String? {
        range(ofLine: line).map { String(decoding: bytes[$0], as: UTF8.self) }
    }
}
