public import Values

/// Writes values as YAML, byte for byte as sigs.k8s.io/yaml (go-yaml v2) does.
///
/// Comes in: a value. Goes out: its text, one document without markers. Mappings indent by two blanks, sequences
/// in mappings not at all; strings are bare if they would be read as the same string again, else quoted; texts of
/// several lines as literal blocks; long lines are folded at blanks after column 80.
public enum YAMLWriter {
    /// The order of members.
    public enum Order: Sendable {
        /// As go-yaml sorts keys: letters after everything else, runs of digits by their number.
        case sorted
        case asGiven
    }

    /// Where lines are folded by default.
    public static let standardWidth = 80

    /// - Parameters:
    ///   - width: the column after which lines are folded; `.max` never folds.
    ///   - indentsLists: whether a list is indented by two columns from its key, as go-yaml v3 has it.
    ///   - style: the columns and quotes, go-yaml v2's by default.
    public static func write(
        _ value: Value, into output: inout ByteBuffer, order: Order = .sorted, width: Int = standardWidth,
        indentsLists: Bool = false, style: YAMLStyle = YAMLStyle()
    ) {
        var style = style
        if indentsLists { style.sequence = 2 }
        YAMLEmitter(order: order, width: width, style: style).write(value, into: &output)
    }

    /// Whether a plain scalar of these letters, digits and signs is read as a text, not as a number, a boolean or null.
    public static func isBare(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { YAMLScalar.isText(bytes) }

    /// The text of a value. `width` is the column after which lines are folded; `.max` never folds.
    public static func text(_ value: Value, order: Order = .sorted, width: Int = standardWidth) -> String {
        var output = ByteBuffer()
        write(value, into: &output, order: order, width: width)
        return output.text
    }
}

/// Walks a value by a loop over the containers that are open.
struct YAMLEmitter {
    let order: YAMLWriter.Order
    let width: Int
    var style = YAMLStyle()

    /// A collection that is open. Only one of the two lists has anything in it.
    private struct Frame {
        var members: [Member] = []
        var items: [Value] = []
        var next = 0
        var indent = 0
    }

    func write(_ value: Value, into output: inout ByteBuffer) {
        var line = YAMLLine(start: output.count)
        guard var current = enter(value, indent: -1, place: .root, &line, into: &output) else {
            return line.end(into: &output)
        }
        // The innermost collection is kept apart from those around it: taking it off the stack and putting it
        // back for each entry would count references and take a third longer.
        var around: [Frame] = []
        while true {
            var inner: Frame?
            while inner == nil, current.next < current.members.count {
                let index = current.next
                current.next += 1
                line.beginEntry(indent: current.indent, into: &output)
                let isSimple = writeKey(
                    current.members[index].key, indent: current.indent, &line, into: &output)
                inner = enter(
                    current.members[index].value, indent: current.indent,
                    place: isSimple ? .value : .longValue,
                    &line, into: &output)
            }
            while inner == nil, current.next < current.items.count {
                let index = current.next
                current.next += 1
                line.beginEntry(indent: current.indent, into: &output)
                output.append(UInt8(ascii: "-"))
                inner = enter(
                    current.items[index], indent: current.indent, place: .item, &line, into: &output)
            }
            if let inner {
                around.append(current)
                current = inner
            } else if let outer = around.popLast() {
                current = outer
            } else {
                return line.end(into: &output)
            }
        }
    }

    /// Writes a key and its colon; returns whether it is before the colon, as short keys of one line are. Others
    /// follow a `?`, with the colon on a line of its own.
    private func writeKey(
        _ key: String, indent: Int, _ line: inout YAMLLine, into output: inout ByteBuffer
    ) -> Bool {
        let text = YAMLText(key, isKey: true)
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

    /// Where a value is.
    private enum Place {
        case root
        /// After `key:`.
        case value
        /// After the `:` of a key with a line of its own.
        case longValue
        /// After `-`.
        case item
    }

    /// Writes a scalar or an empty collection; any other collection is the answer, its entries still to come.
    private func enter(
        _ value: Value, indent: Int, place: Place, _ line: inout YAMLLine, into output: inout ByteBuffer
    ) -> Frame? {
        var frame = Frame()
        switch value {
        case .array(let items) where !items.isEmpty:
            frame.items = items
            // go-yaml does not indent a list under its key, but for the one of a long key.
            frame.indent = place == .root ? 0 : indent + (place == .value ? style.sequence : step(to: place))
        case .object(let object) where !object.isEmpty:
            frame.members = order == .sorted ? YAMLKeyOrder.sorted(object.members) : object.members
            frame.indent = place == .root ? 0 : indent + step(to: place)
        default:
            if place != .root {
                output.append(repeating: UInt8(ascii: " "), count: place == .item ? style.item - 1 : 1)
            }
            scalar(value, indent: indent, &line, into: &output)
            return nil
        }
        // After `- ` and the `: ` of a long key, the first entry is on the same line.
        line.isInline = place != .value
        if place == .item {
            output.append(repeating: UInt8(ascii: " "), count: style.item - 1)
        } else if place == .longValue {
            output.append(UInt8(ascii: " "))
        }
        return frame
    }

    /// Columns from a key or dash to what is in its value.
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
            YAMLText(text, quotes: style.quotes)
                .write(indent: indent, width: width, step: style.mapping, &line, into: &output)
        case .array: output.append("[]")
        case .object: output.append("{}")
        }
    }

    /// Binary fractions go through their JSON, as there: one that is an integer in JSON and fits 64 bits, with or
    /// without a sign, is an integer in YAML. Others have strconv's shape (`1e+20`, where JSON writes all zeros).
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

/// The line that is being written.
struct YAMLLine {
    /// The byte with which it begins.
    private(set) var start: Int
    /// Whether an entry that comes now goes on the line that is there.
    var isInline = true

    init(start: Int) { self.start = start }

    /// How many bytes are on it.
    func length(_ output: borrowing ByteBuffer) -> Int { output.count - start }

    /// How many characters are on it.
    func column(_ output: borrowing ByteBuffer) -> Int {
        output.withBytes { bytes in bytes[start...].count { $0 & 0xC0 != 0x80 } }
    }

    mutating func beginEntry(indent: Int, into output: inout ByteBuffer) {
        if isInline { isInline = false } else { begin(indent: indent, into: &output) }
    }

    /// Begins the next line, or stays on this one if it is still empty.
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

    /// The bytes just written end a line, as far as YAML is concerned.
    mutating func restart(_ output: borrowing ByteBuffer) { start = output.count }
}
