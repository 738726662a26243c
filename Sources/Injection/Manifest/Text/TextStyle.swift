import Values
import YAML

/// The layout of a document in block style, as used in most of the document.
struct TextStyle {
    private(set) var block = YAMLStyle()

    private let text: DocumentText
    private let layout: YAMLLayout
    private var mappings = Tally()
    private var sequences = Tally()
    private var items = Tally()
    private var singles = 0
    private var doubles = 0
    private var bare = 0
    private var scalars = 0

    /// The line of the last node: the next one is near.
    private var line = 0

    /// The maximum number of scalars whose quotes are checked; the style of a file is clear much earlier.
    private static let maximumScalars = 500
    /// The minimum number of quoted strings in a document without unquoted ones to conclude that all should be quoted.
    private static let enoughQuotes = 4

    init(_ text: DocumentText, _ layout: YAMLLayout, _ value: Value) {
        self.text = text
        self.layout = layout
        if !layout.nodes.isEmpty { visit(value, node: 0, column: nil) }
        if let most = mappings.most { block.mapping = most }
        if let most = sequences.most { block.sequence = most }
        if let most = items.most { block.item = most }
        let isSingle = singles > doubles
        block.quotes =
            bare == 0 && singles + doubles >= Self.enoughQuotes
            ? (isSingle ? .allSingle : .allDouble) : (isSingle ? .single : .double)
    }

    /// How often each number of columns occurs. A document has one or two.
    private struct Tally {
        private var counts: [(columns: Int, count: Int)] = []

        mutating func add(_ columns: Int) {
            if let index = counts.firstIndex(where: { $0.columns == columns }) {
                counts[index].count += 1
            } else {
                counts.append((columns, 1))
            }
        }

        /// The most frequent number; the smallest one if there are several.
        var most: Int? {
            counts.max { $0.count != $1.count ? $0.count < $1.count : $0.columns > $1.columns }?.columns
        }
    }

    private mutating func place(of node: Int) -> DocumentText.Place {
        let place = text.place(of: layout.nodes[node].offset, near: line)
        line = place.line
        return place
    }

    private mutating func visit(_ member: borrowing Borrowed<Member>.Item, node: Int, column: Int) {
        visit(member.content.value, node: node, column: column)
    }

    /// - Parameter column: the column of the key or item whose value this is; nil at the root.
    private mutating func visit(_ value: Value, node: Int, column: Int?, isItem: Bool = false) {
        switch value {
        case .object(let object):
            let children = layout.children(of: node)
            guard !object.isEmpty, children.count == object.count else { return }
            object.members.withBorrowedItems { members in
                for (index, child) in children.enumerated() {
                    let own = place(of: child).column
                    if index == 0, let column, !isItem, own > column { mappings.add(own - column) }
                    visit(members[index], node: child, column: own)
                }
            }
        case .array(let array):
            let children = layout.children(of: node)
            guard !array.isEmpty, children.count == array.count else { return }
            for (index, child) in children.enumerated() {
                let own = place(of: child)
                let dash = text.dash(before: own)
                if index == 0 {
                    guard let dash else { return }
                    if let column, !isItem, dash.column >= column { sequences.add(dash.column - column) }
                }
                // Only items that are mappings show the distance from the dash.
                if array[index].object != nil, let dash, dash.line == own.line {
                    items.add(own.column - dash.column)
                }
                visit(array[index], node: child, column: own.column, isItem: true)
            }
        case .string:
            guard scalars < Self.maximumScalars else { return }
            scalars += 1
            let offset = layout.nodes[node].offset
            let start = isItem ? offset : text.valueStart(ofKeyAt: offset)
            guard let start, start < text.bytes.count else { return }
            switch text.bytes[start] {
            case 0x22: doubles += 1
            case 0x27: singles += 1
            case 0x7c, 0x3e, 0x26, 0x21, 0x2a: break
            default: bare += 1
            }
        default: break
        }
    }
}

extension DocumentText {
    /// The dash of the item that begins at a place: before it on its line, or on an earlier line with at most a comment
    /// after it.
    func dash(before item: Place) -> Place? {
        var column = item.column - 1
        while column >= 0, bytes[lines[item.line] + column] == 0x20 { column -= 1 }
        if column >= 0 {
            return bytes[lines[item.line] + column] == 0x2d ? Place(line: item.line, column: column) : nil
        }
        var line = item.line - 1
        while line >= 0 {
            if let column = loneDash(on: line) { return Place(line: line, column: column) }
            let start = lines[line] + indent(ofLine: line)
            guard endsLine(at: start) else { return nil }
            line -= 1
        }
        return nil
    }

    /// The column of the last dash of a line that contains only dashes and a comment.
    private func loneDash(on line: Int) -> Int? {
        var offset = lines[line]
        let end = lines[line + 1]
        var found: Int?
        while offset < end {
            if bytes[offset] == 0x20 || bytes[offset] == 0x09 {
                offset += 1
            } else if bytes[offset] == 0x2d, offset + 1 >= end || Self.isSpace(bytes[offset + 1]) {
                found = offset - lines[line]
                offset += 1
            } else {
                break
            }
        }
        return endsLine(at: offset) ? found : nil
    }

    /// The offset of a member's value on the line of its key; nil if only a comment or nothing follows there.
    func valueStart(ofKeyAt offset: Int) -> Int? { colonEnd(ofKeyAt: offset).flatMap(valueStart(after:)) }

    /// The same, from the offset after the key's colon.
    func valueStart(after colon: Int) -> Int? { endsLine(at: colon) ? nil : skipBlanks(from: colon) }

    /// The offset after the colon of a key; nil if its line has no colon.
    func colonEnd(ofKeyAt start: Int) -> Int? {
        var offset = start
        guard offset < bytes.count else { return nil }
        if bytes[offset] == 0x22 || bytes[offset] == 0x27 {
            guard let after = quotedEnd(from: offset), !bytes[offset..<after].contains(0x0a) else {
                return nil
            }
            offset = after
        }
        while offset < bytes.count, bytes[offset] != 0x0a {
            if bytes[offset] == 0x3a, offset + 1 == bytes.count || Self.isSpace(bytes[offset + 1]) {
                return offset + 1
            }
            offset += 1
        }
        return nil
    }

    /// The end of a scalar in block style, which must end on its line.
    func scalarEnd(from start: Int) throws(Unsuitable) -> Int {
        let end = lineEnd(from: start)
        if bytes[start] == 0x22 || bytes[start] == 0x27 {
            guard let quoted = quotedEnd(from: start), quoted <= end else { throw Unsuitable() }
            return quoted
        }
        var offset = start
        while offset < end {
            if bytes[offset] == 0x23, offset > 0, Self.isSpace(bytes[offset - 1]) { break }
            offset += 1
        }
        while offset > start, Self.isSpace(bytes[offset - 1]) { offset -= 1 }
        return offset
    }
}
