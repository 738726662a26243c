import Values

/// The places of the nodes of a document, in the order of the text: each before those that it holds.
///
/// A member is where its key begins, an item where its value does. Only what block style shows is here: nodes in flow
/// style, mappings with merge keys and aliases have none in them.
public struct YAMLLayout: Sendable, Equatable {
    public struct Node: Sendable, Equatable {
        /// The byte of the document's text.
        public var offset: Int
        /// The number of the first node after it and all that it contains.
        public var end: Int
    }

    public private(set) var nodes: [Node] = []
    /// Those that are not finished, the outermost first.
    private var open: [Int] = []

    init() {}

    /// The numbers of the members or items right under a node, in the order of the text.
    public func children(of node: Int) -> [Int] {
        var children: [Int] = []
        var next = node + 1
        while next < nodes[node].end {
            children.append(next)
            next = nodes[next].end
        }
        return children
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

    /// The open node contains nothing that could be derived from the text.
    mutating func forgetChildren() {
        guard let node = open.last else { return }
        nodes.removeSubrange((node + 1)...)
    }

    /// Of members of the open node that have the same key only the last one stays, in the place of the first, as in its
    /// value.
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
