public import PluginAPI
import Values

/// Go's text/template as a renderer: the same bytes and the same messages, with limits and a source map.
///
/// Read `Program` and `Instruction` first, then `Machine`. A template's way is bytes → `Lexer` → tokens → `Parser` →
/// `Syntax` → `Compiler` → `Program`, once; then `Machine` for every rendering. Data is read where it is. What
/// functions there are besides Go's own, the sets say that are given here and chosen by name in the options.
public struct GoTemplateRenderer: Renderer {
    let functionSets: [FunctionSet]

    public init(functionSets: [FunctionSet] = StandardFunctions.all) { self.functionSets = functionSets }

    public var description: RendererDescription {
        RendererDescription(
            id: "gotemplate", version: "1.27",
            options: ["missingKey", "leftDelimiter", "rightDelimiter", "execute", "parseOrder"],
            functionSets: functionSets.map(\.name))
    }

    /// - Throws: `.parse` with Go's message, or `.limit`; an unknown function set is `.parse` as well.
    public func compile(
        _ sources: TemplateSources, options: CompileOptions
    ) throws(RenderError) -> any CompiledTemplate {
        var chosen: [FunctionSet] = []
        for name in options.functionSets {
            guard let set = functionSets.first(where: { $0.name == name }) else {
                let known = functionSets.map(\.name).joined(separator: ", ")
                throw RenderError(kind: .parse, detail: "no function set \"\(name)\"; there are: \(known)")
            }
            chosen.append(set)
        }
        let table = FunctionTable(chosen, impure: options.allowsImpureFunctions)
        return try GoTemplate(sources, table: table, options: options)
    }
}

/// A set of compiled templates.
struct GoTemplate: CompiledTemplate {
    let program: Program
    let entry: [UInt8]
    let rootName: [UInt8]
    let table: FunctionTable
    let options: CompileOptions
    /// What it wrote before; nil where nothing is kept.
    private let memory: TemplateMemory?

    init(_ sources: TemplateSources, table: FunctionTable, options: CompileOptions) throws(RenderError) {
        try self.init(sources.sources, entry: Array(sources.entry.utf8), onto: Syntax(), table, options)
    }

    private init(
        _ sources: [TemplateSource], entry: [UInt8], onto syntax: Syntax, _ table: FunctionTable,
        _ options: CompileOptions
    ) throws(RenderError) {
        let limits = options.limits
        var syntax = syntax
        var size = syntax.sources.reduce(0) { $0 + $1.bytes.count }
        for source in sources {
            size += source.bytes.count
            // Offsets are 32 bits wide.
            if size > min(limits.sourceBytes, Int(Int32.max) / 2) {
                throw RenderError(
                    limits.reached(.sourceBytes), head: "template: \(source.name): ",
                    place: .init(template: source.name, line: 1))
            }
            try Parser.add(
                source, left: options.leftDelimiter, right: options.rightDelimiter, limits: limits,
                to: &syntax,
                hasFunction: { table.has($0) })
        }
        var segmenting: Compiler.Segmenting?
        if let memory = options.memory, memory.isOn, let type = options.dataType,
            !options.allowsImpureFunctions
        {
            segmenting = Compiler.Segmenting(entry: entry, type: type)
        }
        program = try Compiler.compile(
            syntax, functions: table, missingKey: options.missingKey, segmenting: segmenting)
        memory = program.plan.flatMap { plan in options.memory.map { TemplateMemory(plan, $0) } }
        self.entry = entry
        rootName = sources.first.map { Array($0.name.utf8) } ?? entry
        self.table = table
        self.options = options
    }

    /// The running templates and one more; what the new text defines again is replaced.
    func adding(_ source: TemplateSource) throws(RenderError) -> GoTemplate {
        var options = options
        options.memory = nil
        return try GoTemplate([source], entry: Array(source.name.utf8), onto: program.syntax, table, options)
    }

    func render(
        _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
        into output: inout ByteBuffer
    ) throws(RenderError) {
        var value = GoValue(data.value, type: data.type)
        if program.mutates { value = value.sharedMaps() }
        let context = FunctionContext(limits: limits, environment: options.environment, data: value)
        context.evaluator = TemplateEvaluation(template: self)
        defer { context.emptyMutatedMaps() }
        let start = output.count
        sourceMap?.templates = program.syntax.sources.map {
            TemplateSource(name: String(decoding: $0.name, as: UTF8.self), bytes: $0.bytes)
        }
        defer {
            usage.steps = context.steps
            usage.outputBytes = output.count - start
            usage.depth = max(usage.depth, context.deepest)
        }
        if let memory, sourceMap == nil, let inputs = memory.inputs(of: data.value, limits),
            let definition = program.syntax.definition(named: entry)
        {
            var machine = Machine(program, definition: Int32(definition), data: value, context: context)
            defer { context.deepest = max(context.deepest, machine.deepest) }
            return try machine.run(memory, inputs, into: &output)
        }
        try run(named: entry, data: value, context: context, into: &output, map: &sourceMap)
    }

    /// A text that is rendered by `tpl` or `render` may call whatever is there.
    var isPure: Bool {
        !options.allowsImpureFunctions
            || program.functions.allSatisfy { $0.isPure && !GoTemplate.rendersText.contains($0.name) }
    }

    private static let rendersText: Set<String> = ["tpl", "render"]

    func warnings() -> [TemplateWarning] { TemplateReview.warnings(of: program) }

    func run(
        named name: [UInt8], data: GoValue, context: FunctionContext, into output: inout ByteBuffer,
        map: inout SourceMap?
    ) throws(RenderError) {
        guard let definition = program.syntax.definition(named: name) else {
            throw RenderError(
                kind: .execution,
                detailBytes: GoFormat.printf(
                    "template: no template %q associated with template %q", [.text(name), .text(rootName)]))
        }
        var machine = Machine(program, definition: Int32(definition), data: data, context: context)
        defer { context.deepest = max(context.deepest, context.depth + machine.deepest) }
        try machine.run(into: &output, map: &map)
    }
}

/// Functions that render: `include`, `tpl`, `render`.
struct TemplateEvaluation: TemplateEvaluator {
    /// How deep such functions may nest; each level needs about 2 KB of the thread's stack.
    private static let nestingLimit = 100

    let template: GoTemplate

    func render(
        named name: String, data: GoValue, context: FunctionContext
    ) throws(FunctionError) -> [UInt8] {
        try run(template, Array(name.utf8), data, context)
    }

    func render(
        source: [UInt8], name: String, data: GoValue, context: FunctionContext
    ) throws(FunctionError) -> [UInt8] {
        let added: GoTemplate
        do {
            added = try template.adding(TemplateSource(name: name, bytes: source))
        } catch {
            throw .template(error)
        }
        let outer = context.evaluator
        context.evaluator = TemplateEvaluation(template: added)
        defer { context.evaluator = outer }
        return try run(added, Array(name.utf8), added.program.mutates ? data.sharedMaps() : data, context)
    }

    private func run(
        _ template: GoTemplate, _ name: [UInt8], _ data: GoValue, _ context: FunctionContext
    ) throws(FunctionError) -> [UInt8] {
        guard context.evaluations < TemplateEvaluation.nestingLimit else {
            throw .limit(ReachedLimit(.depth, value: TemplateEvaluation.nestingLimit))
        }
        context.evaluations += 1
        context.depth += 1
        defer {
            context.evaluations -= 1
            context.depth -= 1
        }
        var output = ByteBuffer()
        var map: SourceMap?
        do {
            try template.run(named: name, data: data, context: context, into: &output, map: &map)
        } catch {
            throw .template(error)
        }
        try context.checkSize(output.count)
        return output.bytes
    }
}

extension GoValue {
    /// How deep maps are copied; deeper ones stay as they are and cannot be changed.
    private static let sharingLimit = 100

    /// The same value with every map of the data as one that functions can change in place.
    func sharedMaps(depth: Int = 0) -> GoValue {
        guard depth < GoValue.sharingLimit else { return self }
        switch self {
        case .object(let object):
            let map = GoMap()
            for member in object.members {
                map[member.key] = GoValue(member.value).sharedMaps(depth: depth + 1)
            }
            return .map(map)
        case .array(let items):
            return .list(items.map { GoValue($0).sharedMaps(depth: depth + 1) })
        default: return self
        }
    }
}
