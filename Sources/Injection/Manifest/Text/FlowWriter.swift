import Values
import YAML

/// Writes values in flow style: as JSON, or as YAML with strings without quotes where that is possible.
struct FlowWriter {
    /// The layout of a text, as far as it can be recognised.
    struct Layout {
        /// Whether strings and keys are always in double quotes.
        var isJSON = true
        /// `", "` or `","`
        var comma = ", "
        /// `": "` or `":"`
        var colon = ": "
        /// The indentation of a collection's entries.
        var unit = "  "
        var newline = "\n"
        var quotes = YAMLStyle.Quotes.double
    }

    let layout: Layout

    /// The maximum length of a collection on one line, unless the whole text is one line.
    static let longestLine = 100

    /// - Parameter indent: the indentation of the line that the value begins on; nil keeps everything on that line.
    func text(_ value: Value, indent: String?) -> String {
        var text = ""
        write(value, indent: indent, into: &text)
        return text
    }

    func member(_ member: Member, indent: String?) -> String {
        scalar(member.key, isKey: true) + layout.colon + text(member.value, indent: indent)
    }

    private func write(_ value: Value, indent: String?, into text: inout String) {
        let indent = indent == nil || staysOnLine(value) ? nil : indent
        switch value {
        case .object(let object) where !object.isEmpty:
            let inner = indent.map { $0 + layout.unit }
            text += "{"
            for (number, member) in object.members.enumerated() {
                separate(number, inner, into: &text)
                text += scalar(member.key, isKey: true) + layout.colon
                write(member.value, indent: inner, into: &text)
            }
            if let indent { text += layout.newline + indent }
            text += "}"
        case .array(let items) where !items.isEmpty:
            let inner = indent.map { $0 + layout.unit }
            text += "["
            for (number, item) in items.enumerated() {
                separate(number, inner, into: &text)
                write(item, indent: inner, into: &text)
            }
            if let indent { text += layout.newline + indent }
            text += "]"
        case .string(let string): text += scalar(string, isKey: false)
        default: text += JSON.text(value)
        }
    }

    /// Whether a nested collection stays on one line: in YAML if it is short enough, or contains only one scalar.
    private func staysOnLine(_ value: Value) -> Bool {
        guard !layout.isJSON else { return false }
        let only: Value?
        switch value {
        case .object(let object): only = object.count == 1 ? object.members[0].value : nil
        case .array(let items): only = items.count == 1 ? items[0] : nil
        default: return true
        }
        if let only, only.array == nil, only.object == nil { return true }
        var line = ""
        write(value, indent: nil, into: &line)
        return line.utf8.count <= Self.longestLine
    }

    private func separate(_ number: Int, _ inner: String?, into text: inout String) {
        guard let inner else {
            if number > 0 { text += layout.comma }
            return
        }
        if number > 0 { text += "," }
        text += layout.newline + inner
    }

    private func scalar(_ string: String, isKey: Bool) -> String {
        if layout.isJSON { return JSON.text(.string(string)) }
        let isBare = Self.isBare(string)
        let quotesAll = layout.quotes == .allDouble || layout.quotes == .allSingle
        if isBare, isKey || !quotesAll { return string }
        let prefersSingle = layout.quotes == .single || layout.quotes == .allSingle
        let bytes = string.utf8
        let hasSpecial = bytes.contains { $0 < 0x20 || $0 >= 0x7f || $0 == 0x27 }
        // With single quotes, text with many double quotes remains readable.
        if !hasSpecial, prefersSingle || bytes.contains(0x22) || bytes.contains(0x5c) { return "'\(string)'" }
        return JSON.text(.string(string))
    }

    /// Whether a string in flow style needs no quotes.
    private static func isBare(_ string: String) -> Bool {
        var string = string
        return string.withUTF8 { bytes in
            guard let first = bytes.first, isLetterOrDigit(first) || first == 0x2f || first == 0x5f else {
                return false
            }
            let isPlain = bytes.allSatisfy { isLetterOrDigit($0) || "-_./".utf8.contains($0) }
            return isPlain && YAMLWriter.isBare(bytes)
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }
}
