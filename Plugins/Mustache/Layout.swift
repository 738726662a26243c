/// Determines which bytes around a tag are removed with it, and the indentation of the tag.
///
/// The specification has a rule for standalone tags: a tag that is alone on its line, and writes nothing itself,
/// removes the line. Inheritance requires more rules, because its tags come in pairs, and several may be on one line:
///
/// | line                              | what happens                                                          |
/// | --------------------------------- | --------------------------------------------------------------------- |
/// | `  {{#a}}`, `{{! c }}`, `{{>p}}` …| the line is removed; white space before a partial indents its lines   |
/// | `  {{<p}} … {{/p}}` (one or many) | the pair is treated as one partial                                    |
/// | `  {{$b}}` or `{{<p}}{{$b}}`      | the line end is removed: the block's content begins on the next line  |
/// | `  {{/b}}` or `{{/b}}{{/p}}`      | as any closing tag                                                    |
/// | `  {{$b}}text{{/b}}`              | the line is kept: the block is a part of it                           |
struct Layout {
    struct Place {
        /// The end of the text before the tag.
        var textEnd: Int
        /// The start of the text after the tag.
        var textStart: Int
        /// The white space before the tag if nothing else is before it on its line; otherwise empty.
        var indent: Range<Int>
        /// Whether only white space is before the tag on its line.
        var isFirst: Bool
        /// Whether only white space is after the tag on its line.
        var isLast: Bool
        /// Whether the white space before the tag was removed, so that its output begins on a line of its own.
        var ownLine = false
        /// The start of the line after the tag, used if the tag's line is removed.
        var nextLine: Int
    }

    private(set) var places: [Place] = []
    private let bytes: ArraySlice<UInt8>
    private let base: Int

    init(_ tags: [Tag], tree: TagTree, in bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        base = bytes.startIndex
        places.reserveCapacity(tags.count)
        var previousEnd = 0
        for (index, tag) in tags.enumerated() {
            let next = index + 1 < tags.count ? tags[index + 1].range.lowerBound : bytes.count
            places.append(place(tag, after: previousEnd, before: next))
            previousEnd = tag.range.upperBound
        }
        var first = 0
        while first < tags.count {
            var last = first
            while last + 1 < tags.count, !places[last].isLast, onlyBlanks(between: tags[last], tags[last + 1])
            {
                last += 1
            }
            if places[first].isFirst, places[last].isLast { settle(first...last, tags, tree) }
            first = last + 1
        }
        for index in tags.indices where tags[index].kind == .parent {
            let close = tree.partner[index]
            if places[index].isFirst, places[close].isLast {
                dropBefore(index)
                dropAfter(close)
            }
        }
    }

    /// Returns the indentation of the first non-blank line from `start` on; nil if that line's text begins at or after
    /// `end`.
    func firstIndent(from start: Int, to end: Int) -> Range<Int>? {
        var line = start
        var index = start
        while index < end {
            let byte = bytes[base + index]
            if byte == UInt8(ascii: "\n") {
                line = index + 1
            } else if !isBlank(byte), byte != UInt8(ascii: "\r") {
                return line..<index
            }
            index += 1
        }
        return nil
    }

    private func place(_ tag: Tag, after low: Int, before high: Int) -> Place {
        var start = tag.range.lowerBound
        while start > low, isBlank(bytes[base + start - 1]) { start -= 1 }
        let isFirst = start == 0 || bytes[base + start - 1] == UInt8(ascii: "\n")
        var end = tag.range.upperBound
        while end < high, isBlank(bytes[base + end]) { end += 1 }
        var isLast = end == bytes.count
        var nextLine = end
        if end < high {
            if bytes[base + end] == UInt8(ascii: "\n") {
                isLast = true
                nextLine = end + 1
            } else if bytes[base + end] == UInt8(ascii: "\r"), end + 1 < high,
                bytes[base + end + 1] == UInt8(ascii: "\n")
            {
                isLast = true
                nextLine = end + 2
            }
        }
        return Place(
            textEnd: tag.range.lowerBound, textStart: tag.range.upperBound,
            indent: isFirst ? start..<tag.range.lowerBound : tag.range.lowerBound..<tag.range.lowerBound,
            isFirst: isFirst, isLast: isLast, nextLine: nextLine)
    }

    private func onlyBlanks(between left: Tag, _ right: Tag) -> Bool {
        for index in left.range.upperBound..<right.range.lowerBound where !isBlank(bytes[base + index]) {
            return false
        }
        return true
    }

    /// Determines the layout of a line that contains only these tags and white space.
    private mutating func settle(_ run: ClosedRange<Int>, _ tags: [Tag], _ tree: TagTree) {
        let (first, last) = (run.lowerBound, run.upperBound)
        func inherits(_ index: Int) -> Bool {
            let opening = tags[index].kind == .close ? tags[tree.partner[index]].kind : tags[index].kind
            return opening == .parent || opening == .block
        }
        if first == last, !inherits(first) {
            guard tags[first].kind != .variable, tags[first].kind != .unescaped else { return }
            dropBefore(first)
            dropAfter(first)
            return
        }
        guard run.allSatisfy(inherits) else { return }
        // A pair that writes something makes the line a text line. A block within a parent writes nothing here.
        for index in run where tags[index].kind == .close {
            let opening = tree.partner[index]
            let isParent = tags[opening].kind == .parent
            let isArgument = tree.container[index] >= 0 && tags[tree.container[index]].kind == .parent
            if run.contains(opening) ? !isArgument : isParent && index != last { return }
        }
        if isBlockEdge(first, tags, tree) { dropBefore(first) }
        if isBlockEdge(last, tags, tree) { dropAfter(last) }
    }

    private func isBlockEdge(_ index: Int, _ tags: [Tag], _ tree: TagTree) -> Bool {
        tags[index].kind == .block || (tags[index].kind == .close && tags[tree.partner[index]].kind == .block)
    }

    private mutating func dropBefore(_ index: Int) {
        places[index].textEnd = places[index].indent.lowerBound
        places[index].ownLine = true
    }

    private mutating func dropAfter(_ index: Int) {
        places[index].textStart = places[index].nextLine
    }
}
