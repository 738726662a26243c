import Values

/// The style in which a tag writes its value. It is determined during compilation.
enum ValueStyle: UInt8 {
    /// Unchanged.
    case none
    case html
    /// In a JSON string.
    case jsonString
    /// In place of a JSON value: strings get quotes.
    case jsonValue
    /// In place of a whole YAML scalar: quoted if necessary.
    case yamlScalar
    /// A part of an unquoted YAML scalar. The whole scalar is quoted at its end if necessary.
    case yamlRaw
    /// A part of an unquoted YAML scalar that cannot be quoted: the first part, and any other part.
    case yamlFirstPart
    case yamlPart
    /// Like `yamlPart`, in a scalar whose fixed text does not distinguish it from a number or a word such as `no`.
    case yamlDoubtfulPart
    /// A part of an unquoted YAML scalar that spans several lines.
    case yamlContinued
    case yamlDoubleQuoted
    case yamlSingleQuoted
    /// In a block scalar or a comment: any text that stays on one line.
    case yamlLine
    /// At the beginning of a line of a block scalar, where indentation is significant.
    case yamlFirstLine

    /// Whether the text is JSON or YAML that represents the value. `none` and `html` write text that may have any
    /// meaning there.
    var isSerialiser: Bool { self != .none && self != .html }

    /// The reason why a value cannot be written at the place of a tag.
    struct Problem {
        var message: String
    }

    /// Appends the value's text. null is an empty text, except as a JSON value.
    func write(_ value: Value, into output: inout ByteBuffer) -> Problem? {
        switch value {
        case .null:
            if self == .jsonValue { output.append("null") }
        case .bool(let value): output.append(value ? "true" : "false")
        case .int(let value): NumberFormat.append(value, into: &output)
        case .double(let value): NumberFormat.appendJSON(value, into: &output)
        case .string(let text): return write(text, into: &output)
        case .array, .object:
            // A list or object is written as JSON, which is YAML too. Within quotes, that is text like any other.
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
        case .none, .yamlRaw: output.append(text)
        case .html: Self.writeHTML(text, into: &output)
        case .jsonString: Self.writeQuoted(text, quotes: false, into: &output)
        case .yamlDoubleQuoted: Self.writeYAMLQuoted(text, quotes: false, into: &output)
        case .jsonValue: Self.writeQuoted(text, quotes: true, into: &output)
        case .yamlScalar:
            if YAMLText.isPlain(text) {
                output.append(text)
            } else {
                Self.writeYAMLQuoted(text, quotes: true, into: &output)
            }
        case .yamlFirstPart, .yamlPart, .yamlDoubtfulPart, .yamlContinued:
            let isHarmless =
                switch self {
                case .yamlPart: YAMLText.isPart(text, first: false) && text.utf8.first != UInt8(ascii: "#")
                case .yamlDoubtfulPart: YAMLText.isPart(text, first: true) && YAMLText.isClearlyText(text)
                case .yamlContinued: YAMLText.isPart(text, first: true) && !text.isEmpty
                default: YAMLText.isPart(text, first: true)
                }
            guard isHarmless else {
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
        case .yamlLine, .yamlFirstLine:
            if self == .yamlFirstLine, let first = text.utf8.first, isBlank(first) {
                return Problem(
                    message: "\(Self.shown(text)) would change the indentation of its block scalar: "
                        + "use double quotes, or write {{{name}}} for text that is YAML itself")
            }
            guard YAMLText.isPrintable(text) else {
                return Problem(
                    message: "\(Self.shown(text)) would end its line of a block scalar or comment: "
                        + "use double quotes, or write {{{name}}} for text that is YAML itself")
            }
            output.append(text)
        }
        return nil
    }

    /// Returns the text as JSON for a message, truncated if it is long.
    private static func shown(_ text: String) -> String {
        let most = 60
        let head = String(text.unicodeScalars.prefix(most))
        return JSON.text(.string(head)) + (head.utf8.count < text.utf8.count ? " (cut)" : "")
    }

    /// Escapes the five characters that have a meaning in HTML text and quoted attributes.
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

extension ValueStyle {
    /// Writes text in double quotes, or the part between them. Escapes the characters that JSON escapes, and those that
    /// YAML treats as a line end or as invalid.
    static func writeYAMLQuoted(_ text: String, quotes: Bool, into output: inout ByteBuffer) {
        guard text.unicodeScalars.contains(where: YAMLText.isUnreadable) else {
            return writeQuoted(text, quotes: quotes, into: &output)
        }
        if quotes { output.append(UInt8(ascii: "\"")) }
        for scalar in text.unicodeScalars {
            if scalar.value >= 0x7F, YAMLText.isUnreadable(scalar) {
                let hex = String(scalar.value, radix: 16)
                output.append("\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex)
            } else {
                writeQuoted(String(scalar), quotes: false, into: &output)
            }
        }
        if quotes { output.append(UInt8(ascii: "\"")) }
    }
}

extension Value {
    /// Whether the value is text as a part of a scalar. Numbers, booleans and null are not.
    var isText: Bool {
        switch self {
        case .string, .array, .object: true
        default: false
        }
    }
}

/// Checks whether a text can be unquoted in YAML. The checks are stricter than YAML itself: text that is refused here
/// is quoted, which is never wrong.
enum YAMLText {
    /// Whether the text, as a whole unquoted scalar, is parsed as this very string.
    static func isPlain(_ text: String) -> Bool {
        isPart(text, first: true) && !text.isEmpty && !resolves(text)
    }

    /// Whether the text, as a whole scalar of several parts, is parsed as this very string. Within the brackets of flow
    /// style, more characters end a scalar.
    static func isPlainScalar(_ text: String, isInFlow: Bool) -> Bool {
        let bytes = Array(text.utf8)
        guard let head = bytes.first, let tail = bytes.last, !text.begins(with: "---"),
            !text.begins(with: "...")
        else {
            return false
        }
        if ",[]{}#&*!|>'\"%@`".utf8.contains(head) || isBlank(head) || isBlank(tail) { return false }
        if "-?:".utf8.contains(head), bytes.count == 1 || isBlank(bytes[1]) { return false }
        if tail == UInt8(ascii: ":") || text == "~" || text == "=" || text == "<<" { return false }
        for index in bytes.indices {
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch bytes[index] {
            case UInt8(ascii: "\t"): return false
            case UInt8(ascii: ":") where isBlank(next): return false
            case UInt8(ascii: " ") where next == UInt8(ascii: "#"): return false
            case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
                UInt8(ascii: "}"):
                if isInFlow { return false }
            case UInt8(ascii: "?") where isInFlow: return false
            default: break
            }
        }
        let isNumberLike = head == UInt8(ascii: "-") || head == UInt8(ascii: ".") || head == UInt8(ascii: "+")
        if isNumberLike, !isImageLike(text) || text.utf8.count <= 5 && words.contains(unsigned(text)) {
            return false
        }
        return !resolves(text) && !text.unicodeScalars.contains(where: isUnreadable)
    }

    /// Returns a text without sign and dot: `-.inf` becomes `inf`.
    private static func unsigned(_ text: String) -> String {
        String(text.drop { $0 == "-" || $0 == "+" || $0 == "." }).lowercased()
    }

    /// Whether any scalar that contains the text must be a string: it has a letter that no number or date has, and is
    /// too long for `false` or has a character that such words do not have.
    static func isClearlyText(_ text: String) -> Bool {
        isImageLike(text)
            && (text.utf8.count > 5 || text.utf8.contains { "-_./0123456789".utf8.contains($0) })
    }

    /// Whether it is a control character, a line end of YAML 1.1, the byte order mark, or a noncharacter.
    static func isUnreadable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }

    /// Whether the text can be part of an unquoted scalar without changing the structure around it.
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
            return isReadable(bytes)
        }
    }

    /// Whether the text has no control characters, so that it stays on its line.
    static func isPrintable(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            bytes.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7f } && isReadable(bytes)
        }
    }

    /// Whether no non-ASCII character has a special meaning in YAML: NEL and other C1 characters, LS, PS, the byte
    /// order mark, U+FFFE and U+FFFF.
    private static func isReadable(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index + 1 < bytes.count {
            let next = bytes[index + 1]
            switch bytes[index] {
            case 0xC2 where next < 0xA0: return false
            case 0xE2 where next == 0x80 && index + 2 < bytes.count && bytes[index + 2] & 0xFE == 0xA8:
                return false
            case 0xEF where index + 2 < bytes.count:
                if next == 0xBB && bytes[index + 2] == 0xBF || next == 0xBF && bytes[index + 2] >= 0xBE {
                    return false
                }
            default: break
            }
            index += 1
        }
        return true
    }

    private static func isIndicator(_ byte: UInt8) -> Bool {
        "-?:,[]{}#&*!|>'\"%@`=~<.".utf8.contains(byte)
    }

    /// Whether YAML 1.1 or 1.2 parses the text as something other than a string. Anything that begins like a number
    /// counts, including dates and sexagesimal numbers.
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

    /// Whether the text cannot be a number or date, even if it begins with a digit, because it has a letter that these
    /// do not have.
    private static func isImageLike(_ text: String) -> Bool {
        text.utf8.contains { byte in
            let letter = byte | 0x20
            return (UInt8(ascii: "g")...UInt8(ascii: "z")).contains(letter) && letter != UInt8(ascii: "o")
                && letter != UInt8(ascii: "x") && letter != UInt8(ascii: "t") && letter != UInt8(ascii: "z")
        }
    }
}
