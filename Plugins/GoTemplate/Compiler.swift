import PluginAPI
import Values

/// `Syntax` in, `Program` out: variables become slots, functions and templates indexes, text ranges of one pool.
///
/// What Go finds wrong only when it gets there (a wrong number of arguments, nil as a command) becomes an
/// instruction that fails there, so that what stands before it is still written. `lastNode` follows which node Go's
/// interpreter would have looked at last: messages point to that one.
struct Compiler {
    /// The pools that grow while compiling.
    struct Parts {
        var instructions: [Instruction] = []
        var nodes: [NodeIndex] = []
        var literals: [UInt8] = []
        var constants: [GoValue] = []
        var paths: [Program.Path] = []
        var names: [Program.Name] = []
        var calls: [Program.Call] = []
        var loops: [Program.Loop] = []
        var templateCalls: [Program.TemplateCall] = []
        var failures: [Program.Failure] = []
        var types: [GoType] = []
        var functions: [TemplateFunction] = []
        var definitions: [Program.Definition] = []
    }

    let syntax: Syntax
    /// The nodes of `syntax`, without the reference counts of an array.
    private(set) var nodes: UnsafeBufferPointer<Syntax.Node>
    let functionTable: FunctionTable
    var parts = Parts()
    /// Where each source begins in the literals.
    var literalStarts: [Int] = []
    /// The source that is being compiled.
    var source = 0
    /// The variables that are visible, by name; the last one of a name holds.
    var variables: [(name: Range<Int>, slot: Int32)] = []
    var slotCount: Int32 = 0
    /// The node that messages would point to now; -1 where only the machine knows.
    var lastNode: NodeIndex = Syntax.none
    /// The node that instructions are written for.
    var currentNode: NodeIndex = 0
    /// The innermost loop: where `continue` goes, and the jumps that `break` made.
    private var loopStarts: [(next: [Int], exits: [Int])] = []
    /// The functions that were called before, by where in the literals their names stand.
    var knownFunctions: [(name: Range<Int>, entry: FunctionTable.Entry)] = []
    private var functionIndexes: [String: Int32] = [:]

    private init(
        _ syntax: Syntax, _ nodes: UnsafeBufferPointer<Syntax.Node>, _ functions: FunctionTable
    ) {
        self.syntax = syntax
        self.nodes = nodes
        functionTable = functions
        parts.instructions.reserveCapacity(syntax.nodes.count)
        parts.nodes.reserveCapacity(syntax.nodes.count)
        for source in syntax.sources {
            literalStarts.append(parts.literals.count)
            parts.literals += source.bytes
        }
    }

    static func compile(
        _ syntax: Syntax, functions: FunctionTable, missingKey: CompileOptions.MissingKey
    ) -> Program {
        let parts = syntax.nodes.withUnsafeBufferPointer { nodes in
            var compiler = Compiler(syntax, nodes, functions)
            if syntax.deepest <= DeepStack.inlineLevels {
                compiler.compileDefinitions()
            } else {
                _ = DeepStack.run(levels: syntax.deepest + 8) { compiler.compileDefinitions() }
            }
            return compiler.parts
        }
        return Program(parts, syntax: syntax, missingKey: missingKey)
    }

    private mutating func compileDefinitions() {
        for definition in syntax.definitions { compile(definition) }
    }

    private mutating func compile(_ definition: Syntax.Definition) {
        source = definition.source
        variables = [(0..<0, 0)]
        slotCount = 1
        let start = Int32(parts.instructions.count)
        lastNode = definition.root
        compileList(definition.root)
        emit(.finish)
        parts.definitions.append(.init(name: definition.name, start: start, slots: slotCount))
    }

    // MARK: Nodes

    private mutating func compileList(_ list: NodeIndex) {
        var index = nodes[Int(list)].first
        while index != Syntax.none {
            compileNode(index)
            index = nodes[Int(index)].next
        }
    }

    private mutating func compileNode(_ index: NodeIndex) {
        let node = nodes[Int(index)]
        currentNode = index
        switch node.kind {
        case .text:
            emit(.text(start: Int32(literalStarts[source]) + node.start, length: node.length))
        case .action:
            compilePipe(node.first)
            currentNode = index
            emit(nodes[Int(node.first)].second == Syntax.none ? .print : .pop)
        case .ifBranch, .with: compileBranch(node)
        case .range: compileRange(node)
        case .template: compileTemplate(index, node)
        case .breakLoop:
            loopStarts[loopStarts.count - 1].exits.append(parts.instructions.count)
            emit(.breakLoop(0))
        case .continueLoop:
            loopStarts[loopStarts.count - 1].next.append(parts.instructions.count)
            emit(.jump(0))
        default: break
        }
    }

    private mutating func compileBranch(_ node: Syntax.Node) {
        // A chain of `else if` is a nest of else lists, which may be as long as the template: it is walked in a
        // loop. `ends` are the jumps behind the whole chain.
        var node = node
        var ends: [Int] = []
        let outside = variables.count
        while true {
            let isWith = node.kind == .with
            compilePipe(node.first)
            let visible = variables.count
            let test = parts.instructions.count
            emit(isWith ? .with(0) : .jumpIfFalse(0))
            compileList(node.second)
            variables.removeLast(variables.count - visible)
            if isWith { emit(.endWith) }
            guard node.third != Syntax.none else {
                patch(test)
                break
            }
            ends.append(parts.instructions.count)
            emit(.jump(0))
            patch(test)
            let list = nodes[Int(node.third)]
            if list.first != Syntax.none {
                let only = nodes[Int(list.first)]
                if only.next == Syntax.none, only.kind == node.kind {
                    currentNode = list.first
                    node = only
                    continue
                }
            }
            compileList(node.third)
            break
        }
        for end in ends { patch(end) }
        variables.removeLast(variables.count - outside)
    }

    private mutating func compileRange(_ node: Syntax.Node) {
        let outside = variables.count
        compilePipe(node.first)
        let visible = variables.count
        var loop = Program.Loop(at: lastNode)
        let pipe = nodes[Int(node.first)]
        if pipe.second != Syntax.none {
            let first = slot(of: pipe.second)
            let secondNode = nodes[Int(pipe.second)].next
            if secondNode == Syntax.none {
                loop.elementSlot = first
            } else {
                loop.indexSlot = first
                loop.elementSlot = slot(of: secondNode)
            }
        }
        let loopIndex = parts.loops.count
        parts.loops.append(loop)
        emit(.range(Int32(loopIndex)))
        let body = Int32(parts.instructions.count)
        loopStarts.append(([], []))
        compileList(node.second)
        variables.removeLast(variables.count - visible)
        let (continues, exits) = loopStarts.removeLast()
        for jump in continues { patch(jump) }
        emit(.next(body: body))
        let skip = parts.instructions.count
        if node.third != Syntax.none { emit(.jump(0)) }
        parts.loops[loopIndex].elseTarget = Int32(parts.instructions.count)
        if node.third != Syntax.none {
            compileList(node.third)
            patch(skip)
        }
        for exit in exits { patch(exit) }
        variables.removeLast(variables.count - outside)
    }

    private mutating func compileTemplate(_ index: NodeIndex, _ node: Syntax.Node) {
        lastNode = index
        let name = syntax.strings[Int(node.second)]
        guard let definition = syntax.definition(named: name) else {
            return fail("template %q not defined", [.text(name)])
        }
        if node.first == Syntax.none { emit(.none) } else { compilePipe(node.first) }
        currentNode = index
        emit(.template(Int32(parts.templateCalls.count)))
        parts.templateCalls.append(.init(definition: Int32(definition), node: index))
    }

    // MARK: Pipelines

    /// Leaves the pipeline's value on the stack and stores it in the variables that it declares or assigns.
    mutating func compilePipe(_ index: NodeIndex) {
        let pipe = nodes[Int(index)]
        lastNode = index
        var command = pipe.first
        var hasFinal = false
        while command != Syntax.none {
            compileCommand(command, hasFinal: hasFinal)
            hasFinal = true
            command = nodes[Int(command)].next
        }
        var declared = pipe.second
        while declared != Syntax.none {
            if pipe.flag {
                if let slot = findVariable(declared) {
                    emit(.store(slot: slot))
                } else {
                    fail("undefined variable: %s", [writtenName(firstName(declared))])
                }
            } else {
                variables.append((firstName(declared), slotCount))
                emit(.store(slot: slotCount))
                slotCount += 1
            }
            declared = nodes[Int(declared)].next
        }
    }

    private func slot(of variable: NodeIndex) -> Int32 { findVariable(variable) ?? 0 }

    /// Where `$x` of `$x.a.b` stands behind its dollar sign.
    func firstName(_ variable: NodeIndex) -> Range<Int> {
        let node = nodes[Int(variable)]
        let start = Int(node.start) + 1
        let end = Int(node.start + node.length)
        var index = start
        while index < end, byte(index) != UInt8(ascii: ".") { index += 1 }
        return start..<index
    }

    /// `$x` as text.
    func writtenName(_ name: Range<Int>) -> GoValue {
        .text([UInt8(ascii: "$")] + syntax.sources[source].bytes[name])
    }

    /// A byte of the source that is being compiled.
    @inline(__always)
    func byte(_ index: Int) -> UInt8 { parts.literals[literalStarts[source] + index] }

    func findVariable(_ variable: NodeIndex) -> Int32? {
        let name = firstName(variable)
        for candidate in variables.reversed() where candidate.name.count == name.count {
            if zip(candidate.name, name).allSatisfy({ byte($0) == byte($1) }) { return candidate.slot }
        }
        return nil
    }

    // MARK: Writing instructions

    mutating func emit(_ instruction: Instruction) {
        parts.instructions.append(instruction)
        parts.nodes.append(currentNode)
    }

    /// Lets the jump at an index go to the next instruction.
    mutating func patch(_ index: Int) {
        let target = Int32(parts.instructions.count)
        switch parts.instructions[index] {
        case .jump: parts.instructions[index] = .jump(target)
        case .jumpIfFalse: parts.instructions[index] = .jumpIfFalse(target)
        case .with: parts.instructions[index] = .with(target)
        case .breakLoop: parts.instructions[index] = .breakLoop(target)
        case .decide(let isOr, _, let at):
            parts.instructions[index] = .decide(isOr: isOr, target: target, at: at)
        default: break
        }
    }

    mutating func fail(_ format: String, _ arguments: [GoValue]) {
        emit(.fail(Int32(parts.failures.count)))
        parts.failures.append(.init(at: lastNode, format: format, arguments: arguments))
    }

    mutating func emit(constant: GoValue) {
        emit(.constant(Int32(parts.constants.count)))
        parts.constants.append(constant)
    }

    mutating func index(of type: GoType) -> Int32 {
        if let index = parts.types.firstIndex(of: type) { return Int32(index) }
        parts.types.append(type)
        return Int32(parts.types.count - 1)
    }

    mutating func index(of function: TemplateFunction) -> Int32 {
        if let index = functionIndexes[function.name] { return index }
        let index = Int32(parts.functions.count)
        parts.functions.append(function)
        functionIndexes[function.name] = index
        return index
    }
}
