import Values

/// Why a text is no JSON, in the words of Go's encoding/json.
enum JSONComplaint {
    /// - Parameter error: what the reader found; its offset is where Go stops too.
    static func text(_ bytes: [UInt8], _ error: JSONError) -> String {
        if error.code == .unexpectedEnd || error.offset >= bytes.count {
            return "unexpected end of JSON input"
        }
        if error.code == .tooDeep { return "exceeded max depth" }
        let found = quoted(bytes, error.offset)
        if error.code == .controlCharacter { return "invalid character \(found) in string literal" }
        if error.code == .badEscape { return "invalid character \(found) in string escape code" }
        return "invalid character \(found) \(context(bytes[..<error.offset], bytes[error.offset]))"
    }

    private static func quoted(_ bytes: [UInt8], _ offset: Int) -> String {
        switch bytes[offset] {
        case 0x27: return "'\\''"
        case 0x22: return "'\"'"
        case 0x0A: return "'\\n'"
        case 0x0D: return "'\\r'"
        case 0x09: return "'\\t'"
        case 0x20..<0x7F: return "'\(Character(Unicode.Scalar(bytes[offset])))'"
        default:
            // One byte at a time is read, and shown as the Latin-1 character of that number.
            let byte = bytes[offset]
            if byte >= 0xA1, byte != 0xAD { return "'\(Character(Unicode.Scalar(byte)))'" }
            return byte < 0x80 ? "'\\x\(hex(byte))'" : "'\\u00\(hex(byte))'"
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.utf8.count < 2 ? "0" + text : text
    }

    /// What was being looked for: read off the text before the place, of which all was fine.
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
                if index >= before.endIndex { return "in string literal" }
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

    /// A literal or number that broke off right before the byte.
    private static func literal(_ begun: ArraySlice<UInt8>, _ byte: UInt8) -> String? {
        for word in ["true", "false", "null"]
        where word.utf8.starts(with: begun) && begun.count < word.utf8.count {
            let letters = Array(word)
            return "in literal \(word) (expecting '\(letters[begun.count])')"
        }
        if begun.elementsEqual([0x2D]) { return "in numeric literal" }
        if begun.last == 0x2E { return "after decimal point in numeric literal" }
        if let last = begun.last, last | 0x20 == 0x65 || last == 0x2B || last == 0x2D, begun.count > 1 {
            return "in exponent of numeric literal"
        }
        return nil
    }
}
