/// The comments of a piece of YAML that will be removed, so that they can be kept.
struct Comments {
    /// The comments, each from its `#` to the end of its line.
    private(set) var found: [ArraySlice<UInt8>] = []
    /// The quote that is still open at the end of the line, or 0.
    private var quote: UInt8 = 0
    /// The indentation of the line that began a block scalar, and of the scalar's own lines, once one was read.
    private var block: (header: Int, content: Int?)?

    /// - Parameter bytes: whole lines, or the rest of one and whole lines after it.
    init(in bytes: ArraySlice<UInt8>) {
        for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: true) { read(line) }
    }

    private mutating func read(_ line: ArraySlice<UInt8>) {
        let indent = line.prefix { $0 == 0x20 }.count
        if let block, quote == 0 {
            let isEmpty = line.allSatisfy(DocumentText.isSpace)
            if isEmpty || indent >= block.content ?? (block.header + 1) {
                if !isEmpty, block.content == nil { self.block?.content = indent }
                return
            }
            self.block = nil
        }
        var last: UInt8 = 0
        var offset = line.startIndex
        var end = line.endIndex
        while offset < end {
            let byte = line[offset]
            if quote != 0 {
                if byte == 0x5c, quote == 0x22 {
                    offset += 1
                } else if byte == quote {
                    if quote == 0x27, offset + 1 < end, line[offset + 1] == quote {
                        offset += 1
                    } else {
                        quote = 0
                    }
                }
                last = byte
            } else if byte == 0x23, offset == line.startIndex || DocumentText.isSpace(line[offset - 1]) {
                found.append(line[offset...].last == 0x0d ? line[offset...].dropLast() : line[offset...])
                end = offset
            } else if byte == 0x22 || byte == 0x27, last == 0 || "[{,:-?".utf8.contains(last) {
                quote = byte
            } else if !DocumentText.isSpace(byte) {
                last = byte
            }
            offset += 1
        }
        if quote == 0, Self.beginsBlock(line[..<end]) { block = (indent, nil) }
    }

    /// Whether a line ends with the header of a block scalar: `|` or `>` with indicators.
    private static func beginsBlock(_ line: ArraySlice<UInt8>) -> Bool {
        var rest = line
        while let byte = rest.last, DocumentText.isSpace(byte) { rest.removeLast() }
        while let byte = rest.last, byte == 0x2b || byte == 0x2d || (0x31...0x39).contains(byte) {
            rest.removeLast()
        }
        guard let byte = rest.last, byte == 0x7c || byte == 0x3e else { return false }
        rest.removeLast()
        return rest.last.map(DocumentText.isSpace) ?? true
    }

    /// Formats the comments as lines of their own.
    func lines(indent: Int, newline: [UInt8]) -> [UInt8] {
        found.flatMap { [UInt8](repeating: 0x20, count: indent) + $0 + newline }
    }
}
