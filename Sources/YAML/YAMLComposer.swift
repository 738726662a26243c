import CLibYAML
import Values

/// Builds the values of the documents, one after the other, from libyaml's events.
///
/// As in the JSON reader, the parts of all open collections are on two stacks, and closing one moves its parts into an
/// array. An error of a value is kept until the document has been parsed, because syntax errors take precedence.
struct YAMLComposer: ~Copyable {
    private var parser: YAMLParser
    private let options: YAMLOptions
    private let textLength: Int
    private var places: CharacterIndex

    private var frames: [Frame] = []
    private var items = MovingStack<Value>(capacity: 16)
    private var members = MovingStack<Member>(capacity: 64)
    /// The lines of the values in `members`; only used with `strict`.
    private var memberLines: [Int] = []

    private var anchors: [String: Anchor] = [:]
    private var budget = AliasBudget()
    /// The number of values of the previous documents, plus a constant for each document.
    private var nodesBefore = 0
    private static let nodesOfDocument = 8
    private var firstError: YAMLError?
    private var duplicates: [(line: Int, key: String)] = []
    private var positions: [String: SourcePosition] = [:]
    private var layout: YAMLLayout?
    /// The offset of the document's first byte.
    private var textStart = 0

    /// The comments before the first `---`, as a separate document.
    private(set) var leadingDocument: YAMLDocument?
    /// The offset of the start of the last document, including its `---`.
    private(set) var marker = 0
    private var isFirst = true
    private var isDone = false

    /// An open collection.
    private struct Frame {
        var isMapping: Bool
        /// The start of its part of the stack.
        var start: Int
        var anchor: String?
        /// The number of nodes before its own.
        var nodesBefore: Int
        /// The key of a mapping whose value comes next.
        var key: Key?
        /// The length of the path to it, if positions are recorded.
        var pathLength: Int
        var line: Int
        /// Whether it or an enclosing collection has flow style.
        var isFlow: Bool
        /// Whether its members are exactly those in its text.
        var isPlain = true
    }

    private enum Key {
        case text(String)
        case merge
        /// A node that cannot be a key. The error is recorded, and the value is parsed and dropped.
        case dropped
    }

    private struct Anchor {
        /// The value; nil while it is being parsed.
        var value: Value?
        var nodes: Int
    }

    private var path = ""
    /// The total length of the paths whose positions are recorded.
    private var pathBytes = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, options: YAMLOptions) throws(YAMLError) {
        try YAMLParser.check(bytes)
        parser = try YAMLParser(bytes)
        self.options = options
        textLength = bytes.count
        places = CharacterIndex(bytes)
    }

    /// Parses the next document; nil after the last. Its range ends at the end of the text, unless the document ends
    /// with `...`. The start of the next document is only known after that has been parsed (`marker`), which a caller
    /// may not need.
    mutating func next() throws(YAMLError) -> YAMLDocument? {
        guard !isDone else { return nil }
        repeat {
            try parser.advance()
            if parser.type == YAML_STREAM_END_EVENT {
                isDone = true
                return nil
            }
        } while parser.type != YAML_DOCUMENT_START_EVENT
        var document = begin()

        anchors.removeAll()
        budget = AliasBudget()
        firstError = nil
        duplicates.removeAll()
        positions.removeAll()
        path = ""
        pathBytes = 0
        layout = options.layout ? YAMLLayout() : nil
        textStart = document.range.lowerBound

        try parser.advance()
        // An empty document is one plain scalar without bytes.
        document.isEmpty =
            parser.type == YAML_SCALAR_EVENT && parser.scalarBytes.isEmpty && parser.isPlain
            && parser.start.index == parser.end.index && parser.anchor == nil
        beginNode()
        document.value = try root()
        layout?.finish()
        nodesBefore += budget.nodes + Self.nodesOfDocument

        try parser.advance()
        if parser.isExplicitEnd {
            let stop = places.offset(Int(parser.start.index))
            document.range = min(document.range.lowerBound, stop)..<stop
        }
        if options.positions { document.positions = positions }
        document.layout = document.isEmpty ? nil : layout
        if let firstError { throw firstError }
        if !duplicates.isEmpty { throw duplicateError() }
        return document
    }

    /// Returns a document with the range of its text. The parser is at the start of the document.
    private mutating func begin() -> YAMLDocument {
        marker = places.offset(Int(parser.start.index))
        let wasFirst = isFirst
        isFirst = false
        // Only the first document may have no `---`.
        guard parser.isExplicitStart else { return YAMLDocument(range: 0..<textLength) }
        leadingDocument = wasFirst && places.hasText(before: marker) ? YAMLDocument(range: 0..<marker) : nil
        let start = places.lineEnd(behind: places.offset(Int(parser.end.index)))
        return YAMLDocument(range: start..<textLength, line: places.line(of: start))
    }

    /// Parses the value that begins with the current event.
    private mutating func root() throws(YAMLError) -> Value {
        notePosition()
        while true {
            var value = Value.null
            var isAlias = false
            switch parser.type {
            case YAML_SCALAR_EVENT:
                budget.count(1)
                try checkNodes()
                if let last = frames.indices.last, frames[last].isMapping, frames[last].key == nil {
                    frames[last].key = key()
                    enterKey(last)
                    try parser.advance()
                    continue
                }
                value = scalar()
                valueLine = parser.position.line
                if let anchor = parser.anchor { anchors[anchor] = Anchor(value: value, nodes: 1) }
            case YAML_ALIAS_EVENT:
                budget.count(1)
                let alias = try expandAlias()
                if let last = frames.indices.last, frames[last].isMapping, frames[last].key == nil {
                    frames[last].key = key(of: alias)
                    enterKey(last)
                    try parser.advance()
                    continue
                }
                value = alias
                valueLine = parser.position.line
                isAlias = true
            case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT:
                try open()
                try parser.advance()
                enterItem()
                continue
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
                value = close()
            default:
                // libyaml has no other events within a document.
                throw YAMLError(code: .syntax, message: "found no value", position: parser.position)
            }
            guard frames.last != nil else { return value }
            add(value, isAlias: isAlias)
            try parser.advance()
            enterItem()
        }
    }

    // MARK: Collections

    private mutating func open() throws(YAMLError) {
        guard frames.count < options.limits.depth else {
            throw YAMLError(
                code: .tooDeep,
                message:
                    "found collections nested deeper than \(options.limits.depth), expected at most that",
                reportedLine: parser.position.line, position: parser.position)
        }
        budget.count(1)
        try checkNodes()
        let isMapping = parser.type == YAML_MAPPING_START_EVENT
        let anchor = parser.anchor
        if let anchor { anchors[anchor] = Anchor(value: nil, nodes: 0) }
        if let last = frames.indices.last, frames[last].isMapping, frames[last].key == nil {
            note(.badKey, isMapping ? "a mapping cannot be a key" : "a sequence cannot be a key")
            frames[last].key = .dropped
            frames[last].isPlain = false
            if !frames[last].isFlow { beginNode() }
            // It is parsed like any other collection. Its value follows, as after a string key.
            keyCollections.append(frames.count + 1)
        }
        frames.append(
            Frame(
                isMapping: isMapping, start: isMapping ? members.count : items.count, anchor: anchor,
                nodesBefore: budget.nodes - 1, key: nil, pathLength: path.utf8.count,
                line: parser.position.line, isFlow: parser.isFlow || frames.last?.isFlow == true))
    }

    /// The depths of collections that are used as keys.
    private var keyCollections: [Int] = []

    private mutating func close() -> Value {
        let depth = frames.count
        let frame = frames.removeLast()
        leave(to: frame.pathLength)
        valueLine = frame.line
        let value: Value
        if frame.isMapping {
            if options.strict { checkDuplicates(from: frame.start) }
            value = .object(object(of: frame))
        } else {
            value = .array(items.take(from: frame.start))
        }
        if let anchor = frame.anchor {
            anchors[anchor] = Anchor(value: value, nodes: budget.nodes - frame.nodesBefore)
        }
        if keyCollections.last == depth {
            keyCollections.removeLast()
            isKeyCollection = true
        }
        return value
    }

    private mutating func object(of frame: Frame) -> Object {
        let taken = members.take(from: frame.start)
        let object = Object(lastWins: taken)
        if !frame.isPlain {
            layout?.forgetChildren()
        } else if !frame.isFlow, object.count < taken.count {
            layout?.keepLast(of: taken.map(\.key))
        }
        return object
    }

    /// Whether the collection that was just closed was used as a key, so that its value follows.
    private var isKeyCollection = false

    /// Adds a complete value to the enclosing collection.
    private mutating func add(_ value: Value, isAlias: Bool) {
        if isKeyCollection {
            isKeyCollection = false
            return
        }
        let last = frames.count - 1
        if !frames[last].isFlow { layout?.finish() }
        guard frames[last].isMapping else {
            items.push(value)
            return
        }
        switch frames[last].key {
        case .text(let key):
            members.push(Member(key, value))
            if options.strict { memberLines.append(valueLine) }
        case .merge:
            merge(value, isAlias: isAlias)
        case .dropped, nil:
            break
        }
        frames[last].key = nil
        leave(to: frames[last].pathLength)
    }

    /// Adds the members of a mapping, or of a list of mappings, of which earlier ones override later ones. Repeated
    /// keys are removed when the mapping is closed; the last one is kept.
    private mutating func merge(_ value: Value, isAlias: Bool) {
        switch value {
        case .object(let object):
            mergeMembers(object)
        case .array(let list) where !isAlias && list.allSatisfy({ $0.object != nil }):
            for item in list.reversed() { if let object = item.object { mergeMembers(object) } }
        default:
            note(.badMerge, "map merge requires map or sequence of maps as the value")
        }
    }

    private mutating func mergeMembers(_ object: Object) {
        for member in object.members {
            members.push(member)
            if options.strict { memberLines.append(valueLine) }
        }
    }

    private mutating func checkDuplicates(from start: Int) {
        var seen = Set<ExactKey>()
        for index in start..<members.count where !seen.insert(ExactKey(members[index].key)).inserted {
            duplicates.append((memberLines[index], members[index].key))
        }
        memberLines.removeLast(members.count - start)
    }

    /// The line on which the current value begins.
    private var valueLine = 0

    /// The maximum number of duplicate keys in an error.
    private static let reportedDuplicates = 100

    private func duplicateError() -> YAMLError {
        let sorted = duplicates.sorted { $0.line < $1.line }
        var lines = sorted.prefix(Self.reportedDuplicates).map { duplicate in
            "  line \(duplicate.line): key \(JSON.text(.string(duplicate.key))) already set in map"
        }
        if sorted.count > lines.count { lines.append("  and \(sorted.count - lines.count) more") }
        return YAMLError(
            code: .duplicateKey, message: "unmarshal errors:\n" + lines.joined(separator: "\n"),
            position: SourcePosition(line: sorted[0].line, column: 1))
    }

    // MARK: Scalars, keys and aliases

    private mutating func scalar() -> Value {
        let bytes = parser.scalarBytes
        let tag = parser.scalarTag
        if tag == nil, !parser.isPlain { return .string(String(decoding: bytes, as: UTF8.self)) }
        do throws(YAMLScalar.Problem) {
            let scalar = try YAMLScalar(bytes, tag: tag)
            if case .double(let number) = scalar.value, !number.isFinite {
                note(.unsupportedValue, "found \(scalar.text), expected a value that JSON can say")
                return .null
            }
            return scalar.value
        } catch {
            note(.badTag, error.message)
            return .null
        }
    }

    private mutating func key() -> Key {
        let bytes = parser.scalarBytes
        let tag = parser.scalarTag
        if parser.isPlain || tag == YAMLScalar.mergeTag, bytes.count == 2, bytes[0] == UInt8(ascii: "<"),
            bytes[1] == UInt8(ascii: "<")
        {
            return .merge
        }
        if tag == nil, options.keepsKeys || !parser.isPlain || !YAMLScalar.mayResolve(bytes) {
            let text = String(decoding: bytes, as: UTF8.self)
            if let anchor = parser.anchor { anchors[anchor] = Anchor(value: .string(text), nodes: 1) }
            return .text(text)
        }
        do throws(YAMLScalar.Problem) {
            let scalar = try YAMLScalar(bytes, tag: tag)
            if let anchor = parser.anchor { anchors[anchor] = Anchor(value: scalar.value, nodes: 1) }
            return key(of: scalar.value)
        } catch {
            note(.badTag, error.message)
            return .dropped
        }
    }

    private mutating func key(of value: Value) -> Key {
        guard let text = YAMLScalar.keyText(value) else {
            note(.badKey, "\(value.isNull ? "null" : "a collection") cannot be a key")
            return .dropped
        }
        return .text(text)
    }

    private mutating func expandAlias() throws(YAMLError) -> Value {
        let name = parser.anchor ?? ""
        guard let anchor = anchors[name] else {
            throw YAMLError(
                code: .unknownAnchor, message: "unknown anchor '\(name)' referenced",
                position: parser.position)
        }
        guard let value = anchor.value else {
            note(.cyclicAnchor, "anchor '\(name)' value contains itself")
            return .null
        }
        guard budget.expand(anchor.nodes) else {
            throw YAMLError(
                code: .excessiveAliasing, message: "document contains excessive aliasing",
                position: parser.position)
        }
        try checkNodes()
        return value
    }

    private func checkNodes() throws(YAMLError) {
        let limits = options.limits
        let inAll = nodesBefore.addingReportingOverflow(budget.nodes)
        guard budget.nodes > limits.nodes || inAll.overflow || inAll.partialValue > limits.textNodes else {
            return
        }
        throw YAMLError(
            code: .tooManyNodes,
            message: "found more than \(min(limits.nodes, limits.textNodes)) values, expected at most that",
            reportedLine: parser.position.line, position: parser.position)
    }

    /// Records the first error that is not a syntax error.
    private mutating func note(_ code: YAMLError.Code, _ message: String) {
        guard firstError == nil else { return }
        firstError = YAMLError(code: code, message: message, position: parser.position)
    }

    // MARK: Positions

    /// Records the position of an item. The parser is at its first event.
    private mutating func enterItem() {
        guard let frame = frames.last, !frame.isMapping, parser.type != YAML_SEQUENCE_END_EVENT else {
            return
        }
        if !frame.isFlow { beginNode() }
        guard options.positions else { return }
        leave(to: frame.pathLength)
        path += "/\(items.count - frame.start)"
        notePosition()
    }

    /// Records the position of a member, which is that of its key. The parser is at the key.
    private mutating func enterKey(_ index: Int) {
        if !frames[index].isFlow { beginNode() }
        guard case .text(let key) = frames[index].key else {
            frames[index].isPlain = false
            return
        }
        guard options.positions else { return }
        leave(to: frames[index].pathLength)
        path += "/" + JSONPointer.escape(key)
        notePosition()
    }

    private mutating func leave(to length: Int) {
        guard options.positions, path.utf8.count > length else { return }
        path = String(decoding: path.utf8.prefix(length), as: UTF8.self)
    }

    /// Begins a member or item of the layout. The parser is at its first event.
    private mutating func beginNode() {
        guard layout != nil else { return }
        layout?.begin(at: places.offset(Int(parser.start.index)) - textStart)
    }

    private mutating func notePosition() {
        guard options.positions else { return }
        // The paths of nested long keys would be much longer than the text.
        pathBytes += path.utf8.count
        guard pathBytes <= options.limits.pathBytes else { return }
        positions[path] = parser.position
    }
}

/// Counts values as go-yaml does, and rejects documents with too many values from aliases: 99 % are allowed for up to
/// 400,000 values, decreasing to 10 % for 4,000,000.
struct AliasBudget {
    private(set) var nodes = 0
    private var aliased = 0

    mutating func count(_ more: Int) { nodes += more }

    /// Adds the nodes of an alias; returns false if they are too many.
    mutating func expand(_ more: Int) -> Bool {
        nodes = nodes.addingReportingOverflow(more).overflow ? .max : nodes + more
        aliased = aliased.addingReportingOverflow(more).overflow ? .max : aliased + more
        guard aliased > 100, nodes > 1_000 else { return true }
        return Double(aliased) / Double(nodes) <= allowedShare
    }

    private var allowedShare: Double {
        let low = 400_000
        let high = 4_000_000
        if nodes <= low { return 0.99 }
        if nodes >= high { return 0.10 }
        return 0.99 - 0.89 * Double(nodes - low) / Double(high - low)
    }
}

/// Converts libyaml's marks, which count characters, to byte offsets. It is fast if they are requested in increasing
/// order.
struct CharacterIndex {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var character = 0
    private var byte: Int
    /// The length of the byte order mark, which libyaml's marks do not include.
    private let start: Int
    private let isASCII: Bool

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        start = YAMLParser.markLength(bytes)
        byte = start
        isASCII = bytes.allSatisfy { $0 < 0x80 }
    }

    mutating func offset(_ index: Int) -> Int {
        if isASCII { return min(index, bytes.count) }
        if index < character { (character, byte) = (0, start) }
        while character < index, byte < bytes.count {
            byte += 1
            while byte < bytes.count, bytes[byte] & 0xC0 == 0x80 { byte += 1 }
            character += 1
        }
        return byte
    }

    /// Whether anything but white space and a byte order mark precedes that offset.
    func hasText(before end: Int) -> Bool {
        bytes.prefix(end).dropFirst(start).contains {
            $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D
        }
    }

    /// Returns the start of the next line if only blanks come before it, otherwise the given offset.
    func lineEnd(behind start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 || bytes[index] == 0x0D {
            index += 1
        }
        return index < bytes.count && bytes[index] == 0x0A ? index + 1 : index == bytes.count ? index : start
    }

    /// Returns the line of a byte offset, from 1. Offsets must be in increasing order, so that the text is scanned
    /// once.
    mutating func line(of offset: Int) -> Int {
        while countedLines < offset {
            if bytes[countedLines] == 0x0A { lines += 1 }
            countedLines += 1
        }
        return lines
    }
    private var countedLines = 0
    private var lines = 1
}
