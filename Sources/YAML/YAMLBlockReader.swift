import Values

/// The fast path for the YAML that templates write: mappings, sequences, scalars that end on their line and literal
/// blocks, all in ASCII.
///
/// It parses a pod of 7.3 KB in 31 µs, while libyaml takes 112 µs. At anything else it gives up (nil). Then libyaml
/// parses the text from its start, and reports the error if there is one. So everything that is parsed here must have
/// the same value there, which the fuzz target `yaml` checks.
///
/// It leaves to libyaml: tabs and anything that is not printable ASCII, document markers, anchors, aliases, tags, merge
/// keys, `?` keys, multi-line scalars, folded blocks, blocks with an indentation indicator or kept line breaks, and all
/// errors.
struct YAMLBlockReader {
    let base: UnsafePointer<UInt8>
    let end: Int
    let depthLimit: Int
    var position = 0
    var lineStart = 0
    /// The column of `position`, or -1 at the end of the text. It is set at the first character of each line that is
    /// neither empty nor a comment.
    var column = 0

    /// Whether keys are kept as written, as with `YAMLOptions.keepsKeys`.
    var keepsKeys = false

    /// The layout of the nodes; nil if it is not requested.
    var layout: YAMLLayout?

    /// The paths of the wanted values in the next mapping; nil for everything. Other members are checked and omitted.
    var wanted: [ArraySlice<String>]?
    /// Whether the current member is only checked, without creating values.
    private(set) var checks = false
    /// The ranges of the wanted values, each from its key to the next member.
    private(set) var wantedRanges: [Range<Int>] = []
    /// Whether a mapping has used `wanted`.
    private var hasChosen = false

    /// Thrown for text that libyaml must parse.
    struct Unknown: Error {}

    /// Parses a text of a single document; nil if it is not simple.
    static func value(_ bytes: UnsafeBufferPointer<UInt8>, limits: YAMLLimits) -> Value? {
        guard var reader = YAMLBlockReader(bytes, limits) else { return nil }
        return (try? reader.root()) ?? nil
    }

    /// Returns nil if the text cannot be simple.
    init?(_ bytes: UnsafeBufferPointer<UInt8>, _ limits: YAMLLimits) {
        guard let base = bytes.baseAddress, bytes.count < min(limits.nodes, limits.textNodes),
            Self.isPrintable(bytes)
        else {
            return nil
        }
        self.base = base
        end = bytes.count
        depthLimit = limits.depth
    }

    static func isPrintable(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let (ones, high): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        let raw = UnsafeRawBufferPointer(bytes)
        var strange: UInt64 = 0
        var index = 0
        // Checks eight bytes at a time. The highest bit of a byte is set if it is not allowed.
        while index &+ 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // Marks the line feeds, which become printable by adding 0x20.
            let others = word ^ 0x0A &* ones
            let lineFeeds = ~(((others & ~high) &+ ~high) | others) & high
            let shown = word | (lineFeeds &>> 2)
            strange |= shown | (shown &+ ones) | ((shown &- 0x20 &* ones) & ~shown)
            index &+= 8
        }
        return strange & high == 0 && bytes[index...].allSatisfy { $0 &- 0x20 < 0x5F || $0 == 0x0A }
    }

    /// Parses the text; nil if it contains only blanks and comments.
    mutating func root() throws(Unknown) -> Value? {
        try nextContent()
        guard column >= 0 else { return nil }
        layout?.begin(at: position)
        let value = isAtFlow ? try flowRoot() : try collection(at: column, depth: 1)
        layout?.finish()
        guard column < 0 else { throw Unknown() }
        return value
    }

    /// Whether the next character is `{` or `[`.
    private var isAtFlow: Bool {
        base[position] == UInt8(ascii: "{") || base[position] == UInt8(ascii: "[")
    }

    /// Parses a text that is a flow collection, such as JSON.
    private mutating func flowRoot() throws(Unknown) -> Value {
        // The layout and the ranges of wanted values are not supported in flow collections.
        guard layout == nil, wanted == nil else { throw Unknown() }
        let value = try flow(depth: 1)
        guard try endLine() else { throw Unknown() }
        return value
    }

    // MARK: Collections

    mutating func collection(at column: Int, depth: Int) throws(Unknown) -> Value {
        guard depth <= depthLimit else { throw Unknown() }
        return try isAtDash ? sequence(at: column, depth: depth) : mapping(at: column, depth: depth)
    }

    mutating func sequence(at indent: Int, depth: Int) throws(Unknown) -> Value {
        guard depth <= depthLimit else { throw Unknown() }
        var items: [Value] = []
        repeat {
            position += 1
            let item = try item(within: indent, depth: depth)
            if !checks { items.append(item) }
        } while column == indent && isAtDash
        guard column <= indent else { throw Unknown() }
        return .array(items)
    }

    /// Parses the item after a dash.
    private mutating func item(within indent: Int, depth: Int) throws(Unknown) -> Value {
        let dash = position
        if try endLine() {
            layout?.begin(at: column > indent ? position : dash)
            defer { layout?.finish() }
            return column > indent ? try collection(at: column, depth: depth + 1) : .null
        }
        let start = position
        layout?.begin(at: start)
        defer { layout?.finish() }
        let inner = start - lineStart
        if isAtDash {
            column = inner
            return try sequence(at: inner, depth: depth + 1)
        }
        if base[start] != UInt8(ascii: "{"), base[start] != UInt8(ascii: "["), let key = try key() {
            return try mapping(at: inner, first: (key, start), depth: depth + 1)
        }
        return try scalar(within: indent, depth: depth)
    }

    /// - Parameter first: the first key and its offset, if it has been parsed already.
    mutating func mapping(
        at indent: Int, first: (key: String, start: Int)? = nil, depth: Int
    ) throws(Unknown) -> Value {
        guard depth <= depthLimit else { throw Unknown() }
        var members: [Member] = []
        // Growing from one member would take three allocations for the four that a mapping has on average.
        if !checks { members.reserveCapacity(4) }
        var pending = first
        let paths = checks ? nil : wanted
        defer { if !checks { wanted = paths } }
        hasChosen = true
        repeat {
            let start = pending?.start ?? position
            var key = pending?.key
            pending = nil
            if key == nil { key = try self.key() }
            guard let key else { throw Unknown() }
            layout?.begin(at: start)
            if let paths {
                try wantedMember(key, paths, start: start, within: indent, depth: depth).map {
                    members.append(Member(key, $0))
                }
            } else {
                let value = try memberValue(within: indent, depth: depth)
                if !checks { members.append(Member(key, value)) }
            }
            layout?.finish()
        } while column == indent && !isAtDash
        guard column < indent else { throw Unknown() }
        if members.isEmpty { return .object(Object()) }
        let object = Object(lastWins: members)
        if object.count < members.count { layout?.keepLast(of: members.map(\.key)) }
        return .object(object)
    }

    /// Parses the value of a member if it is on one of the wanted paths; otherwise checks it and returns nil.
    private mutating func wantedMember(
        _ key: String, _ paths: [ArraySlice<String>], start: Int, within indent: Int, depth: Int
    ) throws(Unknown) -> Value? {
        let below = paths.compactMap { $0.first == key ? $0.dropFirst() : nil }
        checks = below.isEmpty
        wanted = below.contains { $0.isEmpty } ? nil : below
        hasChosen = false
        defer { hasChosen = true }
        let value = try memberValue(within: indent, depth: depth)
        if checks {
            checks = false
            return nil
        }
        // A value that is not a block mapping is wanted as a whole.
        if wanted == nil || !hasChosen { wantedRanges.append(start..<position) }
        return value
    }

    /// Parses the value after a key and its colon.
    private mutating func memberValue(within indent: Int, depth: Int) throws(Unknown) -> Value {
        guard try endLine() else { return try scalar(within: indent, depth: depth) }
        if column > indent { return try collection(at: column, depth: depth + 1) }
        // A list may be at the column of its key.
        return column == indent && isAtDash ? try sequence(at: indent, depth: depth) : .null
    }

    // MARK: Scalars

    /// Parses a scalar or flow collection that begins on this line, in a block at that column, and ends the line.
    mutating func scalar(within indent: Int, depth: Int) throws(Unknown) -> Value {
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
        // A line that is indented deeper would continue the scalar.
        guard column <= indent else { throw Unknown() }
        return value
    }

    // MARK: Flow collections

    /// Parses `{…}` or `[…]`. Its keys and scalars must end on their line; the collection may span several.
    mutating func flow(depth: Int) throws(Unknown) -> Value {
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
                let value = isEmpty ? .null : try flowValue(depth: depth)
                if !checks { members.append(Member(key, value)) }
            } else {
                let item = try flowValue(depth: depth)
                if !checks { items.append(item) }
            }
            try skipFlowBlanks()
            if base[position] == close { break }
            guard base[position] == UInt8(ascii: ",") else { throw Unknown() }
            position += 1
        }
        position += 1
        return isObject ? .object(Object(lastWins: members)) : .array(items)
    }

    mutating func flowValue(depth: Int) throws(Unknown) -> Value {
        switch base[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): .string(try quoted())
        case UInt8(ascii: "{"), UInt8(ascii: "["): try flow(depth: depth + 1)
        default: try resolve(try flowPlain())
        }
    }

    /// Parses a key and its colon. After a quoted key, the value may follow the colon without a blank.
    mutating func flowKey() throws(Unknown) -> String {
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
}
