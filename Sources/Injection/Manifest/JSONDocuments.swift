import Values

/// The JSON texts at the start of a manifest, one after another as kubectl reads them: with line breaks, blanks, lines of
/// `---` or nothing between them.
struct JSONDocuments {
    struct Document {
        var value: Value
        var range: Range<Int>
        /// The line that it begins on, from 1.
        var line: Int
    }

    /// What comes after them and is not JSON: YAML from a line of `---` on.
    struct Rest {
        var offset: Int
        var line: Int
    }

    private(set) var found: [Document] = []
    private(set) var rest: Rest?

    /// nil where the text does not begin with JSON, or goes on with something else in the same document.
    init?(_ bytes: [UInt8], from start: Int, limits: JSONLimits) {
        let first = bytes[start...].first { !DocumentText.isSpace($0) }
        guard first == 0x7b || first == 0x5b else { return nil }
        // The document's own text object is only needed where there is more than one value.
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

    /// What a document costs besides its values.
    private static let valuesOfDocument = 8

    private mutating func readStream(_ bytes: [UInt8], from start: Int, _ limits: JSONLimits) -> Bool {
        let flow = FlowText(text: DocumentText(bytes))
        var offset = start
        var line = 1
        /// The line of `---` that began the document that is read.
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

    /// Whether a line that begins a document does.
    private static func isMarker(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard bytes[offset...].starts(with: "---".utf8), offset == 0 || bytes[offset - 1] == 0x0a else {
            return false
        }
        return offset + 3 == bytes.count || DocumentText.isSpace(bytes[offset + 3])
    }
}
