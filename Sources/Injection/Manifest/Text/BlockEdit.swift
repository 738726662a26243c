import Values
import YAML

#if canImport(Glibc)
    import Glibc
#endif

/// Edits a document in block style, line by line. `FlowEdit` edits values in flow style within it.
struct BlockEdit {
    /// How the end of a node is treated.
    enum Ending: CaseIterable {
        /// Blank lines after the node belong to the next one.
        case usual
        /// The blank lines belong to the node.
        case keepsBlanks
        /// The blank lines belong to the node, and a block scalar at the end of the document is marked as one without a
        /// line break.
        case stripsLastBlock
    }

    private let text: DocumentText
    private let layout: YAMLLayout
    private let style: YAMLStyle
    private let ending: Ending
    private var edits = TextEdits()

    private typealias Lines = DocumentText.Lines
    private typealias Place = DocumentText.Place
    private var bytes: [UInt8] { text.bytes }
    private var lines: [Int] { text.lines }

    init(_ text: DocumentText, _ layout: YAMLLayout, _ value: Value, ending: Ending) {
        self.text = text
        self.layout = layout
        self.ending = ending
        style = TextStyle(text, layout, value).block
    }

    /// Returns the sorted edits; nil if the text cannot be edited.
    mutating func edited(from old: Value, to new: Value) -> [TextEdits.Edit]? {
        guard case .object(let left) = old, case .object(let right) = new, !layout.nodes.isEmpty else {
            return nil
        }
        do throws(Unsuitable) {
            let start = layout.nodes[0].offset
            if FlowText(text: text).beginsCollection(at: start) {
                try editFlow(at: start, from: old, to: new)
            } else {
                try editMapping(left, right, at: 0, in: 0..<lines.count - 1)
            }
            if ending == .stripsLastBlock { try stripLastBlock() }
        } catch {
            return nil
        }
        return edits.sorted().map(keepingEnd)
    }

    /// Adapts the edits so that a text without a line break at its end still has none after its last lines are removed.
    private func keepingEnd(_ sorted: [TextEdits.Edit]) -> [TextEdits.Edit] {
        var edits = sorted
        guard text.endsWithinLine, let last = edits.last, last.range.upperBound == bytes.count,
            !last.range.isEmpty, last.text.isEmpty, last.range.lowerBound > 0
        else { return edits }
        let index = edits.count - 1
        if index > 0, edits[index - 1].range.upperBound == last.range.lowerBound {
            if edits[index - 1].text.suffix(text.newline.count) == text.newline[...] {
                edits[index - 1].text.removeLast(text.newline.count)
            }
            return edits
        }
        let end = text.lineEnd(from: max(last.range.lowerBound - 2, 0))
        guard end < last.range.lowerBound, index == 0 || edits[index - 1].range.upperBound <= end else {
            return edits
        }
        edits[index].range = end..<last.range.upperBound
        return edits
    }

    private func place(of node: Int) -> Place { text.place(of: layout.nodes[node].offset) }

    private mutating func editFlow(at offset: Int, from old: Value, to new: Value) throws(Unsuitable) {
        let unit = String(repeating: " ", count: style.mapping)
        var flow = FlowEdit(text, isJSON: false, unit: unit, edits: edits)
        flow.quotes = style.quotes
        try flow.edit(at: offset, from: old, to: new)
        edits = flow.edits
    }

    // MARK: Mappings

    /// A member, by its index in the old object, with the position of its key and its lines.
    private struct Part {
        var index: Int
        var node: Int
        var place: Place
        var extent: Lines
        /// The index of its key in the new object; nil if the member is removed.
        var new: Int?
    }

    /// - Parameter range: the lines that the mapping may have: up to the next node outside it.
    private mutating func editMapping(
        _ old: Object, _ new: Object, at node: Int, in range: Lines
    ) throws(Unsuitable) {
        guard !old.isEmpty, !new.isEmpty else { throw Unsuitable() }
        let parts = try parts(of: old, in: new, at: node, in: range)
        let indent = parts[0].place.column
        try cut(parts, indent: indent)
        for part in parts {
            guard let index = part.new, !areEqual(old, part.index, new, index) else { continue }
            let value = new.members[index].value
            let start = edits.count
            do {
                try editMember(part, from: old.members[part.index].value, to: value, indent: indent)
            } catch {
                edits.undo(to: start)
                try rewrite(new.members[index].key, value, in: part.extent, indent: indent)
            }
        }
        let added = addedMembers(of: new, beside: parts)
        guard !added.isEmpty else { return }
        let place: Int
        if let last = parts.last(where: { $0.new != nil }) {
            place = lines[last.extent.upperBound]
        } else if text.isBlank(before: indent, on: parts[0].place.line) {
            place = lines[parts[0].extent.lowerBound]
        } else {
            throw Unsuitable()
        }
        let style = style(beside: parts, of: old, for: added)
        insert(written(.object(Object(added)), indent: indent, style: style), at: place)
    }

    /// Whether two members have equal values.
    private func areEqual(_ left: Object, _ place: Int, _ right: Object, _ other: Int) -> Bool {
        let isCopy = left.members.withBorrowedItems { left in
            right.members.withBorrowedItems { left.hasSameBits(at: place, as: $0, at: other) }
        }
        return isCopy || left.members[place].value == right.members[other].value
    }

    /// The members of the new object that the old one does not have, in its order.
    private func addedMembers(of new: Object, beside parts: [Part]) -> [Member] {
        var kept = 0
        var end = 0
        for part in parts {
            guard let index = part.new else { continue }
            kept += 1
            end = max(end, index + 1)
        }
        // Injection appends members.
        if kept == end { return Array(new.members[kept...]) }
        var isAdded = [Bool](repeating: true, count: new.count)
        for part in parts { if let index = part.new { isAdded[index] = false } }
        return new.members.indices.filter { isAdded[$0] }.map { new.members[$0] }
    }

    /// The members in the order of their lines. Each has lines of its own, with the same indentation.
    private func parts(
        of object: Object, in new: Object, at node: Int, in range: Lines
    ) throws(Unsuitable) -> [Part] {
        let children = layout.children(of: node)
        guard children.count == object.count else { throw Unsuitable() }
        let places = KeyIndex(new.members)
        // A repeated key has the position of the first occurrence and the text of the last.
        var parts: [Part] = []
        parts.reserveCapacity(object.count)
        var line = range.lowerBound
        var isSorted = true
        for (index, child) in children.enumerated() {
            let place = text.place(of: layout.nodes[child].offset, near: line)
            if place.line < line { isSorted = false }
            line = place.line
            let new = places.place(ofKeyAt: index, in: object)
            parts.append(Part(index: index, node: child, place: place, extent: 0..<0, new: new))
        }
        if !isSorted { parts.sort { $0.place.line < $1.place.line } }
        let indent = parts[0].place.column
        for index in parts.indices {
            let line = parts[index].place.line
            let end = index + 1 < parts.count ? parts[index + 1].place.line : range.upperBound
            guard parts[index].place.column == indent, range.contains(line), end > line else {
                throw Unsuitable()
            }
            parts[index].extent = try extent(line..<end, indent: indent)
        }
        return parts
    }

    /// Removes the members that are not in the new object; their comments stay.
    private mutating func cut(_ parts: [Part], indent: Int) throws(Unsuitable) {
        for (index, part) in parts.enumerated() where part.new == nil {
            let comments = Comments(in: bytes[text.range(of: part.extent)])
            if text.isBlank(before: indent, on: part.place.line) {
                cut(part.extent, keeping: comments, indent: indent)
                continue
            }
            // The first member after a dash: the next one replaces it on that line.
            guard index == 0, index + 1 < parts.count, parts[index + 1].new != nil else {
                throw Unsuitable()
            }
            let start = lines[part.place.line] + indent
            let next = lines[parts[index + 1].place.line] + indent
            guard Comments(in: bytes[start..<next]).found.isEmpty else { throw Unsuitable() }
            edits.replace(start..<next)
        }
    }

    /// The style of added members, with the quotes of their neighbours.
    private func style(beside parts: [Part], of object: Object, for added: [Member]) -> YAMLStyle {
        guard added.allSatisfy({ $0.value.string != nil }) else { return style }
        var single = 0
        var double = 0
        for part in parts where object.members[part.index].value.string != nil {
            guard let start = text.valueStart(ofKeyAt: layout.nodes[part.node].offset) else { return style }
            switch bytes[start] {
            case 0x22: double += 1
            case 0x27: single += 1
            default: return style
            }
        }
        guard single + double > 0 else { return style }
        var style = style
        style.quotes = single > double ? .allSingle : .allDouble
        return style
    }

    private mutating func editMember(
        _ part: Part, from old: Value, to new: Value, indent: Int
    ) throws(Unsuitable) {
        guard let colon = text.colonEnd(ofKeyAt: layout.nodes[part.node].offset) else { throw Unsuitable() }
        guard let start = text.valueStart(after: colon) else {
            switch (old, new) {
            case (.object(let old), .object(let new)):
                return try editMapping(old, new, at: part.node, in: part.extent)
            case (.array(let old), .array(let new)):
                return try editSequence(old, new, at: part.node, in: part.extent)
            case (.null, .object(let new)) where !new.isEmpty:
                insert(written(.object(new), indent: indent + style.mapping), at: lines[part.place.line + 1])
            case (.null, .array(let new)) where !new.isEmpty:
                insert(written(.array(new), indent: indent + style.sequence), at: lines[part.place.line + 1])
            default: throw Unsuitable()
            }
            return
        }
        try editValue(at: start, after: colon, from: old, to: new, in: part, indent: indent)
    }

    /// Edits a value that begins on the line of its key.
    private mutating func editValue(
        at start: Int, after colon: Int, from old: Value, to new: Value, in part: Part, indent: Int
    ) throws(Unsuitable) {
        // Anchors, tags, aliases and block scalars are not edited.
        if [0x26, 0x21, 0x2a, 0x7c, 0x3e].contains(bytes[start]) { throw Unsuitable() }
        let isContainer = new.object?.isEmpty == false || new.array?.isEmpty == false
        let wasEmpty = old.isNull || old.object?.isEmpty == true || old.array?.isEmpty == true
        if isContainer, wasEmpty {
            // An empty value has no style to keep: `{}`, `[]` and `null` are replaced by lines.
            let end = try FlowText(text: text).end(ofValueAt: start)
            guard text.endsLine(at: end), text.line(of: end - 1) == part.place.line else {
                throw Unsuitable()
            }
            edits.replace(colon..<end)
            let inner = indent + (new.array == nil ? style.mapping : style.sequence)
            return insert(written(new, indent: inner), at: lines[part.place.line + 1])
        }
        if FlowText(text: text).beginsCollection(at: start) {
            return try editFlow(at: start, from: old, to: new)
        }
        guard !isContainer, part.extent.count == 1 else { throw Unsuitable() }
        edits.replace(start..<(try text.scalarEnd(from: start)), by: try scalar(new, like: bytes[start]))
    }

    /// Formats a scalar on one line, with the quotes of the previous one.
    private func scalar(_ value: Value, like first: UInt8) throws(Unsuitable) -> [UInt8] {
        var style = style
        if first == 0x22 { style.quotes = .allDouble }
        if first == 0x27 { style.quotes = .allSingle }
        var output = ByteBuffer()
        YAMLWriter.write(value, into: &output, order: .asGiven, width: .max, style: style)
        let text = Array(output.bytes.dropLast())
        guard !text.contains(0x0a) else { throw Unsuitable() }
        return text
    }

    /// Rewrites a member in its place, with its comments after it.
    private mutating func rewrite(
        _ key: String, _ value: Value, in extent: Lines, indent: Int
    ) throws(Unsuitable) {
        let start = lines[extent.lowerBound] + indent
        var text = written(.object(Object([Member(key, value)])), indent: indent)
        if value.isNull, text.count > 5 + self.text.newline.count {
            // People usually write null as a member without a value.
            text.removeLast(5 + self.text.newline.count)
            text += self.text.newline
        }
        // The text before the key on its line, blanks or the dash of an item, stays.
        text.removeFirst(indent)
        text += Comments(in: bytes[start..<lines[extent.upperBound]]).lines(
            indent: indent, newline: self.text.newline)
        if lines[extent.upperBound] == bytes.count, self.text.endsWithinLine {
            text.removeLast(self.text.newline.count)
        }
        edits.replace(start..<lines[extent.upperBound], by: text)
    }

    // MARK: Sequences

    private mutating func editSequence(
        _ old: [Value], _ new: [Value], at node: Int, in range: Lines
    ) throws(Unsuitable) {
        let children = Array(layout.children(of: node))
        guard !old.isEmpty, !new.isEmpty, children.count == old.count else { throw Unsuitable() }
        var dashes: [Place] = []
        for child in children {
            guard let dash = text.dash(before: place(of: child)), range.contains(dash.line),
                dashes.last.map({ dash.column == $0.column && dash.line > $0.line }) ?? true
            else { throw Unsuitable() }
            dashes.append(dash)
        }
        let indent = dashes[0].column
        guard text.isBlank(before: indent, on: dashes[0].line) else { throw Unsuitable() }
        var extents: [Lines] = []
        for index in old.indices {
            let end = index + 1 < dashes.count ? dashes[index + 1].line : range.upperBound
            extents.append(try extent(dashes[index].line..<end, indent: indent))
        }
        let style = style(ofItemsAt: children, after: dashes)
        let pairs = SequencePairs.pairs(old, new)
        var kept = pairs.lazy.map(\.old).makeIterator()
        var nextKept = kept.next()
        for index in old.indices {
            if index == nextKept {
                nextKept = kept.next()
                continue
            }
            cut(extents[index], keeping: Comments(in: bytes[text.range(of: extents[index])]), indent: indent)
        }
        // New items are inserted after the kept item before them, or before the first item.
        var place = lines[extents[0].lowerBound]
        var next = 0
        for pair in pairs + [(old: old.count, new: new.count)] {
            let added = new[next..<pair.new]
            if !added.isEmpty {
                insert(written(.array(Array(added)), indent: indent, style: style), at: place)
            }
            next = pair.new + 1
            guard pair.old < old.count else { continue }
            place = lines[extents[pair.old].upperBound]
            if old[pair.old] == new[pair.new] { continue }
            let start = edits.count
            do {
                try editItem(old[pair.old], to: new[pair.new], at: children[pair.old], in: extents[pair.old])
            } catch {
                edits.undo(to: start)
                rewriteItem(new[pair.new], in: extents[pair.old], indent: indent, style: style)
            }
        }
    }

    private mutating func editItem(
        _ old: Value, to new: Value, at node: Int, in extent: Lines
    ) throws(Unsuitable) {
        let start = layout.nodes[node].offset
        if FlowText(text: text).beginsCollection(at: start) {
            return try editFlow(at: start, from: old, to: new)
        }
        guard case .object(let left) = old, case .object(let right) = new else { throw Unsuitable() }
        try editMapping(left, right, at: node, in: extent)
    }

    private mutating func rewriteItem(_ value: Value, in extent: Lines, indent: Int, style: YAMLStyle) {
        let range = text.range(of: extent)
        var text = written(.array([value]), indent: indent, style: style)
        text += Comments(in: bytes[range]).lines(indent: indent, newline: self.text.newline)
        if range.upperBound == bytes.count, self.text.endsWithinLine {
            text.removeLast(self.text.newline.count)
        }
        edits.replace(range, by: text)
    }

    /// The style of added items, with the same distance from their dashes as their neighbours.
    private func style(ofItemsAt children: [Int], after dashes: [Place]) -> YAMLStyle {
        var style = style
        for (child, dash) in zip(children, dashes) {
            let item = place(of: child)
            if item.line == dash.line, item.column > dash.column {
                style.item = item.column - dash.column
                break
            }
        }
        return style
    }

    // MARK: Text

    /// The lines of a node, without blank lines and comments at their end; only comments with at most the node's
    /// indentation are excluded.
    private func extent(_ range: Lines, indent: Int) throws(Unsuitable) -> Lines {
        guard !range.isEmpty, range.upperBound < lines.count else { throw Unsuitable() }
        var end = range.upperBound
        while end > range.lowerBound + 1 {
            let line = bytes[lines[end - 1]..<lines[end]]
            let blanks = line.prefix { $0 == 0x20 || $0 == 0x09 }.count
            let isEmpty =
                ending == .usual && line.dropFirst(blanks).allSatisfy { $0 == 0x0a || $0 == 0x0d }
            let isComment = line.dropFirst(blanks).first == 0x23 && blanks <= indent
            guard isEmpty || isComment else { break }
            end -= 1
        }
        return range.lowerBound..<end
    }

    private func beginsBlock(at offset: Int) -> Bool {
        offset < bytes.count && (bytes[offset] == 0x7c || bytes[offset] == 0x3e)
    }

    /// Marks the block scalar at the end of the document as one without a line break at its end: `|` becomes `|-`.
    private mutating func stripLastBlock() throws(Unsuitable) {
        guard text.endsWithinLine, let last = layout.nodes.indices.last else { throw Unsuitable() }
        let offset = layout.nodes[last].offset
        guard let start = beginsBlock(at: offset) ? offset : text.valueStart(ofKeyAt: offset),
            beginsBlock(at: start)
        else { throw Unsuitable() }
        var end = start + 1
        while end < bytes.count, (0x31...0x39).contains(bytes[end]) { end += 1 }
        let isKept = end < bytes.count && bytes[end] == 0x2b
        guard isKept || end >= bytes.count || bytes[end] != 0x2d else { throw Unsuitable() }
        edits.replace(end..<(isKept ? end + 1 : end), by: [0x2d])
    }

    /// Formats a value, with each line indented.
    private func written(_ value: Value, indent: Int, style: YAMLStyle? = nil) -> [UInt8] {
        var text = ByteBuffer(capacity: 4 << 10)
        YAMLWriter.write(value, into: &text, order: .asGiven, style: style ?? self.style)
        return text.withBytes { indented($0, by: indent) }
    }

    /// Indents each line that is not empty. The last one has a line break.
    private func indented(_ bytes: UnsafeBufferPointer<UInt8>, by indent: Int) -> [UInt8] {
        guard let source = bytes.baseAddress else { return [] }
        var lineCount = 0
        for byte in bytes where byte == 0x0a { lineCount += 1 }
        var result = [UInt8](
            repeating: 0x20, count: bytes.count + lineCount * (indent + text.newline.count - 1))
        var length = 0
        result.withUnsafeMutableBufferPointer { target in
            guard let target = target.baseAddress else { return }
            var start = 0
            while start < bytes.count, let end = memchr(source + start, 0x0a, bytes.count - start) {
                let line = UnsafeRawPointer(source + start).distance(to: UnsafeRawPointer(end))
                if line > 0 {
                    (target + length + indent).update(from: source + start, count: line)
                    length += indent + line
                }
                for byte in text.newline {
                    target[length] = byte
                    length += 1
                }
                start += line + 1
            }
        }
        result.removeLast(result.count - length)
        return result
    }

    /// Inserts lines before a line. After a last line without a line break, the line break is put before them instead
    /// of after them.
    private mutating func insert(_ text: [UInt8], at offset: Int) {
        guard offset == bytes.count, self.text.endsWithinLine else { return edits.insert(text, at: offset) }
        edits.insert(self.text.newline + text.dropLast(self.text.newline.count), at: offset)
    }

    /// Removes lines except for their comments.
    private mutating func cut(_ extent: Lines, keeping comments: Comments, indent: Int) {
        let range = text.range(of: extent)
        var left = comments.lines(indent: indent, newline: text.newline)
        if range.upperBound == bytes.count, text.endsWithinLine, !left.isEmpty {
            left.removeLast(text.newline.count)
        }
        edits.replace(range, by: left)
    }
}
