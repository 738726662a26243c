import PluginAPI
import Values

/// Finds problems that Go accepts but nobody intends: variables that are never read, and branches that no data can
/// reach.
///
/// It only reports what is true for all data: conditions that are constant, conditions that already occurred in the
/// same `else if` chain, and text after `{{break}}` in a list.
struct TemplateReview {
    private let program: Program
    private let nodes: UnsafeBufferPointer<Syntax.Node>
    /// The warnings, each with its source and offset.
    private var found: [(node: (Int, Int32), warning: TemplateWarning)] = []

    /// Returns the warnings in the order of their positions.
    static func warnings(of program: Program) -> [TemplateWarning] {
        var review = TemplateReview(program)
        for definition in program.syntax.definitions { review.read(definition) }
        return review.found.sorted { $0.node.0 == $1.node.0 ? $0.node.1 < $1.node.1 : $0.node.0 < $1.node.0 }
            .map(\.warning)
    }

    private init(_ program: Program) {
        self.program = program
        nodes = program.syntax.nodes.buffer
    }

    // MARK: Walking

    /// The variables of a definition: the places of their declarations, and the names that are read.
    private struct Variables {
        /// The variables of one pipe are together, because `$i, $v` has to declare both if either is needed.
        var declared: [(names: [[UInt8]], node: NodeIndex)] = []
        var read: Set<[UInt8]> = []
    }

    private mutating func read(_ definition: Syntax.Definition) {
        var variables = Variables()
        // It uses a stack of its own, because blocks may be nested as deep as the limit allows.
        var work = [definition.root]
        while let index = work.popLast() {
            let node = nodes[Int(index)]
            switch node.kind {
            case .list: readList(index)
            case .ifBranch, .with, .range: readBranch(index)
            case .variable: variables.read.insert(name(of: index))
            case .pipe: declare(index, &variables)
            default: break
            }
            for child in children(of: index) { work.append(child) }
        }
        // By convention, `$_` is a value that is not needed.
        for pipe in variables.declared
        where variables.read.isDisjoint(with: pipe.names)
            && !["$_", "_"].contains(pipe.names.map(shown).joined(separator: ","))
        {
            warn(pipe.node, "variable \(pipe.names.map(shown).joined(separator: ", ")) is set and never read")
        }
    }

    /// Returns the direct children of a node, except the variables that a pipe declares.
    private func children(of index: NodeIndex) -> [NodeIndex] {
        let node = nodes[Int(index)]
        switch node.kind {
        case .list, .pipe, .command: return nodes.siblings(node.first)
        case .action, .template, .chain: return node.first == Syntax.none ? [] : [node.first]
        case .ifBranch, .range, .with:
            return [node.first, node.second, node.third].filter { $0 != Syntax.none }
        default: return []
        }
    }

    // MARK: Variables

    private func declare(_ pipe: NodeIndex, _ variables: inout Variables) {
        guard !nodes[Int(pipe)].flag else { return }
        let declared = nodes.siblings(nodes[Int(pipe)].second)
        guard let first = declared.first else { return }
        variables.declared.append((declared.map { name(of: $0) }, first))
    }

    /// Returns `$x` of `$x.a.b`.
    private func name(of variable: NodeIndex) -> [UInt8] {
        Array(text(variable).prefix { $0 != UInt8(ascii: ".") })
    }

    private func text(_ index: NodeIndex) -> ArraySlice<UInt8> {
        let node = nodes[Int(index)]
        return program.syntax.source(of: index).bytes[Int(node.start)..<Int(node.start + node.length)]
    }

    // MARK: Branches

    private mutating func readList(_ list: NodeIndex) {
        var isOver: String?
        for index in nodes.siblings(nodes[Int(list)].first) {
            let node = nodes[Int(index)]
            if let isOver, node.kind != .text || !isBlank(index) {
                return warn(index, "nothing after {{\(isOver)}} is reached")
            }
            if node.kind == .breakLoop { isOver = "break" }
            if node.kind == .continueLoop { isOver = "continue" }
        }
    }

    private func isBlank(_ text: NodeIndex) -> Bool { GoText.isBlank(self.text(text)) }

    private mutating func readBranch(_ index: NodeIndex) {
        let node = nodes[Int(index)]
        if let truth = constant(node.first) {
            let condition = String(decoding: program.syntax.text(of: node.first), as: UTF8.self)
            if !truth {
                warn(index, "{{\(keyword(node.kind)) \(condition)}} is never entered: it is always empty")
            } else if node.third != Syntax.none {
                warn(
                    node.third, "{{else}} is never reached: {{\(keyword(node.kind)) \(condition)}} always is")
            }
        }
        readChain(index)
    }

    /// Warns about a later `else if` with the same condition as an earlier branch of its chain.
    private mutating func readChain(_ index: NodeIndex) {
        let condition = program.syntax.text(of: nodes[Int(index)].first)
        var index = index
        guard nodes[Int(index)].kind == .ifBranch else { return }
        while true {
            let list = nodes[Int(index)].third
            guard list != Syntax.none else { return }
            let first = nodes[Int(list)].first
            guard first != Syntax.none, nodes[Int(first)].kind == .ifBranch,
                nodes[Int(first)].next == Syntax.none
            else { return }
            if program.syntax.text(of: nodes[Int(first)].first) == condition {
                return warn(
                    first, "{{if \(shown(condition))}} is never entered: an earlier condition is the same")
            }
            index = first
        }
    }

    private func keyword(_ kind: Syntax.Node.Kind) -> String {
        switch kind {
        case .range: "range"
        case .with: "with"
        default: "if"
        }
    }

    /// Returns the truth of a pipe that is a single literal; nil for any other.
    private func constant(_ pipe: NodeIndex) -> Bool? {
        let command = nodes[Int(pipe)].first
        guard nodes[Int(pipe)].second == Syntax.none, command != Syntax.none,
            nodes[Int(command)].next == Syntax.none
        else { return nil }
        let operand = nodes[Int(nodes[Int(command)].first)]
        guard operand.next == Syntax.none else { return nil }
        switch operand.kind {
        case .bool: return operand.flag
        case .string: return !program.syntax.strings[Int(operand.second)].isEmpty
        case .number:
            let number = program.syntax.numbers[Int(operand.second)]
            return number.int.map { $0 != 0 } ?? number.float.map { $0 != 0 } ?? true
        default: return nil
        }
    }

    private func shown(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private mutating func warn(_ node: NodeIndex, _ text: String) {
        let (line, column) = program.position(of: node)
        let source = program.syntax.source(of: node)
        let warning = TemplateWarning(
            message: text,
            place: RenderError.Place(
                template: String(decoding: source.name, as: UTF8.self), line: line, column: column + 1))
        found.append(((program.syntax.sourceIndex(of: node), nodes[Int(node)].position), warning))
    }
}
