import Values
import YAML

#if canImport(Glibc)
    import Glibc
#endif

/// One YAML document of a manifest as text, and the text that says something else.
///
/// Lines that say what did not change stay as they are, with their comments, quotes and indentation: members and items
/// that come are written between them, those that go are cut out. Where the text is of a form that lines do not show
/// (flow style, anchors, several nodes on a line), the smallest member around is written anew. The result is read
/// again, and where it does not say what it should, the whole document is written anew.
struct ManifestText {
    private let bytes: [UInt8]
    private let document: YAMLDocument
    /// Whether it begins on the line of its `---`.
    private let isBehindMarker: Bool

    /// - Parameters:
    ///   - bytes: the whole manifest's.
    ///   - document: read with its layout.
    init(_ bytes: [UInt8], _ document: YAMLDocument) {
        self.bytes = Array(bytes[document.range])
        self.document = document
        let start = document.range.lowerBound
        isBehindMarker = start > 0 && bytes[start - 1] != 0x0a
    }

    /// The document's text for a new value, and whether it had to be written anew.
    func edited(to new: Value) -> (text: [UInt8], isRewritten: Bool) {
        // Blank lines behind a node belong to what comes next, but to a block of text that keeps them (`|+`).
        for keepsBlanks in [false, true] {
            if let edit = YAMLTextEdit(bytes, document, keepsBlanks: keepsBlanks),
                let text = edit.edited(from: document.value, to: new), YAMLReader.reads(text, as: new)
            {
                return (text, false)
            }
        }
        var output = ByteBuffer(capacity: 16 << 10)
        // On the line of its `---` it would be another text: `---kind: Pod`.
        if isBehindMarker || bytes.first == 0x0a { output.append(0x0a) }
        YAMLWriter.write(new, into: &output, order: .asGiven)
        return (output.bytes, true)
    }
}

/// Edits of a document in block style, line by line.
private struct YAMLTextEdit {
    private let bytes: [UInt8]
    private let layout: YAMLLayout
    /// Where each line begins, and the end of the text.
    private let lines: [Int]
    private let newline: [UInt8]
    /// Whether blank lines behind a node are its own.
    private let keepsBlanks: Bool
    private var edits: [Edit] = []

    private struct Edit {
        var range: Range<Int>
        var text: [UInt8]
    }

    /// A run of lines, from 0, the end not among them.
    private typealias Lines = Range<Int>

    /// The text cannot be edited by lines.
    private struct Unsuitable: Error {}

    init?(_ bytes: [UInt8], _ document: YAMLDocument, keepsBlanks: Bool) {
        guard let layout = document.layout else { return nil }
        self.bytes = bytes
        self.layout = layout
        self.keepsBlanks = keepsBlanks
        // A byte order mark is no part of its line.
        var starts = [bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0]
        for (offset, byte) in bytes.enumerated() where byte == 0x0a { starts.append(offset + 1) }
        if starts.last != bytes.count { starts.append(bytes.count) }
        lines = starts
        newline =
            bytes.firstIndex(of: 0x0a).map { $0 > 0 && bytes[$0 - 1] == 0x0d } == true
            ? [0x0d, 0x0a] : [0x0a]
    }

    func edited(from old: Value, to new: Value) -> [UInt8]? {
        var copy = self
        guard case .object(let old) = old, case .object(let new) = new,
            (try? copy.editMapping(old, new, at: 0, in: 0..<lines.count - 1)) != nil
        else { return nil }
        return copy.applied()
    }

    private func applied() -> [UInt8]? {
        // What is put in where something is cut out stands before the cut.
        let sorted = edits.enumerated().sorted { left, right in
            let (one, other) = (left.element.range, right.element.range)
            if one.lowerBound != other.lowerBound { return one.lowerBound < other.lowerBound }
            return one.isEmpty != other.isEmpty ? one.isEmpty : left.offset < right.offset
        }.map(\.element)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + edits.reduce(0) { $0 + $1.text.count })
        var next = 0
        for edit in sorted {
            guard edit.range.lowerBound >= next else { return nil }
            result += bytes[next..<edit.range.lowerBound]
            if !edit.text.isEmpty, edit.range.lowerBound == bytes.count, let last = result.last, last != 0x0a
            {
                result += newline
            }
            result += edit.text
            next = edit.range.upperBound
        }
        return result + bytes[next...]
    }

    // MARK: Mappings

    /// Where a node begins: its line, and the byte of it.
    private struct Place {
        var line: Int
        var column: Int
    }

    private func place(of node: Int) -> Place {
        let offset = layout.nodes[node].offset
        let line = line(of: offset)
        return Place(line: line, column: offset - lines[line])
    }

    /// The line that a byte stands on.
    private func line(of offset: Int) -> Int {
        var low = 0
        var high = lines.count
        while low < high {
            let middle = (low + high) / 2
            if lines[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }

    /// - Parameter range: the lines that the mapping may have: up to the next node outside of it.
    private mutating func editMapping(_ old: Object, _ new: Object, at node: Int, in range: Lines) throws {
        let children = layout.children(of: node)
        guard !old.isEmpty, !new.isEmpty, children.count == old.count else { throw Unsuitable() }
        // A key that stands twice has the place of the first one, and the text of the last.
        let parts = zip(old.members, children).map { (member: $0, node: $1, place: place(of: $1)) }
            .sorted { $0.place.line < $1.place.line }
        let indent = parts[0].place.column
        // One member a line, all as far in as the first.
        for (index, part) in parts.enumerated() {
            guard part.place.column == indent, range.contains(part.place.line),
                index == 0 || part.place.line > parts[index - 1].place.line
            else { throw Unsuitable() }
        }
        var lastKept: Lines?
        for (index, part) in parts.enumerated() {
            let member = part.member
            let end = index + 1 < parts.count ? parts[index + 1].place.line : range.upperBound
            let extent = try self.extent(part.place.line..<end, indent: indent)
            guard let value = new[member.key] else {
                if index == 0, !isBlank(before: indent, on: part.place.line) { throw Unsuitable() }
                cut(extent)
                continue
            }
            lastKept = extent
            if member.value == value { continue }
            let start = edits.count
            do {
                try editMember(member.value, to: value, at: part.node, in: extent)
            } catch {
                edits.removeSubrange(start...)
                try rewrite(member.key, value, in: extent, indent: indent)
            }
        }
        let added = new.members.filter { old[$0.key] == nil }
        guard !added.isEmpty else { return }
        guard let lastKept else { throw Unsuitable() }
        insert(written(.object(Object(added)), indent: indent), at: lines[lastKept.upperBound])
    }

    private mutating func editMember(
        _ old: Value, to new: Value, at node: Int, in extent: Lines
    ) throws {
        let start = try valueStart(ofKeyAt: place(of: node))
        switch (old, new) {
        case (.object(let old), .object(let new)) where start == nil:
            try editMapping(old, new, at: node, in: extent)
        case (.array(let old), .array(let new)) where start == nil:
            try editSequence(old, new, at: node, in: extent)
        case (.object, _), (.array, _), (_, .object), (_, .array):
            throw Unsuitable()
        default:
            guard let start, extent.count == 1 else { throw Unsuitable() }
            let text = YAMLWriter.text(new)
            guard text.utf8.dropLast().firstIndex(of: 0x0a) == nil else { throw Unsuitable() }
            let end = try scalarEnd(from: start)
            edits.append(Edit(range: start..<end, text: Array(text.utf8.dropLast())))
        }
    }

    /// Writes a member anew in its place.
    private mutating func rewrite(_ key: String, _ value: Value, in extent: Lines, indent: Int) throws {
        var text = written(.object(Object([Member(key, value)])), indent: indent)
        if value.isNull, text.count > 5 + newline.count {
            // A member without a value is how people write null.
            text.removeLast(5 + newline.count)
            text += newline
        }
        let start = lines[extent.lowerBound] + indent
        // What stands before the key on its line, blanks or the dash of an item, stays.
        text.removeFirst(indent)
        if lines[extent.upperBound] == bytes.count, bytes.last != 0x0a { text.removeLast(newline.count) }
        edits.append(Edit(range: start..<lines[extent.upperBound], text: text))
    }

    // MARK: Sequences

    private mutating func editSequence(_ old: [Value], _ new: [Value], at node: Int, in range: Lines) throws {
        let children = layout.children(of: node)
        guard !old.isEmpty, !new.isEmpty, children.count == old.count else { throw Unsuitable() }
        var dashes: [Place] = []
        for (index, child) in children.enumerated() {
            let item = place(of: child)
            guard let dash = dash(before: item), range.contains(item.line),
                dashes.isEmpty || dash == dashes[0].column && item.line > dashes[index - 1].line
            else { throw Unsuitable() }
            dashes.append(Place(line: item.line, column: dash))
        }
        let indent = dashes[0].column
        guard isBlank(before: indent, on: dashes[0].line) else { throw Unsuitable() }
        let extents = try old.indices.map { index in
            let end = index + 1 < dashes.count ? dashes[index + 1].line : range.upperBound
            return try extent(dashes[index].line..<end, indent: indent)
        }
        let pairs = Self.pairs(old, new)
        let kept = Set(pairs.map(\.old))
        for index in old.indices where !kept.contains(index) { cut(extents[index]) }
        // New items come behind the kept one before them, else before the first.
        var place = lines[extents[0].lowerBound]
        var next = 0
        for pair in pairs + [(old: old.count, new: new.count)] {
            let added = new[next..<pair.new]
            if !added.isEmpty { insert(written(.array(Array(added)), indent: indent), at: place) }
            next = pair.new + 1
            guard pair.old < old.count else { continue }
            place = lines[extents[pair.old].upperBound]
            if old[pair.old] == new[pair.new] { continue }
            let start = edits.count
            do {
                guard case .object(let left) = old[pair.old], case .object(let right) = new[pair.new] else {
                    throw Unsuitable()
                }
                try editMapping(left, right, at: children[pair.old], in: extents[pair.old])
            } catch {
                edits.removeSubrange(start...)
                let extent = extents[pair.old]
                edits.append(
                    Edit(
                        range: lines[extent.lowerBound]..<lines[extent.upperBound],
                        text: written(.array([new[pair.new]]), indent: indent)))
            }
        }
    }

    /// The items that stay, in order: those of one name, else those before and behind the first that differs.
    private static func pairs(_ old: [Value], _ new: [Value]) -> [(old: Int, new: Int)] {
        let oldNames = old.map(\.name)
        let newNames = new.map(\.name)
        var pairs: [(old: Int, new: Int)] = []
        if !oldNames.contains(""), !newNames.contains(""), Set(oldNames).count == old.count,
            Set(newNames).count == new.count
        {
            let places = Dictionary(uniqueKeysWithValues: zip(oldNames, oldNames.indices))
            for (index, name) in newNames.enumerated() {
                if let place = places[name], place > pairs.last?.old ?? -1 { pairs.append((place, index)) }
            }
            return pairs
        }
        var head = 0
        while head < min(old.count, new.count), old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < min(old.count, new.count) - head, old[old.count - 1 - tail] == new[new.count - 1 - tail]
        {
            tail += 1
        }
        let middle = min(old.count, new.count) - head - tail
        pairs = (0..<head + middle).map { ($0, $0) }
        return pairs + (0..<tail).map { (old.count - tail + $0, new.count - tail + $0) }
    }

    // MARK: Text

    /// The lines without blank ones at their end, and comments there that are no further in than the node.
    private func extent(_ range: Lines, indent: Int) throws -> Lines {
        guard !range.isEmpty, range.upperBound < lines.count else { throw Unsuitable() }
        var end = range.upperBound
        while end > range.lowerBound + 1 {
            let line = bytes[lines[end - 1]..<lines[end]]
            let blanks = line.prefix { $0 == 0x20 || $0 == 0x09 }.count
            let isEmpty = !keepsBlanks && line.dropFirst(blanks).allSatisfy { $0 == 0x0a || $0 == 0x0d }
            let isComment = line.dropFirst(blanks).first == 0x23 && blanks <= indent
            guard isEmpty || isComment else { break }
            end -= 1
        }
        return range.lowerBound..<end
    }

    private func isBlank(before column: Int, on line: Int) -> Bool {
        bytes[lines[line]..<lines[line] + column].allSatisfy { $0 == 0x20 }
    }

    /// The column of the dash before an item on its line.
    private func dash(before item: Place) -> Int? {
        var offset = lines[item.line] + item.column - 1
        while offset >= lines[item.line], bytes[offset] == 0x20 { offset -= 1 }
        guard offset >= lines[item.line], bytes[offset] == 0x2d else { return nil }
        return offset - lines[item.line]
    }

    /// Where a member's value begins on the key's line; nil where it stands on lines of its own.
    private func valueStart(ofKeyAt place: Place) throws -> Int? {
        let end = lines[place.line + 1]
        var offset = lines[place.line] + place.column
        guard offset < end else { throw Unsuitable() }
        if bytes[offset] == 0x22 || bytes[offset] == 0x27 {
            offset = try quotedEnd(from: offset, before: end)
        }
        while offset < end, bytes[offset] != 0x3a || offset + 1 < end && !Self.isSpace(bytes[offset + 1]) {
            offset += 1
        }
        offset += 1
        while offset < end, Self.isSpace(bytes[offset]) { offset += 1 }
        if offset >= end || bytes[offset] == 0x23 { return nil }
        // Anchors, tags, aliases and blocks of text are not followed.
        if [0x26, 0x21, 0x2a, 0x7c, 0x3e].contains(bytes[offset]) { throw Unsuitable() }
        return offset
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }

    /// Behind the closing quote.
    private func quotedEnd(from start: Int, before end: Int) throws -> Int {
        let quote = bytes[start]
        var offset = start + 1
        while offset < end {
            if bytes[offset] == 0x5c, quote == 0x22 {
                offset += 2
                continue
            }
            if bytes[offset] == quote {
                guard quote == 0x27, offset + 1 < end, bytes[offset + 1] == quote else { return offset + 1 }
                offset += 1
            }
            offset += 1
        }
        throw Unsuitable()
    }

    /// The end of a scalar that ends on its line.
    private func scalarEnd(from start: Int) throws -> Int {
        let line = line(of: start)
        guard line + 1 < lines.count else { throw Unsuitable() }
        let end = lines[line + 1]
        if bytes[start] == 0x22 || bytes[start] == 0x27 { return try quotedEnd(from: start, before: end) }
        var offset = start
        while offset < end, bytes[offset] != 0x0a, bytes[offset] != 0x0d {
            if bytes[offset] == 0x23, Self.isSpace(bytes[offset - 1]) { break }
            offset += 1
        }
        while offset > start, Self.isSpace(bytes[offset - 1]) { offset -= 1 }
        return offset
    }

    /// The text of a value, each line moved in.
    private func written(_ value: Value, indent: Int) -> [UInt8] {
        var text = ByteBuffer(capacity: 4 << 10)
        YAMLWriter.write(value, into: &text, order: .asGiven)
        return text.withBytes { bytes in
            var lineCount = 1
            for byte in bytes where byte == 0x0a { lineCount += 1 }
            return [UInt8](unsafeUninitializedCapacity: bytes.count + lineCount * (indent + newline.count)) {
                copy(bytes, indent: indent, to: $0, &$1)
            }
        }
    }

    private func copy(
        _ bytes: UnsafeBufferPointer<UInt8>, indent: Int, to target: UnsafeMutableBufferPointer<UInt8>,
        _ count: inout Int
    ) {
        guard let source = bytes.baseAddress, var place = target.baseAddress else { return }
        var start = 0
        while start < bytes.count {
            let rest = bytes.count - start
            let end = memchr(source + start, 0x0a, rest).map {
                source.distance(to: $0.assumingMemoryBound(to: UInt8.self))
            }
            let length = (end ?? bytes.count) - start
            if length > 0 {
                place.update(repeating: 0x20, count: indent)
                (place + indent).update(from: source + start, count: length)
                place += indent + length
            }
            place.update(from: newline, count: newline.count)
            place += newline.count
            start += length + 1
        }
        count = place - target.baseAddress!
    }

    private mutating func insert(_ text: [UInt8], at offset: Int) {
        edits.append(Edit(range: offset..<offset, text: text))
    }

    private mutating func cut(_ extent: Lines) {
        edits.append(Edit(range: lines[extent.lowerBound]..<lines[extent.upperBound], text: []))
    }
}
