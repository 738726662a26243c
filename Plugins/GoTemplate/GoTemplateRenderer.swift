public import PluginAPI
import System
import Values

/// A renderer that implements Go's text/template: the same output and the same messages, with limits and a source map.
///
/// Read `Program` and `Instruction` first, then `Machine`. A template is converted once, from bytes by `Lexer` to
/// tokens, by `Parser` to `Syntax`, and by `Compiler` to `Program`. `Machine` then runs the program for every
/// rendering. Data is read in place. Functions besides Go's own come from the given sets, which the options select by
/// name.
public struct GoTemplateRenderer: Renderer {
    let functionSets: [FunctionSet]

    public init(functionSets: [FunctionSet] = StandardFunctions.all) { self.functionSets = functionSets }

    public var description: RendererDescription {
        RendererDescription(
            id: "gotemplate", version: "1.27",
            options: ["missingKey", "leftDelimiter", "rightDelimiter", "execute", "parseOrder"],
            functionSets: functionSets.map(\.name))
    }

    /// - Throws: `.parse` with Go's message, or `.limit`. An unknown function set is a `.parse` error too.
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
        let table = FunctionTable(
            chosen, impure: options.allowsImpureFunctions, refusing: options.refusesImpureFunctions,
            without: options.withoutFunctions)
        return try GoTemplate(sources, table: table, options: options)
    }
}

/// A set of compiled templates. It is immutable, and each text that `tpl` renders holds a reference to it.
final class GoTemplate: CompiledTemplate {
    let program: Program
    let entry: [UInt8]
    let rootName: [UInt8]
    let table: FunctionTable
    let options: CompileOptions
    /// The cached output of earlier renderings; nil if none is cached.
    private let memory: TemplateMemory?
    /// The texts that `tpl` rendered with it; nil for the template of such a text.
    let texts: TextMemory?
    let repeatable = RepeatableTemplates()
    private let left: [UInt8]
    /// Whether a rendering may change maps of the data, because it calls a function that does, or renders texts that
    /// may.
    private let mutates: Bool

    convenience init(
        _ sources: TemplateSources, table: FunctionTable, options: CompileOptions
    ) throws(RenderError) {
        try self.init(
            sources.sources, entry: Array(sources.entry.utf8), onto: Syntax(), table, options,
            texts: TextMemory())
    }

    private init(
        _ sources: [TemplateSource], entry: [UInt8], onto syntax: Syntax, _ table: FunctionTable,
        _ options: CompileOptions, texts: TextMemory? = nil
    ) throws(RenderError) {
        self.texts = texts
        let limits = options.limits
        var syntax = syntax
        try Parser.add(
            sources, left: options.leftDelimiter, right: options.rightDelimiter, limits: limits,
            to: &syntax, hasFunction: { table.has($0) })
        var segmenting: Compiler.Segmenting?
        if let memory = options.memory, memory.isOn, let type = options.dataType,
            !options.allowsImpureFunctions
        {
            segmenting = Compiler.Segmenting(entry: entry, type: type)
        }
        program = try Compiler.compile(
            syntax, functions: table, missingKey: options.missingKey, segmenting: segmenting,
            taint: options.taint)
        memory = program.plan.flatMap { plan in options.memory.map { TemplateMemory(plan, $0) } }
        mutates =
            program.mutates
            || table.mutates && program.functions.contains { GoTemplate.rendersText.contains($0.name) }
        self.entry = entry
        rootName = sources.first.map { Array($0.name.utf8) } ?? entry
        self.table = table
        self.options = options
        left = Array((options.leftDelimiter.isEmpty ? "{{" : options.leftDelimiter).utf8)
    }

    /// Compiles a text that is rendered in addition to these templates.
    ///
    /// - Returns: the text's template. If it defines templates or calls them with `template`, it includes the running
    ///   ones, and its own definitions replace those with the same name.
    func adding(_ source: TemplateSource) throws(RenderError) -> GoTemplate {
        var options = options
        options.memory = nil
        let refersToTemplates = ["define", "block", "template"].contains {
            ByteText.contains(Array($0.utf8), in: source.bytes)
        }
        return try GoTemplate(
            [source], entry: Array(source.name.utf8), onto: refersToTemplates ? program.syntax : Syntax(),
            table,
            options)
    }

    /// Whether a text has no action and therefore renders to itself.
    func isPlain(_ text: [UInt8]) -> Bool {
        !ByteText.contains(left, in: text)
    }

    func render(
        _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
        into output: inout ByteBuffer
    ) throws(RenderError) {
        let allowance = WorkAllowance(bytes: limits.memory)
        defer { allowance.end() }
        var value = GoValue(data.value, type: data.type)
        if mutates { value = value.sharedMaps() }
        let context = FunctionContext(limits: limits, environment: options.environment, data: value)
        context.evaluator = TemplateEvaluation(template: self)
        if let taint = data.taint, sourceMap != nil { context.origins = OriginTable(taint) }
        context.isTainted = data.taint != nil
        let origin = context.isTainted ? Origin.root : .clean
        defer { context.emptyMutatedMaps() }
        let start = output.count
        sourceMap?.templates = program.syntax.sources.map {
            TemplateSource(name: String(decoding: $0.name, as: UTF8.self), bytes: $0.bytes)
        }
        defer {
            usage.steps = context.steps
            usage.outputBytes = output.count - start
            usage.depth = max(usage.depth, context.deepest)
            usage.tainted = context.tainted
            context.origins?.finish(into: &sourceMap)
        }
        if let memory, sourceMap == nil, let inputs = memory.inputs(of: data, limits),
            let definition = program.syntax.definition(named: entry)
        {
            var machine = Machine(
                program, definition: Int32(definition), data: value, origin: origin, context: context)
            defer { context.deepest = max(context.deepest, machine.deepest) }
            return try machine.run(memory, inputs, into: &output)
        }
        try run(named: entry, data: value, origin: origin, context: context, into: &output, map: &sourceMap)
    }

    var tracksOrigins: Bool { true }

    /// A text that `tpl` or `render` renders may call any available function.
    var isPure: Bool {
        !options.allowsImpureFunctions
            || program.functions.allSatisfy { $0.isPure && !GoTemplate.rendersText.contains($0.name) }
    }

    /// An array, because a linear search of two is quicker than creating the first set of a process.
    static let rendersText = ["tpl", "render"]

    func warnings() -> [TemplateWarning] { TemplateReview.warnings(of: program) }

    func run(
        named name: [UInt8], data: GoValue, origin: Origin, context: FunctionContext,
        into output: inout ByteBuffer, map: inout SourceMap?
    ) throws(RenderError) {
        guard let definition = program.definition(named: name) else {
            throw RenderError(
                kind: .execution,
                detailBytes: GoFormat.printf(
                    "template: no template %q associated with template %q", [.text(name), .text(rootName)]))
        }
        try run(definition, data: data, origin: origin, context: context, into: &output, map: &map)
    }

    func run(
        _ definition: Int, data: GoValue, origin: Origin, context: FunctionContext,
        into output: inout ByteBuffer, map: inout SourceMap?
    ) throws(RenderError) {
        var machine = Machine(
            program, definition: Int32(definition), data: data, origin: origin, context: context)
        defer { context.deepest = max(context.deepest, context.depth + machine.deepest) }
        try machine.run(into: &output, map: &map)
    }
}
