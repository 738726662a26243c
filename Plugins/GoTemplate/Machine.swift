import Glibc
import PluginAPI
import System
import Values

/// Runs a `Program` with one switch over instructions, a stack of values, an output buffer, and counted limits.
///
/// It never calls itself: calls of templates are frames of its own, so templates may nest as deep as `limits.depth`
/// without using the thread's stack. Functions that render (`include`, `tpl`) create a machine of their own;
/// `TemplateEvaluation` bounds their depth. The output before an error stays written.
struct Machine: ~Copyable {
    /// The state of a caller, to which the machine returns after a called template.
    struct Frame {
        var next: Int
        var variables: Int
        var definition: Int32
        var dot: Slot
        var dots: Int
        var loops: Int
    }

    let program: Program
    let limits: RenderLimits
    let context: FunctionContext
    var stack = SlotStack(capacity: 32)
    var variables = SlotStack(capacity: 32)
    private var variableBase = 0
    private(set) var dot: Slot
    private(set) var dots: [Slot] = []
    private(set) var loops: [RangeLoop] = []
    private(set) var frames: [Frame] = []
    /// The running loop whose text will be cached.
    var remembered: RememberedLoop?
    private var definition: Int32
    /// The node that a message points to if its instruction does not specify one.
    private var noted: NodeIndex = 0
    private var outputStart = 0
    var deepest = 0
    /// Whether it stops after a segment.
    private var pauses = false

    /// The size of a single output, in bytes, from which the stop condition is checked.
    private static let largeOutput = 4 << 10
    /// The number of instructions between two checks of the clock.
    private static let clockInterval = 1000

    /// - Parameter origin: the origin of the data.
    init(
        _ program: Program, definition: Int32, data: GoValue, origin: Origin, context: FunctionContext
    ) {
        self.program = program
        self.definition = definition
        self.context = context
        limits = context.limits
        dot = Slot(data, origin: origin)
    }

    /// Runs to the end.
    ///
    /// - Parameter map: nil if no source map is requested.
    mutating func run(
        into output: inout ByteBuffer, map: inout SourceMap?
    ) throws(RenderError) {
        begin(output)
        try run(from: Int(program.definitions[Int(definition)].start), into: &output, map: &map)
    }

    /// Prepares for running. Call it once.
    mutating func begin(_ output: borrowing ByteBuffer) {
        outputStart = output.count
        variables.extend(to: Int(program.definitions[Int(definition)].slots))
        variables[0] = dot
    }

    /// Runs a segment of the template, up to its pause.
    mutating func run(segmentAt start: Int, into output: inout ByteBuffer) throws(RenderError) {
        pauses = true
        var map: SourceMap?
        try run(from: start, into: &output, map: &map)
    }

    private mutating func run(
        from start: Int, into output: inout ByteBuffer, map: inout SourceMap?
    ) throws(RenderError) {
        var next = start
        // Steps are counted in batches, so that a normal step costs only one decrement.
        var stretch = nextStretch()
        var left = stretch
        defer { context.steps += stretch - left }
        while true {
            left -= 1
            if left < 0 {
                context.steps += stretch
                stretch = 0
                left = 0
                try checkBudget(at: next)
                stretch = nextStretch()
                left = stretch - 1
            }
            let instruction = program.instructions[next]
            next += 1
            switch instruction {
            case .text(let start, let length):
                let before = output.count
                output.append(
                    UnsafeBufferPointer(rebasing: program.literals[Int(start)..<Int(start + length)]))
                if map != nil { record(.literal, before, output.count, .clean, at: next - 1, into: &map) }
                try checkOutput(&output, at: next - 1)
            case .print:
                let slot = stack.pop()
                let before = output.count
                if case .string(let text) = slot.value {
                    output.append(text)
                } else {
                    try print(slot.value, into: &output)
                }
                if map != nil {
                    record(.value, before, output.count, origin(of: slot), at: next - 1, into: &map)
                } else {
                    let origin = origin(of: slot)
                    if origin != .clean {
                        noteTainted(from: before, in: output, isQuoted: origin.isSerialised)
                    }
                }
                try checkOutput(&output, at: next - 1)
                if output.count &- before >= Machine.largeOutput {
                    try checkStop(at: program.nodes[next - 1])
                }
            case .pop: _ = stack.pop()
            case .dropBelow:
                let top = stack.pop()
                stack.top = top
            case .rotate(let count): stack.rotate(Int(count))
            case .dot: stack.push(dot)
            case .variable(let slot): stack.push(variables[variableBase + Int(slot)])
            case .constant(let index): stack.push(Slot(program.constants[Int(index)]))
            case .none: stack.push(Slot(.none))
            case .field(let path): stack.push(try follow(Int(path), from: dot))
            case .variableField(let slot, let path):
                stack.push(try follow(Int(path), from: variables[variableBase + Int(slot)]))
            case .chainField(let path): stack.push(try follow(Int(path), from: stack.pop()))
            case .method(let index):
                let receiver = stack.pop()
                var found = try method(program.methodCalls[Int(index)], of: receiver)
                found.origin = receiver.origin
                stack.push(found)
            case .invoke(let index): try invoke(program.methodCalls[Int(index)])
            case .unwrap: stack.top.isBoxed = false
            case .store(let slot): variables[variableBase + Int(slot)] = stack.top
            case .jump(let target): next = Int(target)
            case .jumpIfFalse(let target):
                if !Comparison.isTrue(stack.pop().value) { next = Int(target) }
            case .with(let target):
                let slot = stack.pop()
                if Comparison.isTrue(slot.value) {
                    dots.append(dot)
                    dot = slot
                } else {
                    next = Int(target)
                }
            case .endWith: if let previous = dots.popLast() { dot = previous }
            case .range(let index):
                if map == nil, mayRepeatLoops {
                    context.steps += stretch - left
                    stretch = left
                    if takeLoop(Int(index), into: &output) {
                        _ = stack.pop()
                        next = Int(program.loops[Int(index)].behind)
                        stretch = nextStretch()
                        left = stretch
                        continue
                    }
                }
                next = try beginLoop(Int(index), next)
            case .next(let body):
                next = try nextRound(Int(body), next)
                if remembered != nil, loops.isEmpty {
                    context.steps += stretch - left
                    stretch = left
                    keepLoop(output)
                }
            case .breakLoop(let target):
                endLoop()
                if loops.isEmpty { remembered = nil }
                next = Int(target)
            case .decide(let isOr, let target, let at):
                if at >= 0 { noted = at }
                if Comparison.isTrue(stack.topAddress.pointee.value) == isOr {
                    next = Int(target)
                } else {
                    _ = stack.pop()
                }
            case .note(let at): noted = at
            case .check(let type, let at):
                try check(program.types[Int(type)], at: at >= 0 ? at : noted)
            case .call(let index): try call(Int(index))
            case .callNative(let index): try callNative(Int(index))
            case .template(let index):
                next = try enter(program.templateCalls[Int(index)], returningTo: next)
            case .fail(let index):
                let failure = program.failures[Int(index)]
                throw error(at: failure.at, failure.format, failure.arguments)
            case .pause:
                left += 1
                if pauses, frames.isEmpty { return }
            case .finish:
                guard let frame = frames.popLast() else { return }
                variableBase = frame.variables
                definition = frame.definition
                dot = frame.dot
                next = frame.next
            }
        }
    }

    // MARK: Variables

    /// Returns the values of variables of the outermost template; nil if one of them cannot be shared.
    func plainVariables(_ slots: [Int32]) -> [Slot]? {
        var values: [Slot] = []
        for slot in slots {
            let value = variables[Int(slot)]
            guard value.value.isPlain, !value.isBoxed else { return nil }
            values.append(value)
        }
        return values
    }

    mutating func setVariables(_ slots: [Int32], to values: [Slot]) {
        for (slot, value) in zip(slots, values) { variables[Int(slot)] = value }
    }

    // MARK: Limits

    /// Whether that many more bytes may be written.
    func allows(_ further: Int, behind output: borrowing ByteBuffer) -> Bool {
        output.count &- outputStart + further <= limits.outputBytes
    }

    private func nextStretch() -> Int {
        max(min(Machine.clockInterval, limits.steps &- context.steps), 0)
    }

    private mutating func checkBudget(at next: Int) throws(RenderError) {
        let node = program.nodes[min(next, program.nodes.count - 1)]
        if context.steps >= limits.steps {
            throw limitError(.steps, at: node)
        }
        if let deadline = limits.deadline, MonotonicClock.nanoseconds >= deadline {
            throw stopped(.deadline, at: node)
        }
        try checkStop(at: node)
    }

    /// Checks for a stop. Call it if much may have happened since the last check, such as after a function call.
    @inline(__always)
    private func checkStop(at node: NodeIndex) throws(RenderError) {
        if let stop = WorkStop.current { throw stopped(stop, at: node) }
    }

    @inline(never)
    private func stopped(_ stop: WorkStop, at node: NodeIndex) -> RenderError {
        if stop == .memory { return limitError(.memory, at: node) }
        var error = program.failure(at: node, in: definition, Array(stop.sentence.utf8), [])
        error.kind = RenderError(stop, limits: limits, head: "").kind
        return error
    }

    @inline(__always)
    private func checkOutput(_ output: inout ByteBuffer, at index: Int) throws(RenderError) {
        if output.count &- outputStart > limits.outputBytes {
            output.truncate(to: outputStart + limits.outputBytes)
            throw limitError(.outputBytes, at: program.nodes[index])
        }
    }

    /// Not inlined, because it is hardly ever called.
    @inline(never)
    private func limitError(_ limit: RenderLimit, at node: NodeIndex) -> RenderError {
        limitError(limits.reached(limit), at: node)
    }

    private func limitError(_ limit: ReachedLimit, at node: NodeIndex) -> RenderError {
        program.failure(at: node, in: definition, Array(limit.message().utf8), [], limit: limit)
    }

    func error(at node: NodeIndex, _ format: String, _ arguments: [GoValue]) -> RenderError {
        program.failure(at: node >= 0 ? node : noted, in: definition, Array(format.utf8), arguments)
    }

    // MARK: Writing

    private func record(
        _ kind: SourceMap.Kind, _ start: Int, _ end: Int, _ origin: Origin, at index: Int,
        into map: inout SourceMap?
    ) {
        guard end > start || origin != .clean else { return }
        let node = program.nodes[index]
        let run = SourceMap.Run(
            output: start..<end, template: program.syntax.sourceIndex(of: node),
            offset: Int(program.syntax.nodes[Int(node)].position), kind: kind)
        if let origins = context.origins {
            origins.record(run, origin, templates: program.syntax.sources.count)
        } else {
            map?.runs.append(run)
        }
    }

    /// - Parameter isQuoted: whether `quote` wrote the text. It escapes what it puts between its quotes, so the run is
    ///   what is between them.
    @inline(never)
    private func noteTainted(from start: Int, in output: borrowing ByteBuffer, isQuoted: Bool) {
        let quotes = isQuoted && output.count - start >= 2 ? 1 : 0
        context.tainted.append(TaintedRun(start: start + quotes, end: output.count - quotes))
    }

    /// Writes the value of an action: pointers are dereferenced, and a missing value is `<no value>`.
    private func print(_ value: GoValue, into output: inout ByteBuffer) throws(RenderError) {
        switch value {
        case .none: if program.missingKey != .empty { output.append("<no value>") }
        case .int64(let number): NumberFormat.append(number, into: &output)
        case .int(let number): NumberFormat.append(Int64(number), into: &output)
        case .bool(let bool): output.append(bool ? "true" : "false")
        case .rawString(let bytes): output.append(bytes)
        default:
            var shown = value
            if case .typed(let typed) = value, !typed.printsByMethod {
                shown = typed.pointee
                // The value of a field has the methods of a pointer to it.
                if case .function? = typed.type.methods["String"],
                    let text = typed.callMethod(named: "String")
                {
                    shown = text
                }
            }
            var format = GoFormat(limit: limits.outputBytes)
            format.print([shown], into: &output)
        }
    }

    // MARK: Loops

    private mutating func beginLoop(_ index: Int, _ body: Int) throws(RenderError) -> Int {
        let loop = program.loops[index]
        let slot = stack.pop()
        // Messages show the target of a pointer.
        var shown: GoValue { if case .typed(let typed) = slot.value { typed.pointee } else { slot.value } }
        guard let items = RangeLoop.items(of: slot.value) else {
            throw error(at: loop.at, "range can't iterate over %v", [shown])
        }
        if items.isCounting, loop.indexSlot >= 0 {
            throw error(at: loop.at, "can't use %v to iterate over more than one variable", [shown])
        }
        let range = RangeLoop(
            items: items, origin: origin(of: slot), loop: loop, dot: dot, dots: dots.count)
        if range.count == 0 {
            if loops.isEmpty { remembered = nil }
            return Int(loop.elseTarget)
        }
        if range.count > limits.rangeItems {
            throw limitError(.rangeItems, at: loop.at >= 0 ? loop.at : noted)
        }
        loops.append(range)
        try beginRound()
        return body
    }

    /// Sets the dot and the variables for the current iteration of the innermost loop.
    private mutating func beginRound() throws(RenderError) {
        let last = loops.count - 1
        var element = loops[last].element
        let loop = loops[last].loop
        let origin = loops[last].origin
        if origin == .clean {
            if loop.indexSlot >= 0 { variables[variableBase + Int(loop.indexSlot)] = loops[last].key }
        } else {
            var key = loops[last].key
            element.origin = self.origin(of: key.value, in: origin)
            // The index of an item is not tainted.
            if case .string = key.value { key.origin = element.origin }
            if loop.indexSlot >= 0 { variables[variableBase + Int(loop.indexSlot)] = key }
        }
        if loop.elementSlot >= 0 { variables[variableBase + Int(loop.elementSlot)] = element }
        dot = element
    }

    private mutating func nextRound(_ body: Int, _ behind: Int) throws(RenderError) -> Int {
        let last = loops.count - 1
        if dots.count > loops[last].dots { dots.removeLast(dots.count - loops[last].dots) }
        loops[last].position += 1
        if loops[last].position < loops[last].count {
            try beginRound()
            return body
        }
        endLoop()
        return behind
    }

    private mutating func endLoop() {
        guard let loop = loops.popLast() else { return }
        dot = loop.dot
        if dots.count > loop.dots { dots.removeLast(dots.count - loop.dots) }
    }

    // MARK: Calls

    private mutating func enter(_ call: Program.TemplateCall, returningTo next: Int) throws(RenderError)
        -> Int
    {
        if frames.count &+ context.depth >= limits.depth {
            if limits.depth >= RenderLimits.commandLine.depth {
                throw program.failure(
                    at: call.node, in: definition, Array("exceeded maximum template depth (%d)".utf8),
                    [.int(limits.depth)], limit: limits.reached(.depth))
            }
            throw limitError(.depth, at: call.node)
        }
        let callee = program.definitions[Int(call.definition)]
        let base = variableBase + Int(program.definitions[Int(definition)].slots)
        frames.append(
            Frame(
                next: next, variables: variableBase, definition: definition, dot: dot, dots: dots.count,
                loops: loops.count))
        deepest = max(deepest, frames.count)
        variableBase = base
        variables.extend(to: base + Int(callee.slots))
        definition = call.definition
        var argument = stack.pop()
        argument.isBoxed = false
        dot = argument
        variables[base] = argument
        return Int(callee.start)
    }

    /// Checks that the top fits a parameter, by the rules of reflection: the type is the same, the value is nil and the
    /// type allows it, or the types differ by one pointer.
    private mutating func check(_ type: GoType, at node: NodeIndex) throws(RenderError) {
        let slot = stack.top
        switch slot.value {
        case .string where type === GoType.string: return
        case .none where !slot.isBoxed:
            if type.kind.canBeNil { return }
            throw error(at: node, "invalid value; expected %s", [.string(type.name)])
        case .typed(let typed):
            if typed.type.name == type.name || "*" + typed.type.name == type.name { return }
            if typed.type.kind == .pointer, typed.type.element?.name == type.name {
                if typed.isNil {
                    throw error(at: node, "dereference of nil pointer of type %s", [.string(type.name)])
                }
                stack.top.value = typed.pointee
                return
            }
        // A map type with a name of its own is assignable to the same type without a name.
        case .map(let map) where type == .anyMap && map.type.element?.kind == .interface: return
        default: if slot.value.type == type { return }
        }
        let found = slot.isNilInterface ? "interface {}" : slot.value.typeName
        throw error(
            at: node, "wrong type for value; expected %s; got %s", [.string(type.name), .string(found)])
    }

    private mutating func call(_ index: Int) throws(RenderError) {
        let call = UnsafePointer(program.calls.baseAddress.unsafelyUnwrapped + index)
        let count = Int(call.pointee.count)
        if call.pointee.hasFinal { stack.rotate(count) }
        do {
            var result = try BuiltinFunctions.call(call, stack.last(count), context)
            result.origin = origin(ofCall: call.pointee.builtin, stack.last(count), result)
            stack.replaceLast(count, by: result)
        } catch {
            throw callError(error, call.pointee)
        }
        try checkStop(at: call.pointee.node)
    }

    private mutating func callNative(_ index: Int) throws(RenderError) {
        let call = UnsafePointer(program.calls.baseAddress.unsafelyUnwrapped + index)
        let count = Int(call.pointee.count)
        if call.pointee.hasFinal { stack.rotate(count) }
        let callee = UnsafePointer(
            program.callees.baseAddress.unsafelyUnwrapped + Int(call.pointee.function))
        let arguments = stack.values(ofLast: count)
        let given = beginCall(stack.last(count))
        stack.shrink(to: stack.count - count)
        context.depth += frames.count
        defer { context.depth -= frames.count }
        do {
            let result = try callee.pointee.call(arguments, context)
            var origin = Origin.clean
            if given.isTainted || context.isTainted {
                let function = program.functions[Int(call.pointee.function)]
                origin = self.origin(of: function, given, arguments, result)
            }
            stack.push(Slot(result, boxed: callee.pointee.isBoxed, origin: origin))
        } catch {
            throw callError(error, call.pointee)
        }
        try checkStop(at: call.pointee.node)
    }

    /// Calls the method that is beneath its arguments. A value from the pipe is beneath the method.
    private mutating func invoke(_ call: Program.MethodCall) throws(RenderError) {
        let count = Int(call.count)
        var arguments = stack.last(count).map { $0 }
        stack.shrink(to: stack.count - count)
        let receiver = stack.pop()
        if call.hasFinal { arguments.append(stack.pop()) }
        // A missing value has no methods, and where that is not an error, the result is a missing value too.
        guard case .native(let bound as BoundMethod) = receiver.value else { return stack.push(receiver) }
        let values = try fitting(arguments, bound, call)
        context.depth += frames.count
        defer { context.depth -= frames.count }
        do {
            let result = try bound.method.body(values, context)
            let origin = origin(ofMethod: receiver, arguments)
            stack.push(Slot(result, boxed: bound.method.isBoxed && !call.unwraps, origin: origin))
        } catch {
            throw callError(error, at: call.at, .string(bound.name))
        }
        try checkStop(at: call.at)
    }

    /// Returns the arguments, checked as reflection would assign them.
    private func fitting(
        _ arguments: [Slot], _ bound: BoundMethod, _ call: Program.MethodCall
    ) throws(RenderError) -> [GoValue] {
        for (index, argument) in arguments.enumerated() {
            let type = bound.method.parameters[index]
            let node = index < call.arguments.count ? call.arguments[index] : call.at
            if type.kind == .interface { continue }
            if case .none = argument.value, !argument.isBoxed {
                if type.kind.canBeNil { continue }
                throw error(at: node, "invalid value; expected %s", [.string(type.name)])
            }
            // An integer constant fits every integer type.
            if argument.value.type == type || type.kind.isSigned && argument.value.integer != nil { continue }
            let found = argument.isNilInterface ? "interface {}" : argument.value.typeName
            throw error(
                at: node, "wrong type for value; expected %s; got %s", [.string(type.name), .string(found)])
        }
        return arguments.map(\.value)
    }

    private func callError(_ error: FunctionError, _ call: Program.Call) -> RenderError {
        callError(
            error, at: call.node,
            call.function >= 0
                ? .string(program.functions[Int(call.function)].name) : .string(call.builtin.rawValue))
    }

    private func callError(
        _ error: FunctionError, at node: NodeIndex, _ name: GoValue
    ) -> RenderError {
        switch error {
        case .failed(let message):
            return self.error(at: node, "error calling %s: %s", [name, .text(message)])
        case .told(let message):
            var told = self.error(at: node, "error calling %s: %s", [name, .text(message)])
            told.told = message
            return told
        case .limit(let limit): return limitError(limit, at: node)
        case .template(let inner):
            var outer = self.error(at: node, "error calling %s: %s", [name, .text(inner.detailBytes)])
            outer.limit = inner.limit
            outer.told = inner.told
            if inner.kind.isOfBudget {
                outer.kind = inner.kind
                outer.detailBytes = inner.detailBytes
                outer.place = inner.place
            }
            return outer
        }
    }
}
