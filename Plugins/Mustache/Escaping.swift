import Values

/// How a value becomes text at one tag, settled when compiling.
enum ValueStyle: UInt8 {
    /// As it is.
    case none
    case html
    /// Within a JSON string.
    case jsonString
    /// Where a JSON value stands: strings with their quotes.
    case jsonValue
    /// Where a whole YAML scalar stands: quoted where it must be.
    case yamlScalar
    /// A part of an unquoted YAML scalar, at its beginning or behind it.
    case yamlFirstPart
    case yamlPart
    case yamlDoubleQuoted
    case yamlSingleQuoted
    /// Within a block scalar or a comment: anything that stays on the line.
    case yamlLine

    /// Why a value cannot stand where the tag stands.
    struct Problem {
        var message: String
    }

    /// Appends the value's text; null is the empty text, save as a JSON value.
    func write(_ value: Value, into output: inout ByteBuffer) -> Problem? {
        switch value {
        case .null:
            if self == .jsonValue { output.append("null") }
        case .bool(let value): output.append(value ? "true" : "false")
        case .int(let value): NumberFormat.append(value, into: &output)
        case .double(let value): NumberFormat.appendJSON(value, into: &output)
        case .string(let text): return write(text, into: &output)
        case .array, .object:
            // A list or object stands as JSON, which is YAML too; within quotes it is text like any other.
            if self == .jsonValue || self == .yamlScalar || self == .none {
                JSON.write(value, into: &output)
            } else {
                return write(JSON.text(value), into: &output)
            }
        }
        return nil
    }

    private func write(_ text: String, into output: inout ByteBuffer) -> Problem? {
        switch self {
        case .none: output.append(text)
        case .html: Self.writeHTML(text, into: &output)
        case .jsonString, .yamlDoubleQuoted: Self.writeQuoted(text, quotes: false, into: &output)
        case .jsonValue: Self.writeQuoted(text, quotes: true, into: &output)
        case .yamlScalar:
            if YAMLText.isPlain(text) {
                output.append(text)
            } else {
                Self.writeQuoted(text, quotes: true, into: &output)
            }
        case .yamlFirstPart, .yamlPart:
            guard YAMLText.isPart(text, first: self == .yamlFirstPart) else {
                return Problem(
                    message: "\(Self.shown(text)) cannot be a part of an unquoted YAML scalar: "
                        + "put the scalar in quotes, or write {{{name}}} for text that is YAML itself")
            }
            output.append(text)
        case .yamlSingleQuoted:
            guard YAMLText.isPrintable(text) else {
                return Problem(
                    message: "\(Self.shown(text)) has bytes that single quotes cannot hold: use double quotes"
                )
            }
            var text = text
            text.withUTF8 { bytes in
                for byte in bytes {
                    output.append(byte)
                    if byte == UInt8(ascii: "'") { output.append(byte) }
                }
            }
        case .yamlLine:
            guard YAMLText.isPrintable(text) else {
                return Problem(
                    message: "\(Self.shown(text)) would end its line of a block scalar or comment: "
                        + "use double quotes, or write {{{name}}} for text that is YAML itself")
            }
            output.append(text)
        }
        return nil
    }

    /// For messages: the text as JSON, cut where it is long.
    private static func shown(_ text: String) -> String {
        let most = 60
        let head = String(text.unicodeScalars.prefix(most))
        return JSON.text(.string(head)) + (head.utf8.count < text.utf8.count ? " (cut)" : "")
    }

    /// The five characters that HTML gives a meaning in text and in quoted attributes.
    private static func writeHTML(_ text: String, into output: inout ByteBuffer) {
        var text = text
        text.withUTF8 { bytes in
            var done = 0
            for (index, byte) in bytes.enumerated() where byte <= UInt8(ascii: ">") {
                let escape: StaticString
                switch byte {
                case UInt8(ascii: "&"): escape = "&amp;"
                case UInt8(ascii: "<"): escape = "&lt;"
                case UInt8(ascii: ">"): escape = "&gt;"
                case UInt8(ascii: "\""): escape = "&quot;"
                case UInt8(ascii: "'"): escape = "&#39;"
                default: continue
                }
                output.append(UnsafeBufferPointer(rebasing: bytes[done..<index]))
                output.append(escape)
                done = index + 1
            }
            output.append(UnsafeBufferPointer(rebasing: bytes[done...]))
        }
    }

    private static func writeQuoted(_ text: String, quotes: Bool, into output: inout ByteBuffer) {
        guard !quotes else { return JSON.writeString(text, into: &output) }
        var quoted = ByteBuffer(capacity: text.utf8.count + 2)
        JSON.writeString(text, into: &quoted)
        quoted.withBytes { output.append(UnsafeBufferPointer(rebasing: $0.dropFirst().dropLast())) }
    }
}

/// What a text may hold to stand unquoted in YAML. Stricter than YAML itself: what is refused here is quoted, which
/// is never wrong.
enum YAMLText {
    /// Whether the text, unquoted and alone, is a scalar that reads back as this very string.
    static func isPlain(_ text: String) -> Bool {
        isPart(text, first: true) && !text.isEmpty && !resolves(text)
    }

    /// Whether the text can be a part of an unquoted scalar without changing the structure around it.
    static func isPart(_ text: String, first: Bool) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard let head = bytes.first, let tail = bytes.last else { return true }
            if first, isIndicator(head) || head == UInt8(ascii: " ") { return false }
            if tail == UInt8(ascii: ":") || tail == UInt8(ascii: " ") { return false }
            var previous: UInt8 = first ? UInt8(ascii: " ") : 0
            for byte in bytes {
                switch byte {
                case 0..<0x20, 0x7f: return false
                case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
                    UInt8(ascii: "}"):
                    return false
                case UInt8(ascii: " "): if previous == UInt8(ascii: ":") { return false }
                case UInt8(ascii: "#"): if previous == UInt8(ascii: " ") { return false }
                default: break
                }
                previous = byte
            }
            return !hasLineBreak(bytes)
        }
    }

    /// Whether the text has no control characters, and so stays on its line.
    static func isPrintable(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            bytes.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7f } && !hasLineBreak(bytes)
        }
    }

    /// NEL, LS and PS break lines in YAML 1.1.
    private static func hasLineBreak(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index + 1 < bytes.count {
            if bytes[index] == 0xc2, bytes[index + 1] < 0xa0 { return true }
            if bytes[index] == 0xe2, bytes[index + 1] == 0x80, index + 2 < bytes.count,
                bytes[index + 2] & 0xfe == 0xa8
            {
                return true
            }
            index += 1
        }
        return false
    }

    private static func isIndicator(_ byte: UInt8) -> Bool {
        "-?:,[]{}#&*!|>'\"%@`=~<.".utf8.contains(byte)
    }

    /// Whether YAML 1.1 or 1.2 takes the text for something else than a string. Everything that begins as a number
    /// counts, dates and sexagesimal numbers among it.
    private static func resolves(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return true }
        if (0x30...0x39).contains(first) || first == UInt8(ascii: "+") { return !isImageLike(text) }
        switch text.utf8.count {
        case 1: return "yYnN".utf8.contains(first)
        case 2...5: return words.contains(text.lowercased())
        default: return false
        }
    }

    private static let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "inf", "nan"]

    /// A text that begins with a digit and cannot be a number or date, for a letter beyond hexadecimal is in it.
    private static func isImageLike(_ text: String) -> Bool {
        text.utf8.contains { byte in
            let letter = byte | 0x20
            return (UInt8(ascii: "g")...UInt8(ascii: "z")).contains(letter) && letter != UInt8(ascii: "o")
                && letter != UInt8(ascii: "x") && letter != UInt8(ascii: "t") && letter != UInt8(ascii: "z")
        }
    }
}
