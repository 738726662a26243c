import PluginAPI

/// Which unquoted YAML scalars a template's tags are in, and where those begin and end: settled before compiling.
///
/// A scalar that is one tag is quoted by its value alone. One of several parts (`{{host}}:{{port}}`, `v{{major}}`) is
/// written first and quoted as a whole where its text asks for it; for that it has to begin and end in the same
/// section. Where it does not, or a partial is in it, or it goes on on the next line, each value has to be harmless.
struct ScalarRegions {
    /// A place in the source where a scalar of several parts begins or ends.
    struct Mark {
        var offset: Int
        var begins: Bool
        var isInFlow: Bool
    }

    /// By the index of the tag.
    private(set) var styles: [Int: ValueStyle] = [:]
    /// In the order of the source.
    private(set) var marks: [Mark] = []

    private let tags: [Tag]
    private let tree: TagTree
    private let bytes: ArraySlice<UInt8>
    private let base: Int

    /// An unquoted scalar: offsets of the source.
    private struct Scalar {
        var range: Range<Int>
        var isInFlow: Bool
        /// It goes on on the next line, so that it cannot be quoted.
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
                        // Settled with the first tag of the scalar.
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

    // MARK: Where a scalar ends

    private func scalar(from start: Int, tag index: Int, _ context: EscapeContext) -> Scalar {
        let (end, lineEnd) = end(after: index, isInFlow: context.isInFlow)
        let continues =
            lineEnd.map { goesOn(behind: $0, deeperThan: context.parentColumn, isInFlow: context.isInFlow) }
            ?? false
        return Scalar(range: start..<end, isInFlow: context.isInFlow, continues: continues)
    }

    /// The end of the scalar that a tag is in, and the line's end where that is what ends it.
    private func end(after tag: Int, isInFlow: Bool) -> (offset: Int, lineEnd: Int?) {
        var index = tags[tag].range.upperBound
        var nextTag = tag + 1
        // Behind the last byte that is no blank.
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

    /// Whether the line behind a line's end belongs to the same scalar.
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
                // A line of a section's tag alone writes nothing.
                continue
            }
            if isInFlow { return !",]}".utf8.contains(byte) }
            return index - start > column
        }
        return false
    }

    // MARK: How its parts are written

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

    /// Leaves out tags at the ends that open or close a section reaching beyond them, and answers the tags inside.
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
