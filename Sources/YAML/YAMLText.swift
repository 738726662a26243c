import Values

/// A string to be written, in memory that the caller keeps. It determines the style from the content, and writes the
/// string.
///
/// | string | style |
/// | --- | --- |
/// | would be parsed as something else | double quotes |
/// | `<<` as a key, which go-yaml writes plain and then parses as a merge | double quotes |
/// | several lines | literal block; double quotes if a line ends with a space or is not printable |
/// | begins or ends with a space, contains `: ` or ` #`, or begins with an indicator | single quotes |
/// | contains unprintable characters | double quotes |
/// | anything else | plain |
struct YAMLText {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let style: Style
    /// Whether it can be a key before a colon: one line of at most 128 bytes.
    let isSimpleKey: Bool

    private enum Style {
        case plain, single, double, literal
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>, isKey: Bool = false, quotes: YAMLStyle.Quotes = .double) {
        self.bytes = bytes
        if Self.isWord(bytes) {
            isSimpleKey = bytes.count <= 128
            style = YAMLScalar.isText(bytes) ? Self.bare(quotes) : Self.quoted(quotes)
            return
        }
        let traits = Traits(bytes)
        let reads = YAMLScalar.isText(bytes) && !Self.isBase60(bytes)
        isSimpleKey = !traits.hasBreaks && bytes.count <= 128
        if traits.hasNewLine {
            style = traits.allowsBlock ? .literal : .double
        } else if !reads || isKey && bytes.count == 2 && bytes.allSatisfy({ $0 == UInt8(ascii: "<") }) {
            style = traits.allowsSingle ? Self.quoted(quotes) : .double
        } else if traits.allowsPlain {
            style = Self.bare(quotes)
        } else {
            style = traits.allowsSingle ? .single : .double
        }
    }

    /// The styles of strings that need no quotes, and of those that need them.
    private static func bare(_ quotes: YAMLStyle.Quotes) -> Style {
        switch quotes {
        case .double, .single: .plain
        case .allDouble: .double
        case .allSingle: .single
        }
    }
    private static func quoted(_ quotes: YAMLStyle.Quotes) -> Style {
        quotes == .single || quotes == .allSingle ? .single : .double
    }

    /// Whether a string is of the most common kind: it begins with a letter, a digit, a slash or an underscore, and
    /// contains only ASCII characters without a meaning in YAML. It is written plain, unless it would be parsed as
    /// something else.
    private static func isWord(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first,
            first | 0x20 >= UInt8(ascii: "a") && first | 0x20 <= UInt8(ascii: "z")
                || first >= UInt8(ascii: "/") && first <= UInt8(ascii: "9") || first == UInt8(ascii: "_")
        else { return false }
        return YAMLRun.isWord(bytes)
    }

    /// Whether a string is a sexagesimal number of YAML 1.1 (`1:20`). This parser does not treat it as a number, but
    /// others might.
    private static func isBase60(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.contains(UInt8(ascii: ":")) else { return false }
        var index = 0
        func isDigit() -> Bool { index < bytes.count && bytes[index] &- UInt8(ascii: "0") < 10 }
        func skipDigits() {
            while isDigit() || index < bytes.count && bytes[index] == UInt8(ascii: "_") { index += 1 }
        }
        if bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-") { index = 1 }
        guard isDigit() else { return false }
        skipDigits()
        var groups = 0
        while index < bytes.count, bytes[index] == UInt8(ascii: ":") {
            index += 1
            guard isDigit() else { return false }
            let tens = bytes[index]
            index += 1
            if isDigit() {
                guard tens <= UInt8(ascii: "5") else { return false }
                index += 1
            }
            groups += 1
        }
        guard groups > 0 else { return false }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            skipDigits()
        }
        return index == bytes.count
    }

    // MARK: Writing

    /// Appends the string to the current line. Further lines are indented by `step` more than `indent`. Spaces after
    /// column `width` become line breaks.
    func write(
        indent: Int, width: Int, step: Int, _ line: inout YAMLLine, into output: inout ByteBuffer
    ) {
        // The indentation indicator of a block has one digit.
        let step = min(max(step, 1), 9)
        let inner = max(indent, 0) + step
        switch style {
        case .plain:
            // The length in bytes is at least the length in characters.
            if width == .max || line.length(output) + bytes.count <= width { return output.append(bytes) }
            folded(quote: nil, indent: inner, width: width, &line, into: &output)
        case .single:
            output.append(UInt8(ascii: "'"))
            folded(quote: UInt8(ascii: "'"), indent: inner, width: width, &line, into: &output)
            output.append(UInt8(ascii: "'"))
        case .double:
            output.append(UInt8(ascii: "\""))
            escaped(indent: inner, width: width, &line, into: &output)
            output.append(UInt8(ascii: "\""))
        case .literal:
            literal(indent: inner, step: step, &line, into: &output)
        }
    }

    /// Appends the characters that every style writes unchanged, from that index on: printable ASCII without spaces and
    /// the given characters. Returns their number.
    private func appendRun(
        from start: Int, without quote: UInt8?, _ other: UInt8? = nil, into output: inout ByteBuffer
    ) -> Int {
        var end = start
        while end < bytes.count, bytes[end] &- 0x21 < 0x5E, bytes[end] != quote, bytes[end] != other {
            end += 1
        }
        output.append(UnsafeBufferPointer(rebasing: bytes[start..<end]))
        return end - start
    }

    /// Writes a plain or single-quoted string. A space between words may become a line break.
    private func folded(
        quote: UInt8?, indent: Int, width: Int, _ line: inout YAMLLine, into output: inout ByteBuffer
    ) {
        var column = line.column(output)
        var afterSpace = false
        var afterBreak = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: " ") {
                let isInner = index > 0 && index < bytes.count - 1
                if !afterSpace, column > width, isInner, bytes[index + 1] != UInt8(ascii: " ") {
                    line.begin(indent: indent, into: &output)
                    column = indent
                } else {
                    output.append(byte)
                    column += 1
                }
                afterSpace = true
                index += 1
                continue
            }
            let length = YAMLText.breakLength(bytes, index)
            if length > 0 {
                output.append(UnsafeBufferPointer(rebasing: bytes[index..<index + length]))
                line.restart(output)
                column = 0
                afterBreak = true
                index += length
                continue
            }
            if afterBreak {
                line.begin(indent: indent, into: &output)
                column = indent
            }
            afterSpace = false
            afterBreak = false
            let run = appendRun(from: index, without: quote, into: &output)
            column += run
            index += run
            if run > 0 { continue }
            if byte == quote {
                output.append(byte)
                column += 1
            }
            output.append(byte)
            if byte & 0xC0 != 0x80 { column += 1 }
            index += 1
        }
    }

    /// Writes a double-quoted string with escapes. A space may become a line break.
    private func escaped(
        indent: Int, width: Int, _ line: inout YAMLLine, into output: inout ByteBuffer
    ) {
        var column = line.column(output)
        var afterSpace = false
        var index = 0
        while index < bytes.count {
            let run = appendRun(
                from: index, without: UInt8(ascii: "\""), UInt8(ascii: "\\"), into: &output)
            if run > 0 {
                column += run
                index += run
                afterSpace = false
                continue
            }
            let byte = bytes[index]
            let isPlain = YAMLText.isPrintable(bytes, index) && YAMLText.breakLength(bytes, index) == 0
            if !isPlain || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                let before = output.count
                index += YAMLText.appendEscape(bytes, index, into: &output)
                column += output.count - before
                afterSpace = false
            } else if byte == UInt8(ascii: " ") {
                if !afterSpace, column > width, index > 0, index < bytes.count - 1 {
                    line.begin(indent: indent, into: &output)
                    column = indent
                    if bytes[index + 1] == UInt8(ascii: " ") {
                        output.append(UInt8(ascii: "\\"))
                        column += 1
                    }
                } else {
                    output.append(byte)
                    column += 1
                }
                afterSpace = true
                index += 1
            } else {
                output.append(byte)
                if byte & 0xC0 != 0x80 { column += 1 }
                afterSpace = false
                index += 1
            }
        }
    }

    /// Writes a literal block: `|`, if needed the indentation (`2`) and the treatment of the last line breaks (`-`
    /// removes them, `+` keeps them all), and the unchanged lines.
    private func literal(
        indent: Int, step: Int, _ line: inout YAMLLine, into output: inout ByteBuffer
    ) {
        output.append(UInt8(ascii: "|"))
        if bytes[0] == UInt8(ascii: " ") || YAMLText.breakLength(bytes, 0) > 0 {
            output.append(UInt8(ascii: "0") + UInt8(step))
        }
        let last = YAMLText.characterStart(bytes, bytes.count - 1)
        if YAMLText.breakLength(bytes, last) == 0 {
            output.append(UInt8(ascii: "-"))
        } else if last == 0 || YAMLText.breakLength(bytes, YAMLText.characterStart(bytes, last - 1)) > 0 {
            output.append(UInt8(ascii: "+"))
        }
        line.newLine(into: &output)
        var afterBreak = true
        var index = 0
        while index < bytes.count {
            let length = YAMLText.breakLength(bytes, index)
            if length > 0 {
                output.append(UnsafeBufferPointer(rebasing: bytes[index..<index + length]))
                line.restart(output)
                afterBreak = true
                index += length
            } else {
                if afterBreak { line.begin(indent: indent, into: &output) }
                afterBreak = false
                let run = appendRun(from: index, without: nil, into: &output)
                if run == 0 { output.append(bytes[index]) }
                index += max(run, 1)
            }
        }
    }

    /// Appends the escape of the character at that index. Returns the length of the character in bytes.
    private static func appendEscape(
        _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, into output: inout ByteBuffer
    ) -> Int {
        let length = max(UTF8Scan.length(bytes.baseAddress! + index, limit: bytes.count - index), 1)
        let run = UnsafeBufferPointer(rebasing: bytes[index..<index + length])
        let scalar = String(decoding: run, as: UTF8.self).unicodeScalars.first?.value ?? 0xFFFD
        output.append(UInt8(ascii: "\\"))
        switch scalar {
        case 0x00: output.append(UInt8(ascii: "0"))
        case 0x07: output.append(UInt8(ascii: "a"))
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0B: output.append(UInt8(ascii: "v"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case 0x1B: output.append(UInt8(ascii: "e"))
        case 0x22: output.append(UInt8(ascii: "\""))
        case 0x5C: output.append(UInt8(ascii: "\\"))
        case 0x85: output.append(UInt8(ascii: "N"))
        case 0xA0: output.append(UInt8(ascii: "_"))
        case 0x2028: output.append(UInt8(ascii: "L"))
        case 0x2029: output.append(UInt8(ascii: "P"))
        default:
            let (letter, digits) = scalar <= 0xFF ? ("x", 2) : scalar <= 0xFFFF ? ("u", 4) : ("U", 8)
            output.append(letter)
            for place in stride(from: digits - 1, through: 0, by: -1) {
                let digit = UInt8(scalar >> UInt32(place * 4) & 15)
                output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
            }
        }
        return length
    }

    // MARK: Characters

    /// Returns the length of the line break at that index (LF, CR, NEL, LS, PS), or 0.
    private static func breakLength(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        switch bytes[index] {
        case 0x0A, 0x0D: 1
        case 0xC2: index + 1 < bytes.count && bytes[index + 1] == 0x85 ? 2 : 0
        case 0xE2:
            index + 2 < bytes.count && bytes[index + 1] == 0x80 && bytes[index + 2] & 0xFE == 0xA8 ? 3 : 0
        default: 0
        }
    }

    private static func characterStart(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        var index = index
        while index > 0, bytes[index] & 0xC0 == 0x80 { index -= 1 }
        return index
    }

    /// Whether the character is written without an escape in every style. Characters above U+FFFF are not, as in
    /// libyaml.
    private static func isPrintable(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
        let byte = bytes[index]
        let second = index + 1 < bytes.count ? bytes[index + 1] : 0
        switch byte {
        case 0x0A, 0x20...0x7E: return true
        case 0x80...0xBF: return true
        case 0xC2: return second >= 0xA0
        case 0xC3...0xEC, 0xEE: return true
        case 0xED: return second < 0xA0
        case 0xEF:
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            return !(second == 0xBB && third == 0xBF) && !(second == 0xBF && third >= 0xBE)
        default: return false
        }
    }

    /// The properties of a string that determine its style.
    private struct Traits {
        var allowsPlain = false
        var allowsSingle = true
        var allowsBlock = false
        var hasBreaks = false
        var hasNewLine = false

        init() {}

        init(_ bytes: UnsafeBufferPointer<UInt8>) {
            guard !bytes.isEmpty else { return }
            var hasIndicator =
                bytes.count >= 3 && (Traits.begins(bytes, "---") || Traits.begins(bytes, "..."))
            var hasSpecial = false
            var leading = false
            var trailingSpace = false
            var trailingBreak = false
            var breakThenSpace = false
            var spaceThenBreak = false
            var afterSpace = false
            var afterBreak = false
            var afterBlank = true

            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                // Letters, which most strings consist of, need no checks. Other visible ASCII needs them only at the
                // start, except for these two.
                if byte | 0x20 &- UInt8(ascii: "a") < 26
                    || index > 0 && byte &- 0x21 < 0x5E && byte != UInt8(ascii: ":")
                        && byte != UInt8(ascii: "#")
                {
                    (afterSpace, afterBreak, afterBlank) = (false, false, false)
                    index += 1
                    continue
                }
                let lineBreak = YAMLText.breakLength(bytes, index)
                let length = byte < 0x80 ? 1 : max(lineBreak, Traits.length(byte))
                let next = index + length
                let beforeBlank =
                    next >= bytes.count || bytes[next] == UInt8(ascii: " ") || bytes[next] == 0x09
                if index == 0 {
                    hasIndicator = hasIndicator || Traits.isIndicator(byte, beforeBlank: beforeBlank)
                } else if byte == UInt8(ascii: ":") {
                    hasIndicator = hasIndicator || beforeBlank
                } else if byte == UInt8(ascii: "#") {
                    hasIndicator = hasIndicator || afterBlank
                }
                if !YAMLText.isPrintable(bytes, index) { hasSpecial = true }
                if byte == UInt8(ascii: " ") {
                    if index == 0 { leading = true }
                    if next == bytes.count { trailingSpace = true }
                    if afterBreak { breakThenSpace = true }
                    (afterSpace, afterBreak) = (true, false)
                } else if lineBreak > 0 {
                    hasBreaks = true
                    if byte == 0x0A { hasNewLine = true }
                    if index == 0 { leading = true }
                    if next == bytes.count { trailingBreak = true }
                    if afterSpace { spaceThenBreak = true }
                    (afterSpace, afterBreak) = (false, true)
                } else {
                    (afterSpace, afterBreak) = (false, false)
                }
                afterBlank = byte == UInt8(ascii: " ") || byte == 0x09 || byte == 0 || lineBreak > 0
                index = next
            }
            let isQuotedOnly = spaceThenBreak || hasSpecial
            allowsPlain =
                !leading && !trailingSpace && !trailingBreak && !breakThenSpace && !isQuotedOnly && !hasBreaks
                && !hasIndicator
            allowsSingle = !breakThenSpace && !isQuotedOnly
            allowsBlock = !trailingSpace && !isQuotedOnly
        }

        private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
            (0..<text.utf8CodeUnitCount).allSatisfy { bytes[$0] == text.utf8Start[$0] }
        }

        private static func length(_ first: UInt8) -> Int {
            first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1
        }

        /// Whether a string that begins with this byte cannot be plain.
        private static func isIndicator(_ byte: UInt8, beforeBlank: Bool) -> Bool {
            switch byte {
            case UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"),
                UInt8(ascii: "{"),
                UInt8(ascii: "}"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"),
                UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "%"),
                UInt8(ascii: "@"),
                UInt8(ascii: "`"):
                return true
            case UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "-"):
                return beforeBlank
            default:
                return false
            }
        }
    }
}
