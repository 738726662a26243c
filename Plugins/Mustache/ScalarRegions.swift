import PluginAPI

/// Determines, before compilation, which unquoted YAML scalars a template's tags are in, and where they begin and end.
///
/// A scalar that is a single tag is quoted according to its value. One of several parts (`{{host}}:{{port}}`,
/// `v{{major}}`) is written first, and then quoted as a whole if its text requires it. To do so, it must begin and end
/// in the same section. If it does not, or contains a partial, or continues on the next line, each value must be
/// harmless.
struct ScalarRegions {
    /// A place in the source where a scalar of several parts begins or ends.
    struct Mark {
        var offset: Int
        var begins: Bool
        var isInFlow: Bool
    }

    /// The styles by the index of the tag.
    private(set) var styles: [Int: ValueStyle] = [:]
    /// The marks in the order of the source.
    private(set) var marks: [Mark] = []

    private let tags: [Tag]
    private let tree: TagTree
    private let bytes: ArraySlice<UInt8>
    private let base: Int

    /// An unquoted scalar, with offsets in the source.
    private struct Scalar {
        var range: Range<Int>
        var isInFlow: Bool
        /// Whether it continues on the next line, so that it cannot be quoted.
        var continues: Bool
    }

    init(_ tags: [Tag], _ tree: TagTree, in bytes: ArraySlice<UInt8>) {
        self.tags = tags
        self.tree = tree
        self.bytes = bytes
        base = bytes.startIndex
        var context = EscapeContext(.yaml)
        var position = 0
        var last: Scalar?
        for (index, tag) in tags.enumerated() {
            let place = tag.range.lowerBound
            context.feed(bytes[base + position..<base + place], origin: base)
            position = tag.range.upperBound
            let isIgnored = tree.container[index] >= 0 && tags[tree.container[index]].kind == .parent
            switch tag.kind {
            case .variable where !isIgnored:
                if context.isBare {
                    if context.continuesLine {
                        styles[index] = .yamlContinued
                    } else if last.map({ $0.range.contains(place) }) ?? false {
                        // Determined with the first tag of the scalar.
                    } else {
                        let scalar = scalar(from: context.start(ofTagAt: place), tag: index, context)
                        settle(scalar, hasForeignTag: context.hasForeignTag)
                        last = scalar
                    }
                }
                context.feedValue(at: place)
            case .unescaped where !isIgnored, .partial where !isIgnored: context.feedValue(at: place)
            case .close where tags[tree.partner[index]].kind == .parent: context.feedValue(at: place)
            default: context.feedTag(at: place)
            }
        }
        marks.sort { $0.offset < $1.offset }
    }

    // MARK: The end of a scalar

    private func scalar(from start: Int, tag index: Int, _ context: EscapeContext) -> Scalar {
        let (end, lineEnd) = end(after: index, isInFlow: context.isInFlow)
        let continues =
            lineEnd.map { goesOn(behind: $0, deeperThan: context.parentColumn, isInFlow: context.isInFlow) }
            ?? false
        return Scalar(range: start..<end, isInFlow: context.isInFlow, continues: continues)
    }

    /// Returns the end of the scalar that contains a tag, and the line's end if the scalar ends there.
    private func end(after tag: Int, isInFlow: Bool) -> (offset: Int, lineEnd: Int?) {
        var index = tags[tag].range.upperBound
        var nextTag = tag + 1
        // The offset after the last non-blank byte.
        var end = index
        while true {
            if nextTag < tags.count, index == tags[nextTag].range.lowerBound {
                index = tags[nextTag].range.upperBound
                end = index
                nextTag += 1
                continue
            }
            guard index < bytes.count else { return (end, index) }
            let byte = bytes[base + index]
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return (end, index)
            case UInt8(ascii: "#") where end < index: return (end, nil)
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "["),
                UInt8(ascii: "{"):
                if isInFlow { return (end, nil) }
                end = index + 1
            case UInt8(ascii: ":"):
                if endsKey(at: index, isInFlow) { return (end, nil) }
                end = index + 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"): break
            default: end = index + 1
            }
            index += 1
        }
    }

    private func endsKey(at colon: Int, _ isInFlow: Bool) -> Bool {
        let next = colon + 1
        guard next < bytes.count else { return true }
        if tags.contains(where: { $0.range.lowerBound == next }) { return false }
        let byte = bytes[base + next]
        return isWhite(byte) || isInFlow && ",[]{}".utf8.contains(byte)
    }

    /// Whether the line after a line's end continues the same scalar.
    private func goesOn(behind lineEnd: Int, deeperThan column: Int, isInFlow: Bool) -> Bool {
        var index = lineEnd
        while index < bytes.count {
            // The next line's indentation and first byte.
            while index < bytes.count, bytes[base + index] != UInt8(ascii: "\n") { index += 1 }
            index += 1
            let start = index
            while index < bytes.count, bytes[base + index] == UInt8(ascii: " ") { index += 1 }
            guard index < bytes.count else { return false }
            let byte = bytes[base + index]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { continue }
            if byte == UInt8(ascii: "#") { return false }
            if let tag = tags.first(where: { $0.range.lowerBound == index }), tag.kind != .variable,
                tag.kind != .unescaped
            {
                // A line with only a section's tag writes nothing.
                continue
            }
            if isInFlow { return !",]}".utf8.contains(byte) }
            return index - start > column
        }
        return false
    }

    // MARK: The styles of its parts

    private mutating func settle(_ scalar: Scalar, hasForeignTag: Bool) {
        var range = scalar.range
        let inside = trim(&range)
        let isRegular = inside.allSatisfy { index in
            switch tags[index].kind {
            case .unescaped, .partial, .parent, .block: return false
            case .section, .inverted, .close:
                let partner = tags[tree.partner[index]]
                return range.contains(partner.range.lowerBound)
            case .variable, .comment, .delimiters: return true
            }
        }
        let variables = inside.filter { tags[$0].kind == .variable }
        if scalar.continues {
            for index in variables { styles[index] = .yamlContinued }
        } else if variables.count == 1, tags[variables[0]].range == range {
            styles[variables[0]] = hasForeignTag ? .yamlFirstPart : .yamlScalar
        } else if isRegular, !hasForeignTag {
            for index in variables { styles[index] = .yamlRaw }
            marks.append(Mark(offset: range.lowerBound, begins: true, isInFlow: scalar.isInFlow))
            marks.append(Mark(offset: range.upperBound, begins: false, isInFlow: scalar.isInFlow))
        } else {
            let isText = literals(in: range, inside).contains { "/@$()%=;\\".utf8.contains($0) }
            for index in variables {
                let isFirst = tags[index].range.lowerBound == range.lowerBound
                styles[index] = !isText ? .yamlDoubtfulPart : isFirst ? .yamlFirstPart : .yamlPart
            }
        }
    }

    /// Removes tags at the ends that open or close a section extending beyond the range, and returns the tags inside.
    private func trim(_ range: inout Range<Int>) -> [Int] {
        let bounds = range
        var inside = tags.indices.filter { bounds.contains(tags[$0].range.lowerBound) }
        while let first = inside.first, tags[first].range.lowerBound == range.lowerBound,
            tags[first].kind == .section || tags[first].kind == .inverted,
            tags[tree.partner[first]].range.lowerBound >= range.upperBound
        {
            inside.removeFirst()
            range = tags[first].range.upperBound..<max(range.upperBound, tags[first].range.upperBound)
        }
        while let last = inside.last, tags[last].range.upperBound == range.upperBound,
            tags[last].kind == .close,
            tags[tree.partner[last]].range.lowerBound < range.lowerBound
        {
            inside.removeLast()
            range = range.lowerBound..<tags[last].range.lowerBound
        }
        return inside
    }

    private func literals(in range: Range<Int>, _ inside: [Int]) -> [UInt8] {
        var result: [UInt8] = []
        var position = range.lowerBound
        for index in inside {
            result += bytes[base + position..<base + max(position, tags[index].range.lowerBound)]
            position = max(position, tags[index].range.upperBound)
        }
        if position < range.upperBound { result += bytes[base + position..<base + range.upperBound] }
        return result
    }
}
