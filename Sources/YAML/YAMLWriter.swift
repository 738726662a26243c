public import Values

/// Writes values as YAML, byte for byte as sigs.k8s.io/yaml (go-yaml v2) does.
///
/// The output is one document without markers. Mappings are indented by two spaces, sequences in mappings are not
/// indented. Strings are plain if they would be parsed as the same string, otherwise quoted. Multi-line strings are
/// literal blocks. Long lines are folded at spaces after column 80.
public enum YAMLWriter {
    /// The order of members.
    public enum Order: Sendable {
        /// The order of go-yaml: letters after everything else, runs of digits as numbers.
        case sorted
        case asGiven
    }

    /// The default column after which lines are folded.
    public static let standardWidth = 80

    /// - Parameters:
    ///   - width: the column after which lines are folded; `.max` never folds.
    ///   - indentsLists: whether a list is indented by two columns from its key, as in go-yaml v3.
    ///   - style: the columns and quotes, go-yaml v2's by default.
    public static func write(
        _ value: Value, into output: inout ByteBuffer, order: Order = .sorted, width: Int = standardWidth,
        indentsLists: Bool = false, style: YAMLStyle = YAMLStyle()
    ) {
        var style = style
        if indentsLists { style.sequence = 2 }
        var emitter = YAMLEmitter(order: order, width: width, style: style)
        emitter.write(value, into: &output)
    }

    /// Whether a plain scalar of these letters, digits and signs is parsed as a string, not as a number, a boolean or
    /// null.
    public static func isBare(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { YAMLScalar.isText(bytes) }

    /// Returns a value as YAML. `width` is the column after which lines are folded; `.max` never folds.
    public static func text(_ value: Value, order: Order = .sorted, width: Int = standardWidth) -> String {
        var output = ByteBuffer()
        write(value, into: &output, order: order, width: width)
        return output.text
    }
}

/// Writes a value with a loop over the open collections.
struct YAMLEmitter {
    let order: YAMLWriter.Order
    let width: Int
    let style: YAMLStyle
    /// The sorted members of the open collections, innermost last, which keeps them alive.
    private var sorted: [[Member]] = []

    init(order: YAMLWriter.Order, width: Int, style: YAMLStyle) {
        (self.order, self.width, self.style) = (order, width, style)
    }

    /// An open collection: its members or its items, and the index of the next one. As in `JSONWriter`, the value that
    /// is written keeps them alive.
    private struct Frame {
        var members: Borrowed<Member>.Lasting?
        var items: Borrowed<Value>.Lasting?
        var next = 0
        var indent = 0
    }

    mutating func write(_ value: Value, into output: inout ByteBuffer) {
        withExtendedLifetime(value) {
            var line = YAMLLine(start: output.count)
            if let outermost = enter(value, indent: -1, place: .root, &line, into: &output) {
                write(outermost, &line, into: &output)
            }
            line.end(into: &output)
        }
    }

    private mutating func write(_ outermost: Frame, _ line: inout YAMLLine, into output: inout ByteBuffer) {
        var current = outermost
        // The innermost collection is not on the stack: taking it off and putting it back for each entry would take a
        // third longer.
        var around: [Frame] = []
        around.reserveCapacity(8)
        while true {
            var inner: Frame?
            if let members = current.members {
                while inner == nil, current.next < members.count {
                    line.beginEntry(indent: current.indent, into: &output)
                    inner = enter(members[current.next], indent: current.indent, &line, into: &output)
                    current.next += 1
                }
            } else if let items = current.items {
                while inner == nil, current.next < items.count {
                    line.beginEntry(indent: current.indent, into: &output)
                    inner = enter(items[current.next], indent: current.indent, &line, into: &output)
                    current.next += 1
                }
            }
            if let inner {
                around.append(current)
                current = inner
                continue
            }
            if order == .sorted, current.members != nil { sorted.removeLast() }
            guard let outer = around.popLast() else { return }
            current = outer
        }
    }

    private mutating func enter(
        _ item: borrowing Borrowed<Value>.Item, indent: Int, _ line: inout YAMLLine,
        into output: inout ByteBuffer
    ) -> Frame? {
        output.append(UInt8(ascii: "-"))
        return enter(item.content, indent: indent, place: .item, &line, into: &output)
    }

    private mutating func enter(
        _ member: borrowing Borrowed<Member>.Item, indent: Int, _ line: inout YAMLLine,
        into output: inout ByteBuffer
    ) -> Frame? {
        let isSimple = writeKey(member.content.key, indent: indent, &line, into: &output)
        return enter(
            member.content.value, indent: indent, place: isSimple ? .value : .longValue, &line, into: &output)
    }

    /// Writes a key and its colon. Returns whether it is a short key of one line, before its colon. Other keys follow a
    /// `?`, with the colon on the next line.
    private func writeKey(
        _ key: String, indent: Int, _ line: inout YAMLLine, into output: inout ByteBuffer
    ) -> Bool {
        key.withBytes { bytes in
            let text = YAMLText(bytes, isKey: true)
            if text.isSimpleKey {
                text.write(indent: indent, width: .max, step: style.mapping, &line, into: &output)
            } else {
                output.append("? ")
                text.write(indent: indent, width: width, step: style.mapping, &line, into: &output)
                line.begin(indent: indent, into: &output)
            }
            output.append(UInt8(ascii: ":"))
            return text.isSimpleKey
        }
    }

    /// The place of a value.
    private enum Place {
        case root
        /// After `key:`.
        case value
        /// After the `:` on the line after a long key.
        case longValue
        /// After `-`.
        case item
    }

    /// Writes a scalar or an empty collection. For any other collection, returns its frame without writing its entries.
    private mutating func enter(
        _ value: Value, indent: Int, place: Place, _ line: inout YAMLLine, into output: inout ByteBuffer
    ) -> Frame? {
        var frame = Frame()
        switch value {
        case .array(let items) where !items.isEmpty:
            frame.items = items.withBorrowedItems { $0.lasting }
            // go-yaml does not indent a list below its key, except for that of a long key.
            frame.indent = place == .root ? 0 : indent + (place == .value ? style.sequence : step(to: place))
        case .object(let object) where !object.isEmpty:
            if order == .sorted { sorted.append(YAMLKeyOrder.sorted(object.members)) }
            let members = sorted.last ?? object.members
            frame.members = members.withBorrowedItems { $0.lasting }
            frame.indent = place == .root ? 0 : indent + step(to: place)
        default:
            if place != .root {
                output.append(repeating: UInt8(ascii: " "), count: place == .item ? style.item - 1 : 1)
            }
            scalar(value, indent: indent, &line, into: &output)
            return nil
        }
        // The first entry is on the same line after `- ` and after the `: ` of a long key.
        line.isInline = place != .value
        if place == .item {
            output.append(repeating: UInt8(ascii: " "), count: style.item - 1)
        } else if place == .longValue {
            output.append(UInt8(ascii: " "))
        }
        return frame
    }

    /// Returns the number of columns from a key or dash to the content of its value.
    private func step(to place: Place) -> Int {
        switch place {
        case .root, .value: style.mapping
        case .longValue: 2
        case .item: style.item
        }
    }

    private func scalar(_ value: Value, indent: Int, _ line: inout YAMLLine, into output: inout ByteBuffer) {
        switch value {
        case .null: output.append("null")
        case .bool(let flag): output.append(flag ? "true" : "false")
        case .int(let number): NumberFormat.append(number, into: &output)
        case .double(let number): append(number, into: &output)
        case .string(let text):
            text.withBytes { bytes in
                YAMLText(bytes, quotes: style.quotes)
                    .write(indent: indent, width: width, step: style.mapping, &line, into: &output)
            }
        case .array: output.append("[]")
        case .object: output.append("{}")
        }
    }

    /// Appends a double. As in sigs.k8s.io/yaml, a number that JSON writes as an integer and that fits in 64 bits,
    /// signed or unsigned, is an integer in YAML. Others have strconv's format (`1e+20`, which JSON writes with all
    /// zeros).
    private func append(_ number: Double, into output: inout ByteBuffer) {
        if number.isNaN { return output.append(".nan") }
        if number.isInfinite { return output.append(number < 0 ? "-.inf" : ".inf") }
        if number == 0 { return output.append("0") }
        let before = output.count
        NumberFormat.appendJSON(number, into: &output)
        let isInteger = output.withBytes { bytes in
            YAMLNumber.integer(UnsafeBufferPointer(rebasing: bytes[before...])) != nil
        }
        if isInteger { return }
        output.truncate(to: before)
        NumberFormat.append(number, style: .general, into: &output)
    }
}

/// The current line of the output.
struct YAMLLine {
    /// The offset of its first byte.
    private(set) var start: Int
    /// Whether the next entry is written on the current line.
    var isInline = true

    init(start: Int) { self.start = start }

    /// Returns its length in bytes.
    func length(_ output: borrowing ByteBuffer) -> Int { output.count - start }

    /// Returns its length in characters.
    func column(_ output: borrowing ByteBuffer) -> Int {
        output.withBytes { bytes in bytes[start...].count { $0 & 0xC0 != 0x80 } }
    }

    mutating func beginEntry(indent: Int, into output: inout ByteBuffer) {
        if isInline { isInline = false } else { begin(indent: indent, into: &output) }
    }

    /// Begins the next line, unless this one is still empty, and indents it.
    mutating func begin(indent: Int, into output: inout ByteBuffer) {
        end(into: &output)
        output.append(repeating: UInt8(ascii: " "), count: indent)
    }

    mutating func end(into output: inout ByteBuffer) {
        if output.count > start { newLine(into: &output) }
    }

    mutating func newLine(into output: inout ByteBuffer) {
        output.append(0x0A)
        start = output.count
    }

    /// Notes that the last bytes were a line break.
    mutating func restart(_ output: borrowing ByteBuffer) { start = output.count }
}
