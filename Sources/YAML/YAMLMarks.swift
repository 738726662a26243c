import CLibYAML
import Values

/// The places of the nodes of a text, from libyaml's own marks.
///
/// It contains the nodes of all documents in the order of the text, and the first error, after which there are no
/// nodes. Tags are not resolved and aliases are not expanded, because only the structure of the text matters.
public struct YAMLMarks: Sendable {
    public enum Style: Sendable { case plain, singleQuoted, doubleQuoted, literal, folded }

    public enum Kind: Sendable, Equatable {
        case scalar(Style)
        case alias
        case mapping(isFlow: Bool)
        case sequence(isFlow: Bool)
    }

    public struct Node: Sendable {
        public var kind: Kind
        /// Its byte range, including tag and anchor. A block collection ends with its last node; a block scalar ends
        /// where the next token begins.
        public var range: Range<Int>
        /// The byte range without tag and anchor; for a quoted scalar the range between the quotes, for a block scalar
        /// the range after its header.
        public var content: Range<Int>
        /// The value of a scalar; empty for others.
        public var text = ""
        /// Whether it is a scalar with a tag.
        public var isTagged = false
        /// The index of the enclosing collection; -1 for the root of a document.
        public var parent: Int
        /// Whether it is the key of a member of its parent.
        public var isKey = false
        /// The index of its key, if it is the value of a member; otherwise -1.
        public var key = -1
        /// The index of the member or item in its parent, from 0.
        public var index = 0
        /// The index of the first node after it and its content.
        public var end = 0
    }

    public private(set) var nodes: [Node] = []
    /// The offset of the end of each document: the marker of the next one, its `...`, or the end of the text.
    public private(set) var documentEnds: [Int] = []
    /// The error that stopped parsing before the end.
    public private(set) var error: YAMLError?

    private var open: [Int] = []
    /// The index of the key that waits for its value, for each open collection; -1 if there is no such key.
    private var keys: [Int] = []
    private var counts: [Int] = []

    public init(_ bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) {
        bytes.withUnsafeBufferPointer { bytes in
            do throws(YAMLError) {
                try read(bytes, limits)
            } catch {
                self.error = error
            }
        }
        while !open.isEmpty { close() }
    }

    // MARK: Building

    private mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limits: YAMLLimits
    ) throws(YAMLError) {
        try YAMLParser.check(bytes)
        var parser = try YAMLParser(bytes)
        var places = CharacterIndex(bytes)
        while true {
            try parser.advance()
            switch parser.type {
            case YAML_STREAM_END_EVENT: return
            case YAML_DOCUMENT_END_EVENT: documentEnds.append(places.offset(Int(parser.start.index)))
            case YAML_SCALAR_EVENT, YAML_ALIAS_EVENT, YAML_MAPPING_START_EVENT, YAML_SEQUENCE_START_EVENT:
                guard nodes.count < limits.nodes, open.count <= limits.depth else {
                    throw YAMLError(
                        code: .tooManyNodes, message: "found more values than the limits allow",
                        position: parser.position)
                }
                let start = places.offset(Int(parser.start.index))
                let end = max(start, places.offset(Int(parser.end.index)))
                add(parser, start..<end, bytes)
            case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
                // Only the end event of a flow collection has bytes (the bracket) that belong to it.
                let start = places.offset(Int(parser.start.index))
                let end = places.offset(Int(parser.end.index))
                if let last = open.last, end > start, nodes[last].kind.isFlow {
                    nodes[last].range = nodes[last].range.lowerBound..<end
                }
                close()
            default: continue
            }
        }
    }

    private mutating func add(
        _ parser: borrowing YAMLParser, _ range: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>
    ) {
        var node = Node(kind: .alias, range: range, content: range, parent: open.last ?? -1)
        switch parser.type {
        case YAML_SCALAR_EVENT:
            node.kind = .scalar(parser.style)
            node.text = String(decoding: parser.scalarBytes, as: UTF8.self)
            node.isTagged = parser.scalarTag != nil
            node.content = Self.content(of: parser.style, Self.withoutProperties(range, bytes), bytes)
        case YAML_MAPPING_START_EVENT:
            node.kind = .mapping(isFlow: parser.isFlow)
            node.content = Self.withoutProperties(range, bytes)
        case YAML_SEQUENCE_START_EVENT:
            node.kind = .sequence(isFlow: parser.isFlow)
            node.content = Self.withoutProperties(range, bytes)
        default: break
        }
        let number = nodes.count
        if let last = open.last, let level = open.indices.last {
            node.index = counts[level]
            if case .mapping = nodes[last].kind {
                if keys[level] < 0 {
                    node.isKey = true
                    keys[level] = number
                } else {
                    node.key = keys[level]
                    keys[level] = -1
                    counts[level] += 1
                }
            } else {
                counts[level] += 1
            }
        }
        node.end = number + 1
        nodes.append(node)
        if node.kind.isCollection {
            open.append(number)
            keys.append(-1)
            counts.append(0)
        } else {
            widen(to: range.upperBound, node.kind)
        }
    }

    /// Extends the open collections to the end of their content.
    private mutating func widen(to end: Int, _ kind: Kind) {
        for collection in open where nodes[collection].range.upperBound < end {
            nodes[collection].range = nodes[collection].range.lowerBound..<end
        }
    }

    private mutating func close() {
        guard let last = open.popLast() else { return }
        keys.removeLast()
        counts.removeLast()
        nodes[last].end = nodes.count
        nodes[last].content =
            min(nodes[last].content.lowerBound, nodes[last].range.upperBound)..<nodes[last].range.upperBound
        widen(to: nodes[last].range.upperBound, nodes[last].kind)
    }

    // MARK: Bytes

    /// Returns the range without the tag and the anchor before a node.
    private static func withoutProperties(
        _ range: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Range<Int> {
        var index = range.lowerBound
        let end = range.upperBound
        while index < end, bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "&") {
            while index < end, !isBlank(bytes[index]) { index += 1 }
            while index < end {
                if isBlank(bytes[index]) {
                    index += 1
                } else if bytes[index] == UInt8(ascii: "#") {
                    while index < end, bytes[index] != UInt8(ascii: "\n") { index += 1 }
                } else {
                    break
                }
            }
        }
        return index..<end
    }

    private static func content(
        of style: Style, _ range: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Range<Int> {
        switch style {
        case .plain: return range
        case .singleQuoted, .doubleQuoted:
            return range.count < 2 ? range : range.lowerBound + 1..<range.upperBound - 1
        case .literal, .folded:
            var index = range.lowerBound
            while index < range.upperBound, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            return min(index + 1, range.upperBound)..<range.upperBound
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    // MARK: Queries

    /// Returns the index of the scalar or alias that contains a byte offset; nil if no such node contains it.
    public func scalar(at offset: Int) -> Int? {
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].range.lowerBound <= offset { low = middle + 1 } else { high = middle }
        }
        var index = low - 1
        // Empty nodes can be at the same offset as others.
        while index >= 0 {
            if !nodes[index].kind.isCollection {
                if nodes[index].range.contains(offset) { return index }
                if !nodes[index].range.isEmpty { return nil }
            } else if nodes[index].range.lowerBound < offset {
                return nil
            }
            index -= 1
        }
        return nil
    }

    /// Returns the index of the first node that begins at or after a byte offset.
    public func firstNode(from offset: Int) -> Int {
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].range.lowerBound < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Returns the JSON pointer of a node, for example `/containers/0/env/3/value`. A key has that of its member.
    public func pointer(to node: Int) -> String {
        var steps: [String] = []
        var current = node
        while current >= 0 {
            let parent = nodes[current].parent
            guard parent >= 0 else { break }
            if nodes[current].isKey {
                steps.append(nodes[current].text)
            } else if nodes[current].key >= 0 {
                steps.append(nodes[nodes[current].key].text)
            } else {
                steps.append(String(nodes[current].index))
            }
            current = parent
        }
        return steps.reversed().map { step in
            "/"
                + step.split(byte: "~", omittingEmptySubsequences: false).joined(separator: "~0")
                .split(byte: "/", omittingEmptySubsequences: false).joined(separator: "~1")
        }.joined()
    }

    /// Returns the indices of the keys and values, or of the items, directly in a node.
    public func children(of node: Int) -> [Int] {
        var found: [Int] = []
        var next = node + 1
        while next < nodes[node].end {
            found.append(next)
            next = nodes[next].end
        }
        return found
    }
}

extension YAMLMarks.Kind {
    public var isFlow: Bool {
        switch self {
        case .mapping(let isFlow), .sequence(let isFlow): isFlow
        default: false
        }
    }

    public var isCollection: Bool {
        switch self {
        case .mapping, .sequence: true
        default: false
        }
    }
}
