/// Finds the parts of a text in flow style, which includes JSON: the entries of one collection at a time.
///
/// Syntax that it does not support (anchors, tags, `?` keys, single pairs in a sequence) is an error: the text is then
/// rewritten from its value. The result of an edit is parsed again, so that a mistake here cannot change a value.
struct FlowText {
    let text: DocumentText

    /// A member or item.
    struct Entry {
        /// The range from the key, or the item, to the end of the value.
        var range: Range<Int>
        /// The offset of the value; nil for a key alone.
        var value: Int?
        /// The offset after the comma that follows; nil if there is no comma.
        var commaEnd: Int?
    }

    struct Collection {
        var isMapping: Bool
        /// The range including the brackets.
        var range: Range<Int>
        var entries: [Entry]
    }

    private var bytes: [UInt8] { text.bytes }

    /// Whether a collection in flow style begins at an offset.
    func beginsCollection(at offset: Int) -> Bool {
        offset < bytes.count && (bytes[offset] == 0x7b || bytes[offset] == 0x5b)
    }

    /// - Parameter start: the offset of the opening bracket.
    func collection(at start: Int) throws(Unsuitable) -> Collection {
        guard beginsCollection(at: start) else { throw Unsuitable() }
        let isMapping = bytes[start] == 0x7b
        var entries: [Entry] = []
        var offset = try content(from: start + 1)
        while bytes[offset] != (isMapping ? 0x7d : 0x5d) {
            var entry = try isMapping ? member(at: offset) : item(at: offset)
            offset = try content(from: entry.range.upperBound)
            if bytes[offset] == 0x2c {
                entry.commaEnd = offset + 1
                offset = try content(from: offset + 1)
            } else if bytes[offset] != (isMapping ? 0x7d : 0x5d) {
                throw Unsuitable()
            }
            entries.append(entry)
        }
        return Collection(isMapping: isMapping, range: start..<offset + 1, entries: entries)
    }

    private func member(at start: Int) throws(Unsuitable) -> Entry {
        let keyEnd = try scalarEnd(from: start)
        let colon = try content(from: keyEnd)
        guard bytes[colon] == 0x3a else { return Entry(range: start..<keyEnd, value: nil, commaEnd: nil) }
        let value = try content(from: colon + 1)
        if bytes[value] == 0x2c || bytes[value] == 0x7d {
            return Entry(range: start..<colon + 1, value: nil, commaEnd: nil)
        }
        return Entry(range: start..<(try end(ofValueAt: value)), value: value, commaEnd: nil)
    }

    private func item(at start: Int) throws(Unsuitable) -> Entry {
        let end = try end(ofValueAt: start)
        // `[a: b]` contains a mapping with one member.
        guard bytes[try content(from: end)] != 0x3a else { throw Unsuitable() }
        return Entry(range: start..<end, value: start, commaEnd: nil)
    }

    /// The end of a scalar or collection, whatever it contains.
    func end(ofValueAt start: Int) throws(Unsuitable) -> Int {
        guard beginsCollection(at: start) else { return try scalarEnd(from: start) }
        var depth = 0
        var offset = start
        repeat {
            switch bytes[offset] {
            case 0x7b, 0x5b:
                depth += 1
                offset += 1
            case 0x7d, 0x5d:
                depth -= 1
                offset += 1
            case 0x2c, 0x3a: offset += 1
            default: offset = try scalarEnd(from: offset)
            }
            if depth > 0 { offset = try content(from: offset) }
        } while depth > 0
        return offset
    }

    private func scalarEnd(from start: Int) throws(Unsuitable) -> Int {
        switch bytes[start] {
        case 0x22, 0x27:
            guard let end = text.quotedEnd(from: start) else { throw Unsuitable() }
            return end
        // A plain scalar that begins with & ! * ? , : | > % @ ` or a bracket is not handled here.
        case 0x26, 0x21, 0x2a, 0x3f, 0x2c, 0x7c, 0x3e, 0x25, 0x40, 0x60, 0x7b, 0x7d, 0x5b, 0x5d, 0x3a:
            throw Unsuitable()
        default: break
        }
        var end = start
        var offset = start
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == 0x2c || byte == 0x7b || byte == 0x7d || byte == 0x5b || byte == 0x5d { break }
            if byte == 0x23, offset > start, DocumentText.isSpace(bytes[offset - 1]) { break }
            if byte == 0x3a, offset + 1 < bytes.count,
                DocumentText.isSpace(bytes[offset + 1]) || ",{}[]".utf8.contains(bytes[offset + 1])
            {
                break
            }
            if !DocumentText.isSpace(byte) { end = offset + 1 }
            offset += 1
        }
        guard end > start else { throw Unsuitable() }
        return end
    }

    /// The offset of the first byte that is neither blank nor part of a comment.
    private func content(from start: Int) throws(Unsuitable) -> Int {
        var offset = start
        while offset < bytes.count {
            if DocumentText.isSpace(bytes[offset]) {
                offset += 1
            } else if bytes[offset] == 0x23, offset > 0,
                offset > start || DocumentText.isSpace(bytes[offset - 1])
            {
                while offset < bytes.count, bytes[offset] != 0x0a { offset += 1 }
            } else {
                return offset
            }
        }
        throw Unsuitable()
    }
}

/// The error of a text that cannot be edited in place: the part around it is rewritten.
struct Unsuitable: Error {}
