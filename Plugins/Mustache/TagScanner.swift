import PluginAPI
import Values

/// Scans bytes for tags, in the order of the source. Anything between two tags is text.
struct TagScanner {
    private let bytes: ArraySlice<UInt8>
    private let base: Int
    private var delimiters: Delimiters
    private var position: Int

    /// - Parameter bytes: a slice of the program's pool. The offsets of tags are relative to the slice's first byte.
    init(_ bytes: ArraySlice<UInt8>, delimiters: Delimiters) {
        self.bytes = bytes
        base = bytes.startIndex
        self.delimiters = delimiters
        position = bytes.startIndex
    }

    /// - Parameter most: the largest number of tags.
    mutating func scan(most: Int) throws(SyntaxError) -> [Tag] {
        var tags: [Tag] = []
        while let start = find(delimiters.left, from: position) {
            guard tags.count < most else {
                throw SyntaxError(
                    ReachedLimit(.nodes, value: most), "more than \(most) tags", at: start - base)
            }
            tags.append(try tag(at: start))
        }
        return tags
    }

    private mutating func tag(at start: Int) throws(SyntaxError) -> Tag {
        var index = skipWhite(from: start + delimiters.left.count)
        let sigil = index < bytes.endIndex ? bytes[index] : 0
        let kind: Tag.Kind
        var closing = delimiters.right
        switch sigil {
        case UInt8(ascii: "{"):
            kind = .unescaped
            closing.insert(UInt8(ascii: "}"), at: 0)
        case UInt8(ascii: "="):
            kind = .delimiters
            closing.insert(UInt8(ascii: "="), at: 0)
        case UInt8(ascii: "&"): kind = .unescaped
        case UInt8(ascii: "#"): kind = .section
        case UInt8(ascii: "^"): kind = .inverted
        case UInt8(ascii: "/"): kind = .close
        case UInt8(ascii: "!"): kind = .comment
        case UInt8(ascii: ">"): kind = .partial
        case UInt8(ascii: "<"): kind = .parent
        case UInt8(ascii: "$"): kind = .block
        default: kind = .variable
        }
        // A right delimiter that begins with the sigil's byte (`|#|`) still closes the tag.
        if kind != .variable, !begins(with: delimiters.right, at: index) || kind == .delimiters { index += 1 }
        guard let end = find(closing, from: index) else {
            throw SyntaxError(
                "tag \"\(shown(start..<min(start + 20, bytes.endIndex)))\" is not closed: "
                    + "expected \"\(String(decoding: closing, as: UTF8.self))\"", at: start - base)
        }
        position = end + closing.count
        var tag = Tag(
            kind: kind, range: start - base..<position - base, name: start - base..<start - base,
            isDynamic: false)
        switch kind {
        case .comment: break
        case .delimiters: try setDelimiters(from: index, to: end, at: start)
        default: try name(&tag, from: index, to: end, at: start)
        }
        return tag
    }

    private func name(_ tag: inout Tag, from: Int, to: Int, at start: Int) throws(SyntaxError) {
        var low = skipWhite(from: from)
        var high = to
        while high > low, isWhite(bytes[high - 1]) { high -= 1 }
        if tag.kind == .partial || tag.kind == .parent, low < high, bytes[low] == UInt8(ascii: "*") {
            tag.isDynamic = true
            low = min(skipWhite(from: low + 1), high)
        }
        guard low < high else {
            throw SyntaxError("tag \"\(shown(start..<position))\" has no name", at: start - base)
        }
        var inner = bytes[low..<high]
        // The closing tag of a dynamic parent repeats its asterisk, which white space may follow.
        if tag.kind == .close, inner.first == UInt8(ascii: "*") {
            inner = inner.dropFirst().drop(while: isWhite)
        }
        guard !inner.contains(where: isWhite) else {
            throw SyntaxError(
                "name \"\(shown(low..<high))\" has white space in it: a name is one word, and there are no "
                    + "conditions or loops beside sections", at: low - base)
        }
        if tag.isDynamic || [.variable, .unescaped, .section, .inverted].contains(tag.kind) {
            try checkPath(low..<high)
        }
        tag.name = low - base..<high - base
    }

    /// Checks that a name is words joined by single dots, or a single dot.
    private func checkPath(_ range: Range<Int>) throws(SyntaxError) {
        let dot = UInt8(ascii: ".")
        let name = bytes[range]
        if name.count == 1, name.first == dot { return }
        var previous = dot
        for byte in name {
            guard byte != dot || previous != dot else { throw malformed(range) }
            previous = byte
        }
        guard previous != dot else { throw malformed(range) }
    }

    private func malformed(_ range: Range<Int>) -> SyntaxError {
        SyntaxError(
            "name \"\(shown(range))\" is malformed: expected words joined by single dots, or a dot alone",
            at: range.lowerBound - base)
    }

    private mutating func setDelimiters(from: Int, to: Int, at start: Int) throws(SyntaxError) {
        let words = to > from ? bytes[from..<to].split(whereSeparator: isWhite) : []
        guard words.count == 2, words.allSatisfy({ !$0.contains(UInt8(ascii: "=")) }) else {
            throw SyntaxError(
                "tag \"\(shown(start..<position))\" does not set delimiters: "
                    + "expected two words without \"=\", as in {{=<% %>=}}", at: start - base)
        }
        delimiters = Delimiters(left: Array(words[0]), right: Array(words[1]))
        guard delimiters.left.count <= Delimiters.longest, delimiters.right.count <= Delimiters.longest else {
            throw SyntaxError(
                "a delimiter has more than \(Delimiters.longest) bytes", at: start - base)
        }
    }

    private func skipWhite(from start: Int) -> Int {
        var index = start
        while index < bytes.endIndex, isWhite(bytes[index]) { index += 1 }
        return index
    }

    private func begins(with word: [UInt8], at index: Int) -> Bool {
        guard index + word.count <= bytes.endIndex else { return false }
        for offset in word.indices where bytes[index + offset] != word[offset] { return false }
        return true
    }

    /// Returns the first offset of the word from `start` on; nil if it does not occur.
    private func find(_ word: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBufferPointer { source in
            word.withUnsafeBufferPointer { ByteSearch.index(of: $0, in: source, from: start - base) }
        }.map { $0 + base }
    }

    private func shown(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
