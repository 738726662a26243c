import PluginAPI
import Values

/// Compiles tags with their places to instructions. All texts of a template are compiled by one generator and share its
/// tables.
struct Generator {
    /// The tables of the program.
    struct Code {
        var instructions: [Instruction] = []
        var offsets: [Int32] = []
        var names: [String] = []
        var paths: [Path] = []
        var indents: [Range<Int32>] = []
        var parents: [Parent] = []
        var arguments: [Argument] = []
        var blocks: [Block] = []
    }

    /// An open tag.
    private struct Open {
        var kind: Tag.Kind
        /// The instruction whose target is the end; -1 if there is no such instruction.
        var instruction = -1
        /// The index of the parent or of the argument.
        var index = 0
        /// The indentation that was removed from lines before this tag, and is removed again after it.
        var dedent: Range<Int> = 0..<0
        /// The arguments of a parent so far.
        var arguments: [Argument] = []
    }

    private let sources: [TemplateSource]
    private let limits: RenderLimits
    private let escape: CompileOptions.Escape
    private var pool: [UInt8] = []
    private var code = Code()
    private var templates: [Program.Template] = []
    private var templateIndex: [String: Int] = [:]
    private var nodes = 0
    private var nameNumbers: [String: Int32] = [:]
    private var pathNumbers: [String: Int32] = [:]

    // The current text.
    private var tags: [Tag] = []
    private var places: [Layout.Place] = []
    private var base = 0
    private var sourceEnd = 0
    private var dedent: Range<Int> = 0..<0
    private var context: EscapeContext
    private var scalars: ScalarRegions?
    /// The number of scalars' marks that have been emitted.
    private var marksDone = 0

    /// - Throws: if the total size of the sources exceeds the limit.
    init(
        sources: [TemplateSource], escape: CompileOptions.Escape, limits: RenderLimits
    ) throws(RenderError) {
        self.sources = sources
        self.limits = limits
        self.escape = escape
        context = EscapeContext(escape)
        // Offsets are Int32.
        let most = min(limits.sourceBytes, Int(Int32.max) / 2)
        var total = 0
        for source in sources {
            total += source.bytes.count
            guard total <= most else {
                throw RenderError(
                    ReachedLimit(.sourceBytes, value: most), head: "template: \(source.name): ",
                    place: .init(template: source.name, line: 1))
            }
        }
        pool.reserveCapacity(total)
        for (index, source) in sources.enumerated() { templateIndex[source.name] = index }
    }

    /// Compiles the text with that index. Texts must be added in order.
    mutating func add(template index: Int, delimiters: Delimiters) throws(RenderError) {
        let source = sources[index]
        base = pool.count
        pool += source.bytes
        let range = base..<pool.count
        // A byte between two sources, so that the offset after one is not the first of the next.
        pool.append(0)
        templates.append(.init(name: source.name, range: range, entry: Int32(code.instructions.count)))
        do throws(SyntaxError) {
            try compile(pool[range], delimiters)
        } catch {
            throw RenderError(
                error.limit == nil ? .parse : .limit, error.message, template: source.name,
                source: pool[range], offset: error.offset, limit: error.limit)
        }
    }

    /// Returns the program; nil if no text has the entry's name.
    consuming func finish(entry: String) -> Program? {
        guard let entry = templateIndex[entry] else { return nil }
        return Program(templates: templates, pool: pool, code: code, index: templateIndex, entry: entry)
    }

    private mutating func compile(_ bytes: ArraySlice<UInt8>, _ delimiters: Delimiters) throws(SyntaxError) {
        var scanner = TagScanner(bytes, delimiters: delimiters)
        sourceEnd = bytes.endIndex
        tags = try scanner.scan(most: limits.nodes == .max ? .max : max(0, limits.nodes - nodes))
        nodes += tags.count
        let tree = try TagTree(tags, in: bytes, nesting: limits.nesting)
        let layout = Layout(tags, tree: tree, in: bytes)
        places = layout.places
        context = EscapeContext(escape)
        scalars = escape == .yaml ? ScalarRegions(tags, tree, in: bytes) : nil
        marksDone = 0
        dedent = 0..<0
        var open: [Open] = []
        var position = 0
        for (index, tag) in tags.enumerated() {
            let place = places[index]
            // Directly within a parent, only its blocks are used.
            let isIgnored = open.last?.kind == .parent
            context.feed(bytes[base + position..<base + tag.range.lowerBound], origin: base)
            if !isIgnored {
                let start = index == 0 ? 0 : places[index - 1].textStart
                textAndMarks(start, max(start, place.textEnd), before: tag.range.lowerBound)
                // If a line that is kept begins with a tag, no text marks its beginning.
                if !place.ownLine, isLineStart(tag.range.lowerBound) {
                    emit(.lineStart, at: tag.range.lowerBound)
                }
            }
            position = tag.range.upperBound
            try self.tag(index, layout, tree, &open, isIgnored: isIgnored)
        }
        textAndMarks(places.last?.textStart ?? 0, bytes.count, before: bytes.count)
        emit(.leave, at: bytes.count)
    }

    private mutating func tag(
        _ index: Int, _ layout: Layout, _ tree: TagTree, _ open: inout [Open], isIgnored: Bool
    ) throws(SyntaxError) {
        let tag = tags[index]
        let offset = tag.range.lowerBound
        if isIgnored, tag.kind != .block, tag.kind != .close {
            if tag.kind.opens { open.append(Open(kind: .comment, instruction: code.instructions.count)) }
            return
        }
        switch tag.kind {
        case .comment, .delimiters: break
        case .variable:
            let style = scalars?.styles[index] ?? context.style
            emit(.variable(path: path(tag), style: style), at: offset)
            context.feedValue()
        case .unescaped:
            emit(.variable(path: path(tag), style: .none), at: offset)
            context.feedValue()
        case .section, .inverted:
            open.append(Open(kind: tag.kind, instruction: code.instructions.count, dedent: dedent))
            let path = path(tag)
            emit(
                tag.kind == .section ? .section(path: path, end: 0) : .inverted(path: path, end: 0),
                at: offset)
        case .partial:
            let indent = indent(places[index])
            if tag.isDynamic {
                emit(.dynamicPartial(path: path(tag), indent: indent), at: offset)
            } else if let template = templateIndex[name(tag)] {
                emit(.partial(template: Int32(template), indent: indent), at: offset)
            }
            context.feedValue()
        case .parent:
            open.append(Open(kind: .parent, index: code.parents.count, dedent: dedent))
            code.parents.append(parent(tag, places[index]))
        case .block: block(index, layout, tree, &open, isArgument: isIgnored)
        case .close:
            if let last = open.popLast() { close(last, &open, at: offset) }
        }
    }

    // MARK: Blocks and parents

    private mutating func parent(_ tag: Tag, _ place: Layout.Place) -> Parent {
        Parent(
            target: tag.isDynamic ? path(tag) : Int32(templateIndex[name(tag)] ?? -1),
            isDynamic: tag.isDynamic,
            indent: indent(place), arguments: 0..<0)
    }

    private mutating func block(
        _ index: Int, _ layout: Layout, _ tree: TagTree, _ open: inout [Open], isArgument: Bool
    ) {
        let tag = tags[index]
        let place = places[index]
        let close = tags[tree.partner[index]].range.lowerBound
        let beginsLine = place.textStart != tag.range.upperBound
        let first = beginsLine ? layout.firstIndent(from: place.textStart, to: close) : nil
        let name = number(of: name(tag))
        if isArgument {
            // The code of an argument is at the tag's place; execution jumps over it.
            open.append(
                Open(
                    kind: .block, instruction: code.instructions.count, index: Int(name) + 1, dedent: dedent))
            emit(.jump(0), at: tag.range.lowerBound)
            open[open.count - 1].arguments = [
                Argument(
                    name: name, entry: Int32(code.instructions.count), ownLine: beginsLine, isEmpty: false)
            ]
            dedent = first ?? 0..<0
            return
        }
        // A block within a block of the same name cannot be replaced separately.
        let isInner = open.contains { $0.kind == .block && $0.index == Int(name) + 1 }
        open.append(
            Open(
                kind: .block, instruction: isInner ? -1 : code.instructions.count, index: Int(name) + 1,
                dedent: dedent))
        guard !isInner else { return }
        let indent = relative(place.ownLine ? first ?? place.indent : place.indent)
        code.blocks.append(
            Block(name: name, indent: pooled(indent), ownLine: place.ownLine))
        emit(.block(Int32(code.blocks.count - 1), end: 0), at: tag.range.lowerBound)
    }

    private mutating func close(_ last: Open, _ open: inout [Open], at offset: Int) {
        switch last.kind {
        case .section:
            emit(.endSection, at: offset)
            retarget(last.instruction)
        case .inverted: retarget(last.instruction)
        case .block where last.arguments.isEmpty: retarget(last.instruction)
        case .block:
            var argument = last.arguments[0]
            argument.isEmpty = Int(argument.entry) == code.instructions.count
            emit(.leave, at: offset)
            retarget(last.instruction)
            dedent = last.dedent
            if let parent = open.indices.last {
                open[parent].arguments.append(argument)
            }
        case .parent:
            let first = Int32(code.arguments.count)
            // If several blocks have the same name, the last one is used, as with templates of the same name.
            var seen: Set<Int32> = []
            code.arguments += last.arguments.reversed().filter { seen.insert($0.name).inserted }
            code.parents[last.index].arguments = first..<Int32(code.arguments.count)
            emit(.parent(Int32(last.index)), at: offset)
            context.feedValue()
        default:
            // A section directly within a parent writes nothing, so its code is removed.
            code.instructions.removeSubrange(last.instruction...)
            code.offsets.removeSubrange(last.instruction...)
        }
    }

    private mutating func retarget(_ instruction: Int) {
        guard instruction >= 0 else { return }
        let end = Int32(code.instructions.count)
        switch code.instructions[instruction] {
        case .section(let path, _): code.instructions[instruction] = .section(path: path, end: end)
        case .inverted(let path, _): code.instructions[instruction] = .inverted(path: path, end: end)
        case .block(let block, _): code.instructions[instruction] = .block(block, end: end)
        case .jump: code.instructions[instruction] = .jump(end)
        default: break
        }
    }

    // MARK: Text and lines

    /// Emits text, and the marks of scalars that begin or end in it or directly before the next tag.
    private mutating func textAndMarks(_ start: Int, _ end: Int, before tag: Int) {
        var position = start
        while let marks = scalars?.marks, marksDone < marks.count, marks[marksDone].offset <= tag {
            let mark = marks[marksDone]
            marksDone += 1
            let place = min(max(mark.offset, position), end)
            text(position, place)
            position = place
            emit(mark.begins ? .scalar : .endScalar(isInFlow: mark.isInFlow), at: mark.offset)
        }
        text(position, end)
    }

    private mutating func text(_ start: Int, _ end: Int) {
        guard start < end else { return }
        guard !dedent.isEmpty else { return literal(start, end) }
        // The indentation of the argument's first line is removed from every line, or as much of it as the line has.
        var line = start
        while line < end {
            var next = line
            while next < end, pool[base + next] != UInt8(ascii: "\n") { next += 1 }
            next = min(next + 1, end)
            if isLineStart(line) {
                let lead = line
                while line < next, line - lead < dedent.count,
                    pool[base + line] == pool[base + dedent.lowerBound + line - lead]
                {
                    line += 1
                }
                if line < next {
                    literal(line, next, leads: true)
                } else {
                    emit(.lineStart, at: lead)
                }
            } else {
                literal(line, next)
            }
            line = next
        }
    }

    private mutating func literal(_ start: Int, _ end: Int, leads: Bool? = nil) {
        emit(
            .literal(
                start: Int32(base + start), count: Int32(end - start), leads: leads ?? isLineStart(start)),
            at: start)
    }

    private func isLineStart(_ offset: Int) -> Bool {
        offset == 0 || pool[base + offset - 1] == UInt8(ascii: "\n")
    }

    /// Adds the indentation of a standalone tag to the table and returns its index; -1 for a tag within a line.
    private mutating func indent(_ place: Layout.Place) -> Int32 {
        guard place.ownLine else { return -1 }
        code.indents.append(pooled(relative(place.indent)))
        return Int32(code.indents.count - 1)
    }

    /// Returns the rest of a line's indentation after that of the argument's first line has been removed.
    private func relative(_ indent: Range<Int>) -> Range<Int> {
        var low = indent.lowerBound
        while low < indent.upperBound, low - indent.lowerBound < dedent.count,
            pool[base + low] == pool[base + dedent.lowerBound + low - indent.lowerBound]
        {
            low += 1
        }
        return low..<indent.upperBound
    }

    private func pooled(_ range: Range<Int>) -> Range<Int32> {
        Int32(base + range.lowerBound)..<Int32(base + range.upperBound)
    }

    // MARK: Tables

    private mutating func emit(_ instruction: Instruction, at offset: Int) {
        code.instructions.append(instruction)
        code.offsets.append(Int32(base + offset))
    }

    private func name(_ tag: Tag) -> String {
        String(decoding: pool[base + tag.name.lowerBound..<base + tag.name.upperBound], as: UTF8.self)
    }

    private mutating func number(of name: String) -> Int32 {
        if let number = nameNumbers[name] { return number }
        let number = Int32(nameNumbers.count)
        nameNumbers[name] = number
        return number
    }

    private mutating func path(_ tag: Tag) -> Int32 {
        let name = name(tag)
        if let number = pathNumbers[name] { return number }
        let first = Int32(code.names.count)
        if name != "." {
            code.names += name.split(byte: ".", omittingEmptySubsequences: false).map { String($0) }
        }
        code.paths.append(Path(first: first, count: Int32(code.names.count) - first))
        let number = Int32(code.paths.count - 1)
        pathNumbers[name] = number
        return number
    }
}
