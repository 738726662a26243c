import PluginAPI
import Values

/// Compiles `Syntax` to `Program`: variables become slots, functions and templates become indexes, and text becomes
/// ranges of one pool.
///
/// Errors that Go only finds when it reaches them (a wrong number of arguments, nil as a command) become instructions
/// that fail there, so that the output before them is still written. `lastNode` tracks the node that Go's interpreter
/// would have evaluated last, because messages point to it.
struct Compiler: ~Copyable {
    /// The pools that grow during compilation.
    struct Parts: ~Copyable {
        var instructions: Pool<Instruction>
        var nodes: Pool<NodeIndex>
        var literals: Pool<UInt8>
        var constants: Pool<GoValue>
        var paths: Pool<Program.Path>
        var names: Pool<Program.Name>
        var calls: Pool<Program.Call>
        var loops: [Program.Loop] = []
        var templateCalls: [Program.TemplateCall] = []
        var methodCalls: [Program.MethodCall] = []
        var failures: [Program.Failure] = []
        var types: [GoType] = []
        var functions: [TemplateFunction] = []
        var definitions: [Program.Definition] = []
        var plan: SegmentPlan?
    }

    /// A visible variable. The source contains its name without the dollar sign.
    struct Variable {
        let name: Range<Int>
        let slot: Int32
    }

    /// A `range` that is being compiled. In its else list no iteration is running: `break` only leaves the list, and
    /// `continue` continues the loop around it.
    struct OpenLoop {
        /// The last jumps of `continue` and of `break`. Each holds the index of the one before it.
        var continues = Compiler.noJump
        var exits = Compiler.noJump
        /// The number of `with` clauses that are open at the start of the else list; nil in the body.
        var withsBeforeElse: Int?
    }

    /// The template to split into segments, and the type of its root.
    struct Segmenting {
        var entry: [UInt8]
        var type: ObjectType
    }

    let syntax: Syntax
    /// The nodes of `syntax`.
    let nodes: UnsafeBufferPointer<Syntax.Node>
    let functionTable: FunctionTable
    let room: DeepStack.Room
    /// Whether a block or parenthesis was nested too deeply for the stack. If so, the result is unusable.
    var isOutOfRoom = false
    var parts: Parts
    /// The offset in the literals at which each source begins.
    var literalStarts: [Int] = []
    /// The index of the source that is being compiled.
    var source = 0
    /// The visible variables. If several have the same name, the last one applies.
    var variables: [Variable] = []
    var slotCount: Int32 = 0
    /// The node that messages would point to at this place; -1 if only the machine knows it.
    var lastNode: NodeIndex = Syntax.none
    private let segmenting: Segmenting?
    /// The parts of the data that may be tainted; nil if they are not known.
    let taint: DataTaint?
    /// The node for which instructions are emitted.
    var currentNode: NodeIndex = 0
    /// The `range` clauses around the node that is being compiled, innermost last.
    private var openLoops: [OpenLoop] = []
    /// The number of open `with` clauses. A jump out of an else list has to close those inside it.
    private var openWiths = 0
    /// The functions of `syntax` that have been looked up.
    var entries: [FunctionTable.Entry?]
    /// The constants of the strings of `syntax`; -1 for those that have no constant yet.
    private var stringConstants: [Int32]
    private var functionIndexes: [String: Int32] = [:]
    /// The paths and names that were used before, by their text: indexes into `sharedPaths` and into the names.
    var knownPaths = TextTable()
    var knownNames = TextTable()
    /// The ranges of names of the paths.
    var sharedPaths = Pool<(first: Int32, count: Int32)>(capacity: 32)

    private init(
        _ syntax: Syntax, _ functions: FunctionTable, _ room: DeepStack.Room, _ segmenting: Segmenting?,
        _ taint: DataTaint?
    ) {
        self.syntax = syntax
        self.taint = taint
        self.segmenting = segmenting
        self.room = room
        nodes = syntax.nodes.buffer
        functionTable = functions
        entries = Array(repeating: nil, count: syntax.functions.count)
        stringConstants = Array(repeating: -1, count: syntax.strings.count)
        var literals = Pool<UInt8>(capacity: syntax.sources.reduce(0) { $0 + $1.bytes.count })
        for source in syntax.sources {
            literalStarts.append(literals.count)
            source.bytes.withUnsafeBufferPointer { literals.append(contentsOf: $0) }
        }
        // Few templates need more than this.
        parts = Parts(
            instructions: Pool(capacity: nodes.count), nodes: Pool(capacity: nodes.count), literals: literals,
            constants: Pool(capacity: syntax.strings.count + syntax.numbers.count),
            paths: Pool(capacity: nodes.count / 4), names: Pool(capacity: nodes.count / 8),
            calls: Pool(capacity: nodes.count / 8))
    }

    /// - Throws: `Parser.noStack` if the system cannot provide a large enough stack.
    static func compile(
        _ syntax: Syntax, functions: FunctionTable, missingKey: CompileOptions.MissingKey,
        segmenting: Segmenting? = nil, taint: DataTaint? = nil
    ) throws(RenderError) -> Program {
        var program: Program?
        DeepStack.run { room in
            var compiler = Compiler(syntax, functions, room, segmenting, taint)
            compiler.compileDefinitions()
            if compiler.isOutOfRoom { return .noRoom }
            program = Program(compiler.parts, syntax: syntax, missingKey: missingKey)
            return .done
        }
        guard let program else { throw Parser.noStack }
        return program
    }

    /// Whether the stack has room. Every recursive function must check this, and return if it is false.
    mutating func hasRoom() -> Bool {
        if !isOutOfRoom, !room.isLeft { isOutOfRoom = true }
        return !isOutOfRoom
    }

    private mutating func compileDefinitions() {
        for definition in syntax.definitions { compile(definition) }
    }

    private mutating func compile(_ definition: Syntax.Definition) {
        source = definition.source
        variables = [Variable(name: 0..<0, slot: 0)]
        slotCount = 1
        let start = Int32(parts.instructions.count)
        lastNode = definition.root
        if let segmenting, segmenting.entry == definition.name, parts.plan == nil,
            let analysis = ReadAnalysis(syntax, nodes, type: segmenting.type)
        {
            compileSegments(of: definition.root, SegmentPlan(analysis.tops(of: definition.root)))
        } else {
            compileList(definition.root)
        }
        emit(.finish)
        parts.definitions.append(.init(name: definition.name, start: start, slots: slotCount))
    }

    /// Compiles a list as `compileList` does, with a pause after each segment.
    private mutating func compileSegments(of list: NodeIndex, _ plan: SegmentPlan) {
        var plan = plan
        var index = nodes[Int(list)].first
        for segment in plan.segments.indices {
            plan.segments[segment].start = Int32(parts.instructions.count)
            for _ in 0..<plan.segments[segment].nodes {
                compileNode(index)
                index = nodes[Int(index)].next
            }
            emit(.pause)
        }
        plan.end = Int32(parts.instructions.count)
        let shared = Set(variables.dropFirst().map(\.slot))
        for segment in plan.segments.indices {
            let next = segment + 1 < plan.segments.count ? plan.segments[segment + 1].start : plan.end
            plan.segments[segment].slots = written(plan.segments[segment].start..<next)
                .filter(shared.contains)
        }
        if plan.isUseful { parts.plan = plan }
    }

    /// Returns the variables that instructions write, without duplicates.
    private func written(_ range: Range<Int32>) -> [Int32] {
        var slots: Set<Int32> = []
        for index in range {
            switch parts.instructions[Int(index)] {
            case .store(let slot): slots.insert(slot)
            case .range(let loop):
                slots.formUnion([parts.loops[Int(loop)].elementSlot, parts.loops[Int(loop)].indexSlot])
            default: continue
            }
        }
        return slots.sorted()
    }

    // MARK: Nodes

    private mutating func compileList(_ list: NodeIndex) {
        guard hasRoom() else { return }
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
            emit(.text(start: Int32(literalStart) + node.start, length: node.length))
        case .action:
            compilePipe(node.first)
            currentNode = index
            emit(nodes[Int(node.first)].second == Syntax.none ? .print : .pop)
        case .ifBranch, .with: compileBranch(node)
        case .range: compileRange(node)
        case .template: compileTemplate(index, node)
        case .breakLoop: compileBreak()
        case .continueLoop:
            guard let loop = openLoops.lastIndex(where: { $0.withsBeforeElse == nil }) else { break }
            openLoops[loop].continues = emit(pending: .jump(openLoops[loop].continues))
        default: break
        }
    }

    private mutating func compileBreak() {
        let last = openLoops.count - 1
        guard let outside = openLoops[last].withsBeforeElse else {
            openLoops[last].exits = emit(pending: .breakLoop(openLoops[last].exits))
            return
        }
        for _ in outside..<openWiths { emit(.endWith) }
        openLoops[last].exits = emit(pending: .jump(openLoops[last].exits))
    }

    private mutating func compileBranch(_ node: Syntax.Node) {
        // In a chain of `else if`, each else list contains the next branch. It may be as long as the template, so it is
        // compiled in a loop. `ends` are the jumps to the end of the whole chain.
        var node = node
        var ends = Compiler.noJump
        let outside = variables.count
        while true {
            let isWith = node.kind == .with
            compilePipe(node.first)
            let visible = variables.count
            let test = emit(pending: isWith ? .with(Compiler.noJump) : .jumpIfFalse(Compiler.noJump))
            if isWith { openWiths += 1 }
            compileList(node.second)
            variables.removeLast(variables.count - visible)
            if isWith {
                openWiths -= 1
                emit(.endWith)
            }
            guard node.third != Syntax.none else {
                patch(test)
                break
            }
            ends = emit(pending: .jump(ends))
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
        patch(ends)
        variables.removeLast(variables.count - outside)
    }

    private mutating func compileRange(_ node: Syntax.Node) {
        let outside = variables.count
        compilePipe(node.first)
        let visible = variables.count
        var loop = Program.Loop(at: lastNode, pipe: node.first, body: node.second)
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
        openLoops.append(OpenLoop())
        compileList(node.second)
        variables.removeLast(variables.count - visible)
        patch(openLoops[openLoops.count - 1].continues)
        emit(.next(body: body))
        parts.loops[loopIndex].behind = Int32(parts.instructions.count)
        let skip = node.third != Syntax.none ? emit(pending: .jump(Compiler.noJump)) : Compiler.noJump
        parts.loops[loopIndex].elseTarget = Int32(parts.instructions.count)
        if node.third != Syntax.none {
            openLoops[openLoops.count - 1].withsBeforeElse = openWiths
            compileList(node.third)
        }
        let exits = openLoops.removeLast().exits
        patch(skip)
        patch(exits)
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

    /// Leaves the pipeline's value on the stack, and stores it in the variables that it declares or assigns.
    mutating func compilePipe(_ index: NodeIndex) {
        guard hasRoom() else { return }
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
                variables.append(Variable(name: firstName(declared), slot: slotCount))
                emit(.store(slot: slotCount))
                slotCount += 1
            }
            declared = nodes[Int(declared)].next
        }
    }

    private func slot(of variable: NodeIndex) -> Int32 { findVariable(variable) ?? 0 }

    /// Returns the range of `x` in `$x.a.b`.
    func firstName(_ variable: NodeIndex) -> Range<Int> {
        let node = nodes[Int(variable)]
        let start = Int(node.start) + 1
        let end = Int(node.start + node.length)
        var index = start
        while index < end, byte(index) != UInt8(ascii: ".") { index += 1 }
        return start..<index
    }

    /// Returns `$x` as text.
    func writtenName(_ name: Range<Int>) -> GoValue {
        .text([UInt8(ascii: "$")] + syntax.sources[source].bytes[name])
    }

    /// Returns a byte of the source that is being compiled.
    @inline(__always)
    func byte(_ index: Int) -> UInt8 { parts.literals[literalStart + index] }

    /// The offset in the literals at which the source that is being compiled begins.
    @inline(__always)
    var literalStart: Int { source == 0 ? 0 : literalStarts[source] }

    func findVariable(_ variable: NodeIndex) -> Int32? {
        let name = text(firstName(variable))
        var index = variables.count
        while index > 0 {
            index -= 1
            if GoText.isEqual(text(variables[index].name), name) { return variables[index].slot }
        }
        return nil
    }

    /// Returns a part of the source that is being compiled.
    @inline(__always)
    func text(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: parts.literals.base + literalStart + range.lowerBound, count: range.count)
    }

    // MARK: Writing instructions

    @inline(__always)
    mutating func emit(_ instruction: Instruction) {
        parts.instructions.append(instruction)
        parts.nodes.append(currentNode)
    }

    /// The end of a list of jumps whose target is not known yet. Until it is known, each jump holds the index of the
    /// one before it.
    static let noJump: Int32 = -1

    /// Emits a jump that will be patched.
    ///
    /// - Returns: its index.
    mutating func emit(pending jump: Instruction) -> Int32 {
        emit(jump)
        return Int32(parts.instructions.count - 1)
    }

    /// Sets the target of a list of jumps to the next instruction.
    mutating func patch(_ last: Int32) {
        let target = Int32(parts.instructions.count)
        var index = last
        while index != Compiler.noJump {
            let place = parts.instructions.base + Int(index)
            switch place.pointee {
            case .jump(let before):
                place.pointee = .jump(target)
                index = before
            case .jumpIfFalse(let before):
                place.pointee = .jumpIfFalse(target)
                index = before
            case .with(let before):
                place.pointee = .with(target)
                index = before
            case .breakLoop(let before):
                place.pointee = .breakLoop(target)
                index = before
            case .decide(let isOr, let before, let at):
                place.pointee = .decide(isOr: isOr, target: target, at: at)
                index = before
            default: return
            }
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

    /// Emits a string of the syntax. It becomes a constant only once.
    mutating func emit(string index: Int32) {
        let known = stringConstants[Int(index)]
        if known >= 0 { return emit(.constant(known)) }
        stringConstants[Int(index)] = Int32(parts.constants.count)
        emit(constant: .text(syntax.strings[Int(index)]))
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
