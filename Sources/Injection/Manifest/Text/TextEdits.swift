/// Changes to a text: ranges of its bytes and their replacements, collected in any order.
struct TextEdits {
    struct Edit: Equatable {
        /// The range in the text before the change.
        var range: Range<Int>
        var text: [UInt8]
    }

    private(set) var edits: [Edit] = []

    /// The number of edits, for `undo`.
    var count: Int { edits.count }

    mutating func undo(to count: Int) { edits.removeSubrange(count...) }

    mutating func insert(_ text: [UInt8], at offset: Int) {
        edits.append(Edit(range: offset..<offset, text: text))
    }

    mutating func replace(_ range: Range<Int>, by text: [UInt8] = []) {
        edits.append(Edit(range: range, text: text))
    }

    /// The edits in the order of the text; nil if two of them overlap. At the same offset, an insertion comes before a
    /// removal.
    func sorted() -> [Edit]? {
        // Indexes are sorted, because a copy of an edit counts a reference.
        let order = edits.indices.sorted { left, right in
            let (one, other) = (edits[left].range, edits[right].range)
            if one.lowerBound != other.lowerBound { return one.lowerBound < other.lowerBound }
            return one.isEmpty != other.isEmpty ? one.isEmpty : left < right
        }
        var end = 0
        for index in order {
            guard edits[index].range.lowerBound >= end else { return nil }
            end = edits[index].range.upperBound
        }
        return order.map { edits[$0] }
    }

    /// Applies sorted edits to a text.
    static func apply(_ sorted: [Edit], to bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + sorted.reduce(0) { $0 + $1.text.count })
        var next = 0
        for edit in sorted {
            result += bytes[next..<edit.range.lowerBound]
            result += edit.text
            next = edit.range.upperBound
        }
        result += bytes[next...]
        return result
    }

    /// The edits that change the new text back to the original.
    static func reversed(_ sorted: [Edit], of bytes: [UInt8]) -> [Edit] {
        var shift = 0
        return sorted.map { edit in
            let start = edit.range.lowerBound + shift
            shift += edit.text.count - edit.range.count
            return Edit(range: start..<start + edit.text.count, text: Array(bytes[edit.range]))
        }
    }
}
