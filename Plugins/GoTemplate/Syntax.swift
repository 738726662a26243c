import Values

/// An index into `Syntax.nodes`; `none` if there is no node.
typealias NodeIndex = Int32

/// The syntax tree of a set of templates: nodes in one array, linked by indexes, with offsets into the sources.
///
/// Nothing is copied from a source: names are offsets and lengths, so that parsing allocates almost nothing. The
/// program keeps the tree, because a message at run time shows the expression that failed.
struct Syntax: Sendable {
    static let none: NodeIndex = -1

    struct Node: Sendable {
        enum Kind: UInt8, Sendable {
            /// Bytes to write: `start`, `length`.
            case text
            /// `{{pipe}}`: `first` is the pipe.
            case action
            /// `first`: the first command; `second`: the first declared variable.
            case pipe
            /// `first`: the first argument.
            case command
            /// A function's name: `start`, `length`; `second`: index into `functions`.
            case identifier
            /// `$x.a.b` as written: `start`, `length`.
            case variable
            /// `.a.b` as written: `start`, `length`.
            case field
            /// `first`: the node before the fields; `start`, `length`: the fields as written.
            case chain
            case dot, nilConstant
            case bool
            /// `second`: index into `numbers`; `start`, `length`: as written.
            case number
            /// `second`: index into `strings`; `start`, `length`: as written.
            case string
            /// `first`: pipe, `second`: list, `third`: list after else.
            case ifBranch, range, with
            /// `second`: index into `strings`, the name; `first`: the pipe or none.
            case template
            case breakLoop, continueLoop
            /// `first`: its first node.
            case list
        }

        var kind: Kind
        /// Whether a pipe is an assignment rather than a declaration; the value of a bool.
        var flag = false
        /// The offset that messages report.
        var position: Int32
        var start: Int32 = 0
        var length: Int32 = 0
        var first: NodeIndex = Syntax.none
        var second: NodeIndex = Syntax.none
        var third: NodeIndex = Syntax.none
        /// The next node in the same list.
        var next: NodeIndex = Syntax.none
    }

    /// A text that was parsed.
    struct Source: Sendable {
        var name: [UInt8]
        var bytes: [UInt8]
        var left: [UInt8]
        var right: [UInt8]
        /// The index in `nodes` at which its nodes end.
        var nodesEnd: NodeIndex
    }

    /// A named template: a source's own text, or one that `define` or `block` defined.
    struct Definition: Sendable {
        var name: [UInt8]
        /// The index of its list node.
        var root: NodeIndex
        var source: Int
    }

    var nodes = NodeStorage.empty
    var numbers: [NumberConstant] = []
    var strings: [[UInt8]] = []
    /// The names of called functions, separate for each source.
    var functions: [String] = []
    var sources: [Source] = []
    var table = DefinitionTable()
    var definitions: [Definition] { table.list }
    /// The index of the definition of the last source's own text. A text of only white space does not replace an
    /// earlier template of its name, but is still the text that is rendered.
    var lastRoot = 0

    func definition(named name: [UInt8]) -> Int? { table.index(named: name) }

    /// Returns the source of a node.
    func source(of node: NodeIndex) -> Source { sources[sourceIndex(of: node)] }

    /// Returns the index of a node's source. Sources are in the order of their nodes.
    func sourceIndex(of node: NodeIndex) -> Int {
        var low = 0
        var high = sources.count - 1
        while low < high {
            let middle = (low + high) / 2
            if node < sources[middle].nodesEnd { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Whether a list contains only white space. Such a definition does not replace another.
    static func isEmpty(_ list: NodeIndex, _ nodes: UnsafePointer<Node>, in source: Source) -> Bool {
        var index = nodes[Int(list)].first
        while index != Syntax.none {
            let node = nodes[Int(index)]
            guard node.kind == .text else { return false }
            let text = source.bytes[Int(node.start)..<Int(node.start + node.length)]
            guard GoText.isBlank(text) else { return false }
            index = node.next
        }
        return true
    }

    // MARK: Printing

    /// Prints an expression as Go does: one space between arguments, ` | ` between commands.
    ///
    /// It uses a stack of its own, because parentheses may be nested as deep as the limit allows.
    func text(of node: NodeIndex) -> [UInt8] {
        enum Piece {
            case node(NodeIndex)
            /// An argument. A pipe as an argument is in parentheses.
            case argument(NodeIndex)
            case text(StaticString)
            case range(Int32, Int32)
        }
        let source = source(of: node)
        var output = ByteBuffer()
        var work: [Piece] = [.node(node)]
        func siblings(_ first: NodeIndex, between separator: StaticString, arguments: Bool) -> [Piece] {
            var pieces: [Piece] = []
            var index = first
            while index != Syntax.none {
                if index != first { pieces.append(.text(separator)) }
                pieces.append(arguments ? .argument(index) : .node(index))
                index = nodes[Int(index)].next
            }
            return pieces
        }
        while let piece = work.popLast() {
            switch piece {
            case .text(let text): output.append(text)
            case .range(let start, let length):
                output.append(source.bytes[Int(start)..<Int(start + length)])
            case .argument(let index):
                if nodes[Int(index)].kind == .pipe {
                    work += [.text(")"), .node(index), .text("(")]
                } else {
                    work.append(.node(index))
                }
            case .node(let index):
                let node = nodes[Int(index)]
                switch node.kind {
                case .pipe:
                    var pieces = siblings(node.second, between: ", ", arguments: false)
                    if !pieces.isEmpty { pieces.append(.text(node.flag ? " = " : " := ")) }
                    pieces += siblings(node.first, between: " | ", arguments: false)
                    work += pieces.reversed()
                case .command:
                    work += siblings(node.first, between: " ", arguments: true).reversed()
                case .chain:
                    work += [.range(node.start, node.length), .argument(node.first)]
                case .dot: output.append(".")
                case .nilConstant: output.append("nil")
                case .bool: output.append(node.flag ? "true" : "false")
                case .template:
                    output.append(source.left)
                    output.append("template ")
                    strings[Int(node.second)].withUnsafeBufferPointer { GoQuote.append($0, into: &output) }
                    output.append(node.first == Syntax.none ? "" : " ")
                    if node.first != Syntax.none {
                        output.append(text(of: node.first))
                    }
                    output.append(source.right)
                case .action:
                    output.append(source.left)
                    output.append(text(of: node.first))
                    output.append(source.right)
                default: work.append(.range(node.start, node.length))
                }
            }
        }
        return output.bytes
    }
}

extension UnsafeBufferPointer<Syntax.Node> {
    /// Returns a node and those after it in the same list.
    func siblings(_ first: NodeIndex) -> [NodeIndex] {
        var found: [NodeIndex] = []
        var index = first
        while index != Syntax.none {
            found.append(index)
            index = self[Int(index)].next
        }
        return found
    }
}

/// The nodes of a `Syntax`, which do not change any more. They are in raw memory for the same reason as in `Pool`.
final class NodeStorage: @unchecked Sendable {
    static let empty = NodeStorage(Pool<Syntax.Node>(capacity: 0).finish())

    private let memory: UnsafeMutableBufferPointer<Syntax.Node>

    /// - Parameter memory: the memory of a pool, which this object now owns.
    init(_ memory: UnsafeMutableBufferPointer<Syntax.Node>) { self.memory = memory }

    deinit { memory.deallocate() }

    var count: Int { memory.count }
    /// The nodes, which are valid as long as this object.
    var buffer: UnsafeBufferPointer<Syntax.Node> { UnsafeBufferPointer(memory) }

    @inline(__always)
    subscript(index: Int) -> Syntax.Node { memory[index] }
}

extension GoText {
    /// Whether a text contains only white space, as defined by Go's `unicode.IsSpace`.
    static func isBlank(_ bytes: ArraySlice<UInt8>) -> Bool {
        if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) { return true }
        return Array(bytes).withUnsafeBufferPointer { bytes in
            var index = 0
            while index < bytes.count {
                let (scalar, length) = GoQuote.scalar(in: bytes, at: index)
                guard scalar.properties.isWhitespace else { return false }
                index += length
            }
            return true
        }
    }
}
