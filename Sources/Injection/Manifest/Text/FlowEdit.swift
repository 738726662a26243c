import Values
import YAML

/// Edits a collection in flow style: added entries are written between the existing ones, in their layout.
struct FlowEdit {
    let text: DocumentText
    /// Whether the document is JSON, which has no comments and always double quotes.
    let isJSON: Bool
    /// The indentation of a collection's entries, as elsewhere in the document.
    let unit: String
    var quotes = YAMLStyle.Quotes.double
    var edits: TextEdits

    /// Whether the whole document is on one line and must stay on it.
    private let isOneLine: Bool
    /// The separators of a JSON text on one line.
    private let separators: (comma: String, colon: String)

    private var bytes: [UInt8] { text.bytes }
    private var flow: FlowText { FlowText(text: text) }

    init(_ text: DocumentText, isJSON: Bool, unit: String, edits: TextEdits = TextEdits()) {
        self.text = text
        self.isJSON = isJSON
        self.unit = unit
        self.edits = edits
        let end = text.bytes.lastIndex { !DocumentText.isSpace($0) } ?? 0
        let start = text.bytes.firstIndex { !DocumentText.isSpace($0) && $0 < 0x80 } ?? 0
        isOneLine = start >= end || !text.bytes[start..<end].contains(0x0a)
        separators = isJSON && isOneLine ? Self.separators(of: text) : (", ", ": ")
    }

    /// Edits the value that begins at an offset.
    mutating func edit(at offset: Int, from old: Value, to new: Value) throws(Unsuitable) {
        if old == new { return }
        switch (old, new) {
        case (.object(let left), .object(let right)) where !left.isEmpty && !right.isEmpty:
            try editMapping(at: offset, left, right)
        case (.array(let left), .array(let right)) where !left.isEmpty && !right.isEmpty:
            try editSequence(at: offset, left, right)
        default:
            try rewrite(offset..<flow.end(ofValueAt: offset), as: new)
        }
    }

    private mutating func editMapping(at offset: Int, _ old: Object, _ new: Object) throws(Unsuitable) {
        let collection = try flow.collection(at: offset)
        guard collection.isMapping, collection.entries.count == old.count else { throw Unsuitable() }
        var kept: [Int] = []
        for (index, entry) in collection.entries.enumerated() {
            guard let value = new[old.members[index].key] else { continue }
            kept.append(index)
            if value == old.members[index].value { continue }
            if let start = entry.value {
                try edit(at: start, from: old.members[index].value, to: value)
            } else {
                let writer = writer(for: collection)
                edits.replace(
                    entry.range,
                    by: Array(
                        writer.member(
                            Member(old.members[index].key, value), indent: indent(around: collection)
                        )
                        .utf8))
            }
        }
        let added = new.members.filter { old[$0.key] == nil }
        try place(
            collection, kept: kept, added: added.isEmpty ? [:] : [kept.last ?? -1: added.map { .member($0) }],
            of: .object(new))
    }

    private mutating func editSequence(at offset: Int, _ old: [Value], _ new: [Value]) throws(Unsuitable) {
        let collection = try flow.collection(at: offset)
        guard !collection.isMapping, collection.entries.count == old.count else { throw Unsuitable() }
        let pairs = SequencePairs.pairs(old, new)
        var added: [Int: [Part]] = [:]
        var next = 0
        var last = -1
        for pair in pairs + [(old: old.count, new: new.count)] {
            if pair.new > next { added[last] = new[next..<pair.new].map { .item($0) } }
            next = pair.new + 1
            guard pair.old < old.count else { continue }
            last = pair.old
            guard let start = collection.entries[pair.old].value else { throw Unsuitable() }
            try edit(at: start, from: old[pair.old], to: new[pair.new])
        }
        try place(collection, kept: pairs.map(\.old), added: added, of: .array(new))
    }

    private enum Part {
        case member(Member)
        case item(Value)
    }

    /// Removes the entries that are not kept and inserts the added ones, each run after the kept entry with that index.
    private mutating func place(
        _ collection: FlowText.Collection, kept: [Int], added: [Int: [Part]], of new: Value
    ) throws(Unsuitable) {
        let entries = collection.entries
        guard !kept.isEmpty else { return try rewrite(collection.range, as: new) }
        let isKept = Set(kept)
        var index = 0
        while index < entries.count {
            guard !isKept.contains(index) else {
                index += 1
                continue
            }
            let first = index
            while index < entries.count, !isKept.contains(index) { index += 1 }
            if index < entries.count {
                try cut(entries[first].range.lowerBound..<entries[index].range.lowerBound)
            } else {
                // The last entries are removed with the comma before them; a trailing comma stays.
                let before = entries[first - 1]
                let hasComma = entries[entries.count - 1].commaEnd != nil
                let start = hasComma ? before.commaEnd ?? before.range.upperBound : before.range.upperBound
                try cut(
                    start..<(entries[entries.count - 1].commaEnd
                        ?? entries[entries.count - 1].range.upperBound))
            }
        }
        let writer = writer(for: collection)
        let isSpread = isSpread(collection)
        for (after, parts) in added.sorted(by: { $0.key < $1.key }) where !parts.isEmpty {
            let indent = indent(around: collection)
            let texts = parts.map { part in self.text(of: part, writer, collection, isSpread: isSpread) }
            let isLong = !isSpread && texts.contains { $0.utf8.first == 0x0a || $0.utf8.first == 0x0d }
            insert(
                texts, after: after, in: collection, isLast: !kept.contains { $0 > after },
                isCut: after >= 0 && after + 1 < entries.count && !isKept.contains(after + 1),
                layout: writer.layout, isSpread: isSpread || isLong, indent: indent)
        }
    }

    /// Formats an entry, with a line break and indentation before it if it has a line of its own.
    private func text(
        of part: Part, _ writer: FlowWriter, _ collection: FlowText.Collection, isSpread: Bool
    ) -> String {
        let inner = entryIndent(collection)
        let write = { (indent: String?) in
            switch part {
            case .member(let member): writer.member(member, indent: indent)
            case .item(let item): writer.text(item, indent: indent)
            }
        }
        let line = write(nil)
        if isSpread {
            // Short items stay on one line each if their neighbours do.
            let isShort = line.utf8.count <= FlowWriter.longestLine && hasLineItems(collection)
            return writer.layout.newline + inner + (isShort ? line : write(inner))
        }
        guard line.utf8.count > FlowWriter.longestLine, !isOneLine else { return line }
        return writer.layout.newline + inner + write(inner)
    }

    private mutating func insert(
        _ texts: [String], after index: Int, in collection: FlowText.Collection, isLast: Bool, isCut: Bool,
        layout: FlowWriter.Layout, isSpread: Bool, indent: String
    ) {
        let separator = isSpread ? "," : layout.comma
        let isLine = { (text: String) in text.utf8.first == 0x0a || text.utf8.first == 0x0d }
        if index < 0 {
            let first = collection.entries[0].range.lowerBound
            var text = texts.map {
                $0.drop { $0 == "\n" || $0 == "\r\n" || $0 == " " || $0 == "\t" } + separator
            }
            .joined(separator: isSpread ? layout.newline + entryIndent(collection) : "")
            if isSpread { text += layout.newline + entryIndent(collection) }
            return edits.insert(Array(text.utf8), at: first)
        }
        let entry = collection.entries[index]
        let needsComma = entry.commaEnd == nil || isLast && isCut && collection.entries.last?.commaEnd == nil
        var text = ""
        for (number, part) in texts.enumerated() {
            if needsComma || number > 0 { text += isLine(part) ? "," : layout.comma }
            if !needsComma, number == 0, !isLine(part) { text += " " }
            text += part
        }
        if !needsComma { text += "," }
        var offset = needsComma ? entry.range.upperBound : entry.commaEnd ?? entry.range.upperBound
        // A comment after an entry stays on its line.
        if texts.first.map(isLine) == true, !isJSON, text.utf8.count > 1 {
            let end = self.text.lineEnd(from: offset)
            if end > offset, self.text.endsLine(at: offset), self.text.skipBlanks(from: offset) < end {
                if needsComma {
                    edits.insert([0x2c], at: offset)
                    text.removeFirst()
                }
                offset = end
            }
        }
        edits.insert(Array(text.utf8), at: offset)
    }

    private mutating func cut(_ range: Range<Int>) throws(Unsuitable) {
        if !isJSON, !Comments(in: bytes[range]).found.isEmpty { throw Unsuitable() }
        edits.replace(range)
    }

    /// Replaces a value by another.
    private mutating func rewrite(_ range: Range<Int>, as new: Value) throws(Unsuitable) {
        if !isJSON, !Comments(in: bytes[range]).found.isEmpty { throw Unsuitable() }
        let writer = FlowWriter(layout: layout(isQuoted: isJSON || bytes[range.lowerBound] == 0x22))
        let line = writer.text(new, indent: nil)
        let isLong = line.utf8.count > FlowWriter.longestLine
        let isContainer = new.array != nil || new.object != nil
        let wasSpread = bytes[range].contains(0x0a)
        let spreads = isContainer && !isOneLine && (isLong || wasSpread || isJSON && isAlone(range))
        let text = spreads ? writer.text(new, indent: lineIndent(at: range.lowerBound)) : line
        edits.replace(range, by: Array(text.utf8))
    }

    // MARK: Layout

    /// Whether a value is the only one on its line. Its replacement is then spread over lines, like its neighbours.
    private func isAlone(_ range: Range<Int>) -> Bool {
        let line = text.line(of: range.lowerBound)
        let start = text.lines[line] + text.indent(ofLine: line)
        return !bytes[start..<range.lowerBound].contains { $0 == 0x7b || $0 == 0x2c }
    }

    /// Whether the first entry is not on the line of the bracket.
    private func isSpread(_ collection: FlowText.Collection) -> Bool {
        guard let first = collection.entries.first else { return false }
        return bytes[collection.range.lowerBound..<first.range.lowerBound].contains(0x0a)
    }

    /// Whether each collection in it is on one line.
    private func hasLineItems(_ collection: FlowText.Collection) -> Bool {
        let collections = collection.entries.filter { entry in
            entry.value.map { flow.beginsCollection(at: $0) } ?? false
        }
        return !collections.isEmpty && collections.allSatisfy { !bytes[$0.range].contains(0x0a) }
    }

    /// The indentation of the first entry on its line, even if it has no line of its own.
    private func entryIndent(_ collection: FlowText.Collection) -> String {
        guard isSpread(collection), let first = collection.entries.first else {
            return lineIndent(at: collection.range.lowerBound) + unit
        }
        return lineIndent(at: first.range.lowerBound)
    }

    private func indent(around collection: FlowText.Collection) -> String {
        lineIndent(at: collection.range.lowerBound)
    }

    /// The blanks and tabs, with dashes as blanks, at the beginning of the line of a byte.
    private func lineIndent(at offset: Int) -> String {
        let start = text.lines[text.line(of: offset)]
        let blanks = bytes[start..<offset].prefix { $0 == 0x20 || $0 == 0x09 || !isJSON && $0 == 0x2d }
        return String(decoding: blanks.map { $0 == 0x2d ? 0x20 : $0 }, as: UTF8.self)
    }

    private func writer(for collection: FlowText.Collection) -> FlowWriter {
        let first = collection.entries.first.map { bytes[$0.range.lowerBound] }
        var layout = layout(isQuoted: isJSON || first == 0x22)
        if let comma = collection.entries.first?.commaEnd, comma < bytes.count {
            layout.comma = DocumentText.isSpace(bytes[comma]) ? ", " : ","
        }
        if collection.isMapping, let entry = collection.entries.first, let value = entry.value {
            layout.colon = DocumentText.isSpace(bytes[value - 1]) ? ": " : ":"
        }
        // Keys without quotes need a blank after their colon.
        if !layout.isJSON { layout.colon = ": " }
        return FlowWriter(layout: layout)
    }

    private func layout(isQuoted: Bool) -> FlowWriter.Layout {
        var layout = FlowWriter.Layout()
        layout.isJSON = isQuoted
        layout.unit = unit
        layout.quotes = quotes
        layout.newline = String(decoding: text.newline, as: UTF8.self)
        if isJSON, isOneLine { (layout.comma, layout.colon) = separators }
        return layout
    }

    /// The separators of a text on one line, by the bytes after its first comma and colon outside quotes.
    private static func separators(of text: DocumentText) -> (comma: String, colon: String) {
        let bytes = text.bytes
        var comma: String?
        var colon: String?
        var offset = 0
        while offset < bytes.count, comma == nil || colon == nil {
            if bytes[offset] == 0x22 {
                offset = text.quotedEnd(from: offset) ?? bytes.count
                continue
            }
            let isFollowed = offset + 1 < bytes.count && bytes[offset + 1] == 0x20
            if bytes[offset] == 0x2c, comma == nil { comma = isFollowed ? ", " : "," }
            if bytes[offset] == 0x3a, colon == nil { colon = isFollowed ? ": " : ":" }
            offset += 1
        }
        return (comma ?? ",", colon ?? ":")
    }
}

/// Pairs the items of a list that are kept with their new positions.
enum SequencePairs {
    /// Returns the kept items, in order: those with the same name; without unique names, equal items at both ends and
    /// the items between them by index.
    static func pairs(_ old: [Value], _ new: [Value]) -> [(old: Int, new: Int)] {
        let oldNames = old.map { Member($0.name, .null) }
        let newNames = new.map { Member($0.name, .null) }
        var pairs: [(old: Int, new: Int)] = []
        if areUnique(oldNames), areUnique(newNames) {
            let places = KeyIndex(oldNames)
            for (index, name) in newNames.enumerated() {
                let place = places.place(of: name.key, near: index)
                if let place, place > pairs.last?.old ?? -1 { pairs.append((place, index)) }
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

    private static func areUnique(_ names: [Member]) -> Bool {
        names.allSatisfy { !$0.key.isEmpty } && !Object.hasRepeatedKey(names)
    }
}
