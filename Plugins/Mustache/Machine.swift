import PluginAPI
import System
import Values

/// Runs a program once. It is a single loop over flat instructions, with its own stacks for contexts, loops and calls,
/// so that no template can exhaust the thread's stack.
struct Machine {
    let program: Program
    let limits: RenderLimits
    /// The offset at which this rendering's output begins in the buffer.
    let outputStart: Int
    private(set) var steps = 0
    /// The greatest depth of calls so far.
    private(set) var deepest = 0
    /// The parts of the output that tainted data produced, if no source map is requested.
    private(set) var tainted: [TaintedRun] = []

    /// A running section.
    private struct Loop {
        var items: [Value]
        var index: Int
        var type: TypeReference?
        var path: TaintedPath?
        /// The first instruction of the body.
        var body: Int
    }

    /// A running template or argument, and the state that is restored when it ends.
    private struct Call {
        var returnTo: Int
        var indentStart: Int
        var indentCount: Int
        var skipped: Int
        var parents: Int
    }

    var contexts: [Context]
    private var loops: [Loop] = []
    private var calls: [Call] = []
    /// The running parents, the outermost first. Its arguments take precedence.
    private var parents: [Int32] = []
    /// The indentation of every line: the bytes from `indentStart` on. Those before belong to callers.
    private var indent: [UInt8] = []
    private var indentStart = 0
    /// The number of bytes of the indentation that the current line already has.
    private var skipped = 0
    /// The start of the current unquoted scalar of several parts in the output, and whether one of its values is text.
    private var scalarStart = 0
    private var scalarHasText = false
    /// The number of steps at which the limit or the clock has to be checked next.
    private var checkpoint: Int

    init(program: Program, data: TemplateData, limits: RenderLimits, outputStart: Int) {
        self.program = program
        self.limits = limits
        self.outputStart = outputStart
        contexts = [
            Context(
                value: data.value, type: data.type.map(TypeReference.init),
                path: data.taint.map { TaintedPath($0) })
        ]
        checkpoint = 0
    }

    mutating func run(into output: inout ByteBuffer, map: inout SourceMap?) throws(RenderError) {
        var next = Int(program.templates[program.entry].entry)
        while true {
            let at = next
            if steps >= checkpoint { try check(at: at) }
            steps &+= 1
            next &+= 1
            switch program.instructions[at] {
            case .literal(let start, let count, let leads):
                if indent.count == indentStart {
                    try write(Int(start), Int(count), at: at, into: &output, &map)
                } else {
                    try writeLines(Int(start), Int(count), leads: leads, at: at, into: &output, &map)
                }
            case .lineStart:
                if indent.count != indentStart { try beginLine(at: at, into: &output, &map) }
            case .variable(let path, let style):
                try variable(path, style, at: at, into: &output, &map)
            case .scalar: (scalarStart, scalarHasText) = (output.count, false)
            case .endScalar(let isInFlow):
                if scalarHasText { try endScalar(isInFlow: isInFlow, at: at, into: &output, &map) }
            case .section(let path, let end):
                let found = lookUp(path)
                guard let found, found.value.isTrue else {
                    next = Int(end)
                    continue
                }
                try enter(found, body: next, at: at)
            case .inverted(let path, let end):
                if lookUp(path)?.value.isTrue == true { next = Int(end) }
            case .endSection:
                let last = loops.count - 1
                let index = loops[last].index + 1
                if index < loops[last].items.count {
                    loops[last].index = index
                    contexts[contexts.count - 1] = Context(
                        value: loops[last].items[index], type: loops[last].type,
                        path: loops[last].path?.member(String(index)))
                    next = loops[last].body
                } else {
                    loops.removeLast()
                    contexts.removeLast()
                }
            case .partial(let template, let indent):
                try call(Int(program.templates[Int(template)].entry), at: at, returnTo: next)
                push(indent: indent)
                next = Int(program.templates[Int(template)].entry)
            case .dynamicPartial(let path, let indent):
                guard let entry = template(named: path) else { continue }
                try call(entry, at: at, returnTo: next)
                push(indent: indent)
                next = entry
            case .parent(let index):
                let parent = program.parents[Int(index)]
                var entry: Int?
                if parent.isDynamic {
                    entry = template(named: parent.target)
                } else if parent.target >= 0 {
                    entry = Int(program.templates[Int(parent.target)].entry)
                }
                guard let entry else { continue }
                try call(entry, at: at, returnTo: next)
                push(indent: parent.indent)
                if !parent.arguments.isEmpty { parents.append(index) }
                next = entry
            case .block(let index, let end):
                guard !parents.isEmpty, let argument = argument(for: program.blocks[Int(index)].name) else {
                    continue
                }
                next = Int(end)
                if argument.isEmpty { continue }
                try call(Int(argument.entry), at: at, returnTo: next)
                try begin(argument, in: program.blocks[Int(index)], at: at, into: &output, &map)
                next = Int(argument.entry)
            case .jump(let target): next = Int(target)
            case .leave:
                guard let call = calls.popLast() else { return }
                next = call.returnTo
                indent.removeSubrange(call.indentCount...)
                indentStart = call.indentStart
                skipped = min(skipped, call.skipped)
                parents.removeSubrange(call.parents...)
            }
        }
    }

    // MARK: Sections

    private mutating func enter(_ found: Context, body: Int, at: Int) throws(RenderError) {
        if case .array(let items) = found.value {
            guard items.count <= limits.rangeItems else {
                throw exceeded(
                    .rangeItems, "a list of \(items.count) items, more than \(limits.rangeItems)", at: at)
            }
            let type = found.type?.element
            contexts.append(Context(value: items[0], type: type, path: found.path?.member("0")))
            loops.append(Loop(items: items, index: 0, type: type, path: found.path, body: body))
        } else {
            contexts.append(found)
            loops.append(Loop(items: [], index: 0, type: nil, path: nil, body: body))
        }
    }

    // MARK: Calls

    private mutating func call(_ entry: Int, at: Int, returnTo: Int) throws(RenderError) {
        guard calls.count < limits.depth else {
            throw exceeded(
                .depth, "partials, parents and blocks call each other more than \(limits.depth) deep", at: at)
        }
        calls.append(
            Call(
                returnTo: returnTo, indentStart: indentStart, indentCount: indent.count, skipped: skipped,
                parents: parents.count))
        deepest = max(deepest, calls.count)
    }

    /// Pushes the indentation of a partial. A standalone partial adds to the current indentation. One within a line has
    /// none, because the surrounding indentation is written before the lines of the text that calls it.
    private mutating func push(indent index: Int32) {
        if index < 0 {
            indentStart = indent.count
        } else {
            deepen(program.indents[Int(index)])
        }
    }

    private mutating func deepen(_ range: Range<Int32>) {
        indent += program.pool[Int(range.lowerBound)..<Int(range.upperBound)]
        // Copying long indentation is work too.
        steps &+= range.count >> 6
    }

    private mutating func begin(
        _ argument: Argument, in block: Block, at: Int, into output: inout ByteBuffer, _ map: inout SourceMap?
    ) throws(RenderError) {
        deepen(block.indent)
        if block.ownLine, !argument.ownLine {
            try beginLine(at: at, into: &output, &map)
        } else if !block.ownLine, argument.ownLine {
            skipped = indent.count - indentStart
        }
    }

    private mutating func template(named path: Int32) -> Int? {
        guard case .string(let name)? = lookUp(path)?.value, let index = program.index[name] else {
            return nil
        }
        return Int(program.templates[index].entry)
    }

    private mutating func argument(for name: Int32) -> Argument? {
        var looked = 0
        defer { steps &+= looked >> 4 }
        for parent in parents {
            for index in program.parents[Int(parent)].arguments {
                looked &+= 1
                let argument = program.arguments[Int(index)]
                if argument.name == name { return argument }
            }
        }
        return nil
    }

    // MARK: Names

    /// Looks up a name. The first word is searched in the contexts from the innermost outwards, the others only in the
    /// value found so far. Long searches are counted as steps: one for 64 members, and one for 16 contexts.
    private mutating func lookUp(_ path: Int32) -> Context? {
        let path = program.paths[Int(path)]
        guard path.count > 0 else { return contexts[contexts.count - 1] }
        let first = Int(path.first)
        var index = contexts.count - 1
        var work = 0
        defer { steps &+= work >> 6 }
        while var found = contexts[index].member(program.names[first], work: &work) {
            for name in first + 1..<first + Int(path.count) {
                guard let inner = found.member(program.names[name], work: &work) else { return nil }
                found = inner
            }
            return found
        }
        while index > 0 {
            index -= 1
            work &+= 4
            guard var found = contexts[index].member(program.names[first], work: &work) else { continue }
            for name in first + 1..<first + Int(path.count) {
                guard let inner = found.member(program.names[name], work: &work) else { return nil }
                found = inner
            }
            return found
        }
        return nil
    }

    // MARK: Output

    private mutating func variable(
        _ path: Int32, _ style: ValueStyle, at: Int, into output: inout ByteBuffer, _ map: inout SourceMap?
    ) throws(RenderError) {
        let start = output.count
        let found = lookUp(path)
        let value = found?.value ?? .null
        if style == .yamlRaw, value.isText { scalarHasText = true }
        if let problem = style.write(value, into: &output) {
            output.truncate(to: start)
            throw failure(.execution, problem.message, at: at)
        }
        guard output.count - outputStart <= limits.outputBytes else {
            output.truncate(to: start)
            throw tooLong(at: at)
        }
        if output.count - start >= Self.largeOutput { try checkStop(at: at) }
        if map != nil {
            note(
                start..<output.count, Int(program.offsets[at]), .value, &map, path: found?.path,
                isSerialised: style.isSerialiser)
        } else if found?.path != nil {
            tainted.append(TaintedRun(start: start - outputStart, end: output.count - outputStart))
        }
    }

    /// Quotes the scalar that was written since `scalarStart` if it would not be parsed as that text.
    private mutating func endScalar(
        isInFlow: Bool, at: Int, into output: inout ByteBuffer, _ map: inout SourceMap?
    ) throws(RenderError) {
        let start = scalarStart
        let text = output.withBytes { String(decoding: $0[start...], as: UTF8.self) }
        if YAMLText.isPlainScalar(text, isInFlow: isInFlow) { return }
        output.truncate(to: start)
        ValueStyle.writeYAMLQuoted(text, quotes: true, into: &output)
        guard output.count - outputStart <= limits.outputBytes else {
            output.truncate(to: start)
            throw tooLong(at: at)
        }
        if let first = tainted.firstIndex(where: { Int($0.start) >= start - outputStart }) {
            tainted.removeSubrange(first...)
            tainted.append(TaintedRun(start: start - outputStart, end: output.count - outputStart))
        }
        if map != nil {
            let origins = map?.runs.filter { $0.output.lowerBound >= start - outputStart }.flatMap(\.origins)
            map?.runs.removeAll { $0.output.lowerBound >= start - outputStart }
            note(start..<output.count, Int(program.offsets[at]), .value, &map)
            if let origins, !origins.isEmpty, let last = map?.runs.indices.last {
                map?.runs[last].origins = origins
                map?.runs[last].isSerialised = true
            }
        }
    }

    private mutating func write(
        _ start: Int, _ count: Int, at: Int, into output: inout ByteBuffer, _ map: inout SourceMap?
    ) throws(RenderError) {
        guard count <= limits.outputBytes &- (output.count - outputStart) else { throw tooLong(at: at) }
        let before = output.count
        program.pool.withUnsafeBufferPointer {
            output.append(UnsafeBufferPointer(rebasing: $0[start..<start + count]))
        }
        if map != nil { note(before..<output.count, start, .literal, &map) }
    }

    private mutating func writeLines(
        _ start: Int, _ count: Int, leads: Bool, at: Int, into output: inout ByteBuffer,
        _ map: inout SourceMap?
    ) throws(RenderError) {
        if leads { try beginLine(at: at, into: &output, &map) }
        var line = start
        while line < start + count {
            var end = line
            while end < start + count, program.pool[end] != UInt8(ascii: "\n") { end += 1 }
            let isWhole = end < start + count
            if isWhole { end += 1 }
            try write(line, end - line, at: at, into: &output, &map)
            line = end
            if isWhole, line < start + count {
                steps &+= 1
                try beginLine(at: at, into: &output, &map)
            }
        }
    }

    private mutating func beginLine(
        at: Int, into output: inout ByteBuffer, _ map: inout SourceMap?
    ) throws(RenderError) {
        let from = indentStart + skipped
        skipped = 0
        guard from < indent.count else { return }
        guard indent.count - from <= limits.outputBytes &- (output.count - outputStart) else {
            throw tooLong(at: at)
        }
        let before = output.count
        output.append(indent[from...])
        if map != nil { note(before..<output.count, Int(program.offsets[at]), .literal, &map) }
    }

    private func note(
        _ range: Range<Int>, _ offset: Int, _ kind: SourceMap.Kind, _ map: inout SourceMap?,
        path: TaintedPath? = nil, isSerialised: Bool = false
    ) {
        guard !range.isEmpty || path != nil else { return }
        let template = program.template(at: offset)
        var run = SourceMap.Run(
            output: range.lowerBound - outputStart..<range.upperBound - outputStart, template: template,
            offset: offset - program.templates[template].range.lowerBound, kind: kind)
        if let path {
            run.origins = [path.names]
            run.isSerialised = isSerialised
            map?.reads.append(path.names)
        }
        map?.runs.append(run)
    }

    // MARK: Limits

    /// Performs the slow part of counting: checks the limit of steps, and the clock every 1,024 steps.
    private mutating func check(at: Int) throws(RenderError) {
        guard steps < limits.steps else {
            throw exceeded(.steps, at: at)
        }
        if let deadline = limits.deadline, MonotonicClock.nanoseconds >= deadline {
            throw failure(.deadline, "the deadline passed after \(steps) steps", at: at)
        }
        try checkStop(at: at)
        checkpoint = min(limits.steps, steps + 1024)
    }

    /// The size of a single output, in bytes, from which the stop condition is checked.
    private static let largeOutput = 4 << 10

    private func checkStop(at: Int) throws(RenderError) {
        guard let stop = WorkStop.current else { return }
        if stop == .memory { throw exceeded(.memory, at: at) }
        throw failure(RenderError(stop, limits: limits, head: "").kind, stop.sentence, at: at)
    }

    private func tooLong(at: Int) -> RenderError {
        exceeded(.outputBytes, at: at)
    }

    private func exceeded(_ limit: RenderLimit, _ found: String? = nil, at: Int) -> RenderError {
        let limit = limits.reached(limit)
        return failure(.limit, limit.message(found), at: at, limit: limit)
    }

    private func failure(
        _ kind: RenderError.Kind, _ message: String, at: Int, limit: ReachedLimit? = nil
    ) -> RenderError {
        let offset = Int(program.offsets[at])
        let template = program.templates[program.template(at: offset)]
        return RenderError(
            kind, message, template: template.name, source: program.pool[template.range],
            offset: offset - template.range.lowerBound, limit: limit)
    }
}
