import Values

/// The offsets of the nodes of a document, in the order of the text: each node before its content.
///
/// The offset of a member is that of its key, the offset of an item that of its value. Only nodes in block style are
/// included: nodes in flow style, mappings with merge keys and aliases have no children.
public struct YAMLLayout: Sendable, Equatable {
    public struct Node: Sendable, Equatable {
        /// The byte offset in the document's text.
        public var offset: Int
        /// The index of the first node after it and its content.
        public var end: Int
    }

    public private(set) var nodes: [Node] = []
    /// The unfinished nodes, outermost first.
    private var open: [Int] = []

    init() {}

    /// Returns the indices of the direct members or items of a node, in the order of the text.
    public func children(of node: Int) -> Children { Children(nodes, of: node) }

    /// The indices of the direct members or items of a node.
    public struct Children: Sequence, IteratorProtocol {
        private let nodes: [Node]
        private var following: Int
        private let end: Int

        fileprivate init(_ nodes: [Node], of node: Int) {
            self.nodes = nodes
            following = node + 1
            end = nodes[node].end
        }

        public mutating func next() -> Int? {
            guard following < end else { return nil }
            defer { following = nodes[following].end }
            return following
        }

        public var isEmpty: Bool { following == end }
        public var count: Int { reduce(0) { count, _ in count + 1 } }
    }

    // MARK: Building

    mutating func begin(at offset: Int) {
        open.append(nodes.count)
        nodes.append(Node(offset: offset, end: nodes.count + 1))
    }

    mutating func finish() {
        guard let node = open.popLast() else { return }
        nodes[node].end = nodes.count
    }

    /// Removes the children of the open node, because they do not correspond to its text.
    mutating func forgetChildren() {
        guard let node = open.last else { return }
        nodes.removeSubrange((node + 1)...)
    }

    /// Keeps only the last member for each key of the open node, at the place of the first, as in its value.
    mutating func keepLast(of keys: [String]) {
        guard let node = open.last else { return }
        nodes[node].end = nodes.count
        var places: [ExactKey: Int] = [:]
        var kept: [Int] = []
        for (key, child) in zip(keys, children(of: node)) {
            if let place = places[ExactKey(key)] {
                kept[place] = child
            } else {
                places[ExactKey(key)] = kept.count
                kept.append(child)
            }
        }
        var moved: [Node] = []
        for child in kept {
            let shift = node + 1 + moved.count - child
            moved += nodes[child..<nodes[child].end].map { Node(offset: $0.offset, end: $0.end + shift) }
        }
        nodes.replaceSubrange((node + 1)..., with: moved)
    }
}
