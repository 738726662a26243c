import Values

// Scans the lines of a simple text: blanks and comments, keys, and scalars of each style. Throws `Unknown` if a part is
// not simple, or is an error.
extension YAMLBlockReader {
    // MARK: Lines

    /// Moves to the first line, from the start of this one on, that is neither empty nor a comment.
    mutating func nextContent() throws(Unknown) {
        while position < end {
            lineStart = position
            while position < end, base[position] == 0x20 { position += 1 }
            guard position < end else { break }
            if base[position] == 0x0A {
                position += 1
            } else if base[position] == UInt8(ascii: "#") {
                skipLine()
            } else {
                column = position - lineStart
                if column == 0, isMarker() { throw Unknown() }
                return
            }
        }
        column = -1
    }

    mutating func skipLine() {
        while position < end, base[position] != 0x0A { position += 1 }
        if position < end { position += 1 }
    }

    /// Whether a line begins like `---`, `...` or a directive.
    func isMarker() -> Bool {
        let byte = base[position]
        guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") else { return byte == UInt8(ascii: "%") }
        return position + 2 < end && base[position + 1] == byte && base[position + 2] == byte
    }

    /// Whether there is a space, a line break or the end of the text at an index.
    func isBlank(_ index: Int) -> Bool { index >= end || base[index] == 0x20 || base[index] == 0x0A }

    var isAtDash: Bool {
        position < end && base[position] == UInt8(ascii: "-") && isBlank(position + 1)
    }

    mutating func skipSpaces() {
        while position < end, base[position] == 0x20 { position += 1 }
    }

    /// Moves to the next content if the rest of the line has only spaces and a comment, and returns whether that is so.
    /// A comment must follow a space, which the caller may have skipped.
    mutating func endLine() throws(Unknown) -> Bool {
        let start = position
        skipSpaces()
        guard
            position >= end || base[position] == 0x0A
                || base[position] == UInt8(ascii: "#") && (position > start || base[start - 1] == 0x20)
        else { return false }
        skipLine()
        try nextContent()
        return true
    }

    // MARK: Keys and plain scalars

    /// Parses a key and its colon, and moves to the byte after the colon. Returns nil, without moving, if there is a
    /// scalar that is not a key.
    mutating func key() throws(Unknown) -> String? {
        let start = position
        let isQuoted = base[position] == UInt8(ascii: "\"") || base[position] == UInt8(ascii: "'")
        let text: String
        if isQuoted {
            text = try quoted()
            skipSpaces()
        } else {
            let bytes = try plain()
            text = isAtColon ? try keyText(bytes) : ""
        }
        guard isAtColon else {
            position = start
            return nil
        }
        guard position - start <= Self.keyLimit else { throw Unknown() }
        position += 1
        return text
    }

    /// Returns the string of a plain key. It is `mutating`, like `resolve`, so that the reader is not copied for the
    /// call.
    mutating func keyText(_ bytes: UnsafeBufferPointer<UInt8>) throws(Unknown) -> String {
        if YAMLScalar.mayResolve(bytes), !keepsKeys {
            guard let text = YAMLScalar.keyText(try resolve(bytes)) else { throw Unknown() }
            return text
        }
        if bytes.count == 2, bytes[0] == UInt8(ascii: "<"), bytes[1] == bytes[0] { throw Unknown() }
        return checks ? "" : String(decoding: bytes, as: UTF8.self)
    }

    /// Returns the value of a plain scalar. Declared as mutating, because otherwise the reader is copied for the call.
    mutating func resolve(_ bytes: UnsafeBufferPointer<UInt8>) throws(Unknown) -> Value {
        guard let (_, value) = YAMLScalar.resolve(bytes) else {
            return checks ? .null : .string(String(decoding: bytes, as: UTF8.self))
        }
        if case .double(let number) = value, !number.isFinite { throw Unknown() }
        return value
    }

    /// The maximum length of a key. libyaml rejects keys of more than 1024 characters.
    static let keyLimit = 1_000

    var isAtColon: Bool {
        position < end && base[position] == UInt8(ascii: ":") && isBlank(position + 1)
    }

    /// Scans a plain scalar up to `: `, ` #` or the end of the line, without the spaces before these.
    mutating func plain() throws(Unknown) -> UnsafeBufferPointer<UInt8> {
        let start = position
        switch base[position] {
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "#"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"),
            UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "%"), UInt8(ascii: "@"),
            UInt8(ascii: "`"):
            throw Unknown()
        case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
            if isBlank(position + 1) { throw Unknown() }
        default:
            break
        }
        // Spaces before a line break, `:` or `#` are looked at only there.
        while true {
            position = YAMLRun.plainEnd(base, from: position, to: end)
            guard position < end, base[position] != 0x0A else { break }
            if base[position] == UInt8(ascii: "#") {
                if position > start, base[position - 1] == 0x20 { break }
            } else if isBlank(position + 1) {
                break
            }
            position += 1
        }
        var last = max(position - 1, start)
        while last > start, base[last] == 0x20 { last -= 1 }
        return UnsafeBufferPointer(start: base + start, count: last + 1 - start)
    }

    /// Scans a plain scalar up to an indicator of the collection, `: `, ` #` or the end of the line.
    mutating func flowPlain() throws(Unknown) -> UnsafeBufferPointer<UInt8> {
        let start = position
        switch base[position] {
        case UInt8(ascii: "#"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"),
            UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: ":"):
            throw Unknown()
        case UInt8(ascii: "-"):
            if isBlank(position + 1) || isFlowIndicator(position + 1) { throw Unknown() }
        default:
            break
        }
        var last = position - 1
        while position < end, base[position] != 0x0A, !isFlowIndicator(position) {
            let byte = base[position]
            if byte == 0x20 {
                if position + 1 < end, base[position + 1] == UInt8(ascii: "#") { break }
            } else {
                if byte == UInt8(ascii: ":") {
                    if isBlank(position + 1) { break }
                    if isFlowIndicator(position + 1) { throw Unknown() }
                }
                if byte == UInt8(ascii: "?") { throw Unknown() }
                last = position
            }
            position += 1
        }
        guard last >= start else { throw Unknown() }
        return UnsafeBufferPointer(start: base + start, count: last + 1 - start)
    }

    func isFlowIndicator(_ index: Int) -> Bool {
        guard index < end else { return false }
        switch base[index] {
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
            return true
        default:
            return false
        }
    }

    /// Moves to the next byte that is neither white space nor in a comment. There must be one.
    mutating func skipFlowBlanks() throws(Unknown) {
        let start = position
        while position < end {
            switch base[position] {
            case 0x20:
                position += 1
            case 0x0A:
                position += 1
                if position < end, isMarker() { throw Unknown() }
            case UInt8(ascii: "#"):
                guard position > start else { throw Unknown() }
                while position < end, base[position] != 0x0A { position += 1 }
            default:
                return
            }
        }
        throw Unknown()
    }

    // MARK: Quoted scalars and blocks

    /// Parses a quoted scalar that ends on its line.
    mutating func quoted() throws(Unknown) -> String {
        let quote = base[position]
        let start = position + 1
        position = start
        while position < end, base[position] != quote {
            if base[position] == 0x0A { throw Unknown() }
            if base[position] == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                return try escaped(from: start)
            }
            position += 1
        }
        guard position < end else { throw Unknown() }
        position += 1
        if quote == UInt8(ascii: "'"), position < end, base[position] == quote {
            return try escaped(from: start)
        }
        if checks { return "" }
        return String(
            decoding: UnsafeBufferPointer(start: base + start, count: position - 1 - start), as: UTF8.self)
    }

    /// Parses a quoted scalar with doubled quotes or escapes.
    mutating func escaped(from start: Int) throws(Unknown) -> String {
        let quote = base[start - 1]
        var bytes: [UInt8] = []
        position = start
        while position < end {
            let byte = base[position]
            position += 1
            if byte == 0x0A { throw Unknown() }
            if byte == quote {
                guard quote == UInt8(ascii: "'"), position < end, base[position] == quote else {
                    return String(decoding: bytes, as: UTF8.self)
                }
                bytes.append(quote)
                position += 1
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                guard position < end else { throw Unknown() }
                switch base[position] {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(base[position])
                case UInt8(ascii: "n"): bytes.append(0x0A)
                case UInt8(ascii: "t"): bytes.append(0x09)
                default: throw Unknown()
                }
                position += 1
            } else {
                bytes.append(byte)
            }
        }
        throw Unknown()
    }

    /// Parses a block after `|` or `|-`, whose lines are indented like its first one.
    mutating func literal(within indent: Int) throws(Unknown) -> String {
        position += 1
        let strips = position < end && base[position] == UInt8(ascii: "-")
        if strips { position += 1 }
        let header = position
        skipSpaces()
        guard position < end,
            base[position] == 0x0A || base[position] == UInt8(ascii: "#") && position > header
        else { throw Unknown() }
        skipLine()

        var bytes: [UInt8] = []
        /// The indentation of the block, once it is known.
        var block = -1
        /// The number of pending line breaks, which belong to the text only if more of it follows.
        var breaks = 0
        while position < end {
            let line = position
            while position < end, base[position] == 0x20, block < 0 || position - line < block {
                position += 1
            }
            guard position < end else { throw Unknown() }
            if base[position] == 0x0A {
                // Empty lines before the first line must not have more spaces than that has. libyaml checks this.
                if block < 0, position > line { throw Unknown() }
                breaks += 1
                position += 1
                continue
            }
            if block < 0 {
                guard position - line > indent else { throw Unknown() }
                block = position - line
            } else if position - line < block {
                position = line
                break
            }
            if !checks { bytes.append(contentsOf: repeatElement(0x0A, count: breaks)) }
            let text = position
            while position < end, base[position] != 0x0A { position += 1 }
            guard position < end else { throw Unknown() }
            if !checks {
                bytes.append(contentsOf: UnsafeBufferPointer(start: base + text, count: position - text))
            }
            position += 1
            breaks = 1
        }
        guard block >= 0 else { throw Unknown() }
        if !strips { bytes.append(0x0A) }
        try nextContent()
        guard column <= indent else { throw Unknown() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
