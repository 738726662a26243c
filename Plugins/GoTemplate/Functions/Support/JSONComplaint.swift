import Values

/// Explains why a text is not JSON, with the messages of Go's encoding/json.
enum JSONComplaint {
    /// - Parameter error: the parser's error. Its offset is the one at which Go stops too.
    static func text(_ bytes: [UInt8], _ error: JSONError) -> String {
        if error.code == .unexpectedEnd || error.offset >= bytes.count {
            return "unexpected end of JSON input"
        }
        if error.code == .tooDeep { return "exceeded max depth" }
        let found = quoted(bytes, error.offset)
        if error.code == .controlCharacter { return "invalid character \(found) in string" }
        if error.code == .badEscape {
            return "invalid escape sequence `\(escape(bytes, error.offset))` in string"
        }
        return "invalid character \(found) \(context(bytes[..<error.offset], bytes[error.offset]))"
    }

    /// Quotes a character as strconv.QuoteRune does.
    private static func quoted(_ bytes: [UInt8], _ offset: Int) -> String {
        switch bytes[offset] {
        case 0x27: return "'\\''"
        case 0x5C: return "'\\\\'"
        case 0x22: return "'\"'"
        default:
            let (_, size) = Runes.decode(bytes, at: offset)
            let quoted = GoText.quoted(Array(bytes[offset..<(offset + size)]))
            return "'\(quoted.dropFirst().dropLast())'"
        }
    }

    /// Returns the checked part of the escape at an offset: `\q`, or `\u` and the four bytes that follow.
    private static func escape(_ bytes: [UInt8], _ offset: Int) -> String {
        // The error's offset is that of the backslash, or of the character that should be a digit.
        var start = offset
        while start > 0, bytes[start] != 0x5C { start -= 1 }
        guard start + 1 < bytes.count else { return "\\" }
        let size = bytes[start + 1] == 0x75 ? 6 : 1 + Runes.decode(bytes, at: start + 1).size
        return String(decoding: bytes[start..<min(start + size, bytes.count)], as: UTF8.self)
    }

    /// Describes what was expected, which is derived from the valid text before the error.
    private static func context(_ before: ArraySlice<UInt8>, _ byte: UInt8) -> String {
        enum Expected { case value, key, colon, afterElement, afterPair, end }
        var stack: [UInt8] = []
        var expected = Expected.value
        var index = 0
        func done() { expected = stack.last == nil ? .end : stack.last == 0x5B ? .afterElement : .afterPair }
        while index < before.endIndex {
            let current = before[index]
            index += 1
            switch current {
            case 0x20, 0x09, 0x0A, 0x0D: continue
            case 0x5B, 0x7B:
                stack.append(current)
                expected = current == 0x7B ? .key : .value
            case 0x5D, 0x7D:
                _ = stack.popLast()
                done()
            case 0x2C: expected = stack.last == 0x7B ? .key : .value
            case 0x3A: expected = .value
            case 0x22:
                while index < before.endIndex, before[index] != 0x22 {
                    index += before[index] == 0x5C ? 2 : 1
                }
                if index >= before.endIndex { return "in string" }
                index += 1
                if expected == .key { expected = .colon } else { done() }
            default:
                let start = index - 1
                while index < before.endIndex, !" \t\n\r,:]}".utf8.contains(before[index]) { index += 1 }
                if index >= before.endIndex, let complaint = literal(before[start...], byte) {
                    return complaint
                }
                done()
            }
        }
        switch expected {
        case .value: return "looking for beginning of value"
        case .key: return "looking for beginning of object key string"
        case .colon: return "after object key"
        case .afterElement: return "after array element"
        case .afterPair: return "after object key:value pair"
        case .end: return "after top-level value"
        }
    }

    /// Returns the context of a literal or number that ended right before the byte; nil for anything else.
    private static func literal(_ begun: ArraySlice<UInt8>, _ byte: UInt8) -> String? {
        for word in ["true", "false", "null"]
        where word.utf8.starts(with: begun) && begun.count < word.utf8.count {
            let letters = Array(word)
            return "in literal \(word) (expecting '\(letters[begun.count])')"
        }
        if let last = begun.last, last == 0x2E || last | 0x20 == 0x65 || last == 0x2B || last == 0x2D {
            return "in numeric literal"
        }
        return nil
    }
}
