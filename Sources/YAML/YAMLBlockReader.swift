import Values

/// The short way through the YAML that templates write: mappings, sequences, scalars that end on their line and
/// literal blocks, all in ASCII.
///
/// It reads a pod of 7.3 KB in 31 µs where libyaml's events take 112, and gives up (nil) at the first sign of
/// anything else: then libyaml reads the text from its start, and words the error if there is one. So all that is
/// read here must be read as there; the fuzz target `yaml` holds the two against each other.
///
/// Left to libyaml: tabs and anything that is not printable ASCII, document markers, anchors, aliases, tags, merge
/// keys, `?` keys, scalars over several lines, folded blocks, blocks with an indentation of their own or kept line
/// breaks, and all mistakes.
struct YAMLBlockReader {
    private let base: UnsafePointer<UInt8>
    private let end: Int
    private let depthLimit: Int
    private var position = 0
    private var lineStart = 0
    /// The column of what stands at `position`, -1 at the end of the text. Set at the first of each line that is
    /// neither empty nor a comment.
    private var column = 0

    /// Something that libyaml has to read.
    private struct Unknown: Error {}

    /// The value of a text in a single document, or nil where it is not of the simple kind.
    static func value(_ bytes: UnsafeBufferPointer<UInt8>, limits: YAMLLimits) -> Value? {
        guard let base = bytes.baseAddress, bytes.count < limits.nodes, isPrintable(bytes) else { return nil }
        var reader = YAMLBlockReader(base: base, end: bytes.count, depthLimit: limits.depth)
        return try? reader.root()
    }

    private init(base: UnsafePointer<UInt8>, end: Int, depthLimit: Int) {
        self.base = base
        self.end = end
        self.depthLimit = depthLimit
    }

    private static func isPrintable(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        // Without a way out of the loop it runs over 32 bytes at a time.
        var strange = 0
        for byte in bytes { strange |= (byte &- 0x20 >= 0x5F && byte != 0x0A) ? 1 : 0 }
        return strange == 0
    }

    private mutating func root() throws(Unknown) -> Value {
        try nextContent()
        guard column >= 0 else { throw Unknown() }
        let value = try collection(at: column, depth: 1)
        guard column < 0 else { throw Unknown() }
        return value
    }

    // MARK: Lines

    /// Goes on to the first line, from the start of this one on, that is neither empty nor a comment.
    private mutating func nextContent() throws(Unknown) {
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

    private mutating func skipLine() {
        while position < end, base[position] != 0x0A { position += 1 }
        if position < end { position += 1 }
    }

    /// Whether a line begins as `---`, `...` or a directive do.
    private func isMarker() -> Bool {
        let byte = base[position]
        guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") else { return byte == UInt8(ascii: "%") }
        return position + 2 < end && base[position + 1] == byte && base[position + 2] == byte
    }

    /// A blank, a line break or the end stands there.
    private func isBlank(_ index: Int) -> Bool { index >= end || base[index] == 0x20 || base[index] == 0x0A }

    private var isAtDash: Bool {
        position < end && base[position] == UInt8(ascii: "-") && isBlank(position + 1)
    }

    private mutating func skipSpaces() {
        while position < end, base[position] == 0x20 { position += 1 }
    }

    /// Ends a line on which only blanks and a comment may still stand; answers whether that is so. A comment must
    /// have a blank before it, which the caller has skipped.
    private mutating func endLine() throws(Unknown) -> Bool {
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

    // MARK: Collections

    private mutating func collection(at column: Int, depth: Int) throws(Unknown) -> Value {
        guard depth <= depthLimit else { throw Unknown() }
        return try isAtDash ? sequence(at: column, depth: depth) : mapping(at: column, depth: depth)
    }

    private mutating func sequence(at indent: Int, depth: Int) throws(Unknown) -> Value {
        guard depth <= depthLimit else { throw Unknown() }
        var items: [Value] = []
        repeat {
            position += 1
            if try endLine() {
                items.append(column > indent ? try collection(at: column, depth: depth + 1) : .null)
                continue
            }
            let inner = position - lineStart
            if isAtDash {
                column = inner
                items.append(try sequence(at: inner, depth: depth + 1))
            } else if base[position] == UInt8(ascii: "{") || base[position] == UInt8(ascii: "[") {
                items.append(try scalar(within: indent, depth: depth))
            } else if let key = try key() {
                items.append(try mapping(at: inner, first: key, depth: depth + 1))
            } else {
                items.append(try scalar(within: indent, depth: depth))
            }
        } while column == indent && isAtDash
        guard column <= indent else { throw Unknown() }
        return .array(items)
    }

    private mutating func mapping(
        at indent: Int, first: String? = nil, depth: Int
    ) throws(Unknown) -> Value {
        guard depth <= depthLimit else { throw Unknown() }
        var members: [Member] = []
        var pending = first
        repeat {
            var key = pending
            pending = nil
            if key == nil { key = try self.key() }
            guard let key else { throw Unknown() }
            let value: Value
            if try endLine() {
                if column > indent {
                    value = try collection(at: column, depth: depth + 1)
                } else if column == indent, isAtDash {
                    // A list may stand right under its key.
                    value = try sequence(at: indent, depth: depth + 1)
                } else {
                    value = .null
                }
            } else {
                value = try scalar(within: indent, depth: depth)
            }
            members.append(Member(key, value))
        } while column == indent && !isAtDash
        guard column < indent else { throw Unknown() }
        return .object(Object(lastWins: members))
    }

    /// Reads a key and its colon, and leaves the place behind the colon; nil, the place as it was, where a scalar
    /// stands there that is no key.
    private mutating func key() throws(Unknown) -> String? {
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

    /// The text that a bare key stands for.
    private func keyText(_ bytes: UnsafeBufferPointer<UInt8>) throws(Unknown) -> String {
        if YAMLScalar.mayResolve(bytes) {
            guard let text = YAMLScalar.keyText(try resolve(bytes)) else { throw Unknown() }
            return text
        }
        let text = String(decoding: bytes, as: UTF8.self)
        if text == "<<" { throw Unknown() }
        return text
    }

    /// What a bare scalar stands for.
    private func resolve(_ bytes: UnsafeBufferPointer<UInt8>) throws(Unknown) -> Value {
        guard YAMLScalar.mayResolve(bytes) else { return .string(String(decoding: bytes, as: UTF8.self)) }
        guard let scalar = try? YAMLScalar(bytes, tag: nil) else { throw Unknown() }
        if case .double(let number) = scalar.value, !number.isFinite { throw Unknown() }
        return scalar.value
    }

    /// libyaml takes no key of more than 1024 characters.
    private static let keyLimit = 1_000

    private var isAtColon: Bool {
        position < end && base[position] == UInt8(ascii: ":") && isBlank(position + 1)
    }

    // MARK: Scalars

    /// Reads a scalar or flow collection that begins on this line, in a block at that column, and ends the line.
    private mutating func scalar(within indent: Int, depth: Int) throws(Unknown) -> Value {
        skipSpaces()
        let value: Value
        switch base[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            value = .string(try quoted())
        case UInt8(ascii: "|"):
            return .string(try literal(within: indent))
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            value = try flow(depth: depth + 1)
        default:
            value = try resolve(try plain())
        }
        guard try endLine() else { throw Unknown() }
        // What is indented deeper goes on with the scalar.
        guard column <= indent else { throw Unknown() }
        return value
    }

    /// Reads a bare scalar up to `: `, ` #` or the end of the line, without the blanks before these.
    private mutating func plain() throws(Unknown) -> UnsafeBufferPointer<UInt8> {
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
        var last = position
        while position < end {
            let byte = base[position]
            if byte == 0x0A { break }
            if byte == 0x20 {
                if position + 1 < end, base[position + 1] == UInt8(ascii: "#") { break }
            } else {
                if byte == UInt8(ascii: ":"), isBlank(position + 1) { break }
                last = position
            }
            position += 1
        }
        return UnsafeBufferPointer(start: base + start, count: last + 1 - start)
    }

    // MARK: Flow collections

    /// Reads `{…}` or `[…]` with keys and scalars that end on their line; the collection need not.
    private mutating func flow(depth: Int) throws(Unknown) -> Value {
        guard depth <= depthLimit else { throw Unknown() }
        let isObject = base[position] == UInt8(ascii: "{")
        let close = UInt8(ascii: isObject ? "}" : "]")
        var items: [Value] = []
        var members: [Member] = []
        position += 1
        while true {
            try skipFlowBlanks()
            if base[position] == close { break }
            if isObject {
                let key = try flowKey()
                try skipFlowBlanks()
                let isEmpty = base[position] == UInt8(ascii: ",") || base[position] == close
                members.append(Member(key, isEmpty ? .null : try flowValue(depth: depth)))
            } else {
                items.append(try flowValue(depth: depth))
            }
            try skipFlowBlanks()
            if base[position] == close { break }
            guard base[position] == UInt8(ascii: ",") else { throw Unknown() }
            position += 1
        }
        position += 1
        return isObject ? .object(Object(lastWins: members)) : .array(items)
    }

    private mutating func flowValue(depth: Int) throws(Unknown) -> Value {
        switch base[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): .string(try quoted())
        case UInt8(ascii: "{"), UInt8(ascii: "["): try flow(depth: depth + 1)
        default: try resolve(try flowPlain())
        }
    }

    /// Reads a key and its colon, which behind a quoted key may touch the value.
    private mutating func flowKey() throws(Unknown) -> String {
        let start = position
        let text: String
        if base[position] == UInt8(ascii: "\"") || base[position] == UInt8(ascii: "'") {
            text = try quoted()
            skipSpaces()
            guard position < end, base[position] == UInt8(ascii: ":") else { throw Unknown() }
        } else {
            let bytes = try flowPlain()
            guard isAtColon else { throw Unknown() }
            text = try keyText(bytes)
        }
        guard position - start <= Self.keyLimit else { throw Unknown() }
        position += 1
        return text
    }

    /// Reads a bare scalar up to an indicator of the collection, `: `, ` #` or the end of the line.
    private mutating func flowPlain() throws(Unknown) -> UnsafeBufferPointer<UInt8> {
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

    private func isFlowIndicator(_ index: Int) -> Bool {
        guard index < end else { return false }
        switch base[index] {
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
            return true
        default:
            return false
        }
    }

    /// Goes to the next byte that is neither blank nor comment; there must be one.
    private mutating func skipFlowBlanks() throws(Unknown) {
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

    /// Reads a quoted scalar that ends on its line.
    private mutating func quoted() throws(Unknown) -> String {
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
        return String(
            decoding: UnsafeBufferPointer(start: base + start, count: position - 1 - start), as: UTF8.self)
    }

    /// Reads a quoted scalar in which the quote is doubled or something is escaped.
    private mutating func escaped(from start: Int) throws(Unknown) -> String {
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

    /// Reads a block behind `|` or `|-`, whose lines are indented as its first one is.
    private mutating func literal(within indent: Int) throws(Unknown) -> String {
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
        /// Line breaks that belong to the text only if more of it follows.
        var breaks = 0
        while position < end {
            let line = position
            while position < end, base[position] == 0x20, block < 0 || position - line < block {
                position += 1
            }
            guard position < end else { throw Unknown() }
            if base[position] == 0x0A {
                // Before the first line, blanks may not reach further than it does: told when it is known.
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
            bytes.append(contentsOf: repeatElement(0x0A, count: breaks))
            let text = position
            while position < end, base[position] != 0x0A { position += 1 }
            guard position < end else { throw Unknown() }
            bytes.append(contentsOf: UnsafeBufferPointer(start: base + text, count: position - text))
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
