import Values

/// The concatenated JSON texts at the start of a manifest, in the format that kubectl reads: separated by line breaks,
/// blanks, lines of `---` or nothing.
struct JSONDocuments {
    struct Document {
        var value: Value
        var range: Range<Int>
        /// The line on which it begins, from 1.
        var line: Int
    }

    /// The part after them that is not JSON: YAML, from a line of `---`.
    struct Rest {
        var offset: Int
        var line: Int
    }

    private(set) var found: [Document] = []
    private(set) var rest: Rest?

    /// nil if the text does not begin with JSON, or other text follows in the same document.
    init?(_ bytes: [UInt8], from start: Int, limits: JSONLimits) {
        let first = bytes[start...].first { !DocumentText.isSpace($0) }
        guard first == 0x7b || first == 0x5b else { return nil }
        // `FlowText` is only needed if there is more than one value.
        if let value = try? Self.read(bytes[start...], limits) {
            let range = Self.trimmed(bytes, from: start)
            let line = bytes[..<range.lowerBound].reduce(1) { $1 == 0x0a ? $0 + 1 : $0 }
            found = [Document(value: value, range: range, line: line)]
            return
        }
        guard readStream(bytes, from: start, limits), found.count > 1 || rest != nil else { return nil }
    }

    private static func read(_ bytes: ArraySlice<UInt8>, _ limits: JSONLimits) throws(JSONError) -> Value {
        try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in try JSON.read(bytes, limits: limits) }
    }

    private static func trimmed(_ bytes: [UInt8], from start: Int) -> Range<Int> {
        let first = bytes[start...].firstIndex { !DocumentText.isSpace($0) } ?? start
        let last = bytes.lastIndex { !DocumentText.isSpace($0) } ?? first
        return first..<max(last + 1, first)
    }

    /// The cost of a document in addition to its values.
    private static let valuesOfDocument = 8

    private mutating func readStream(_ bytes: [UInt8], from start: Int, _ limits: JSONLimits) -> Bool {
        let flow = FlowText(text: DocumentText(bytes))
        var offset = start
        var line = 1
        /// The `---` line at the beginning of the current document.
        var marker: Rest?
        var isEmpty = true
        while offset < bytes.count {
            if bytes[offset] == 0x0a { line += 1 }
            if DocumentText.isSpace(bytes[offset]) {
                offset += 1
            } else if Self.isMarker(bytes, at: offset) {
                marker = Rest(offset: offset, line: line)
                isEmpty = true
                offset += 3
            } else if found.count >= limits.values / Self.valuesOfDocument {
                return false
            } else if flow.beginsCollection(at: offset), let end = try? flow.end(ofValueAt: offset),
                let value = try? Self.read(bytes[offset..<end], limits)
            {
                found.append(Document(value: value, range: offset..<end, line: line))
                for byte in bytes[offset..<end] where byte == 0x0a { line += 1 }
                offset = end
                isEmpty = false
            } else {
                rest = marker
                return isEmpty && marker != nil
            }
        }
        return true
    }

    /// Whether a line `---` begins at an offset.
    private static func isMarker(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard bytes[offset...].starts(with: "---".utf8), offset == 0 || bytes[offset - 1] == 0x0a else {
            return false
        }
        return offset + 3 == bytes.count || DocumentText.isSpace(bytes[offset + 3])
    }
}
