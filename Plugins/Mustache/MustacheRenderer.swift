public import PluginAPI
import System
import Values

/// The mustache engine. It implements the whole specification with dynamic names and inheritance, but not lambdas,
/// because JSON data cannot contain functions.
///
/// It takes named texts in bytes, and a value, and returns bytes, or throws an error with its place. A template is
/// processed by `TagScanner` (bytes → tags), `TagTree` (matching tags), `Layout` (removed lines, indentation) and
/// `Generator` (one flat `Program` for all texts). `Machine` then runs the program within the limits. No files are
/// read: partials are the other texts given, and an unknown name is an empty text, as in the specification.
public struct MustacheRenderer: Renderer {
    public init() {}

    public var description: RendererDescription { Self.about }

    /// The version is the specification's.
    private static let about = RendererDescription(
        id: "mustache", version: "1.4.2", options: ["escape", "leftDelimiter", "rightDelimiter"])

    /// Compiles every text, including those that no tag refers to. An invalid partial is therefore reported now, and
    /// not only when some data reaches it.
    public func compile(
        _ sources: TemplateSources, options: CompileOptions
    ) throws(RenderError) -> any CompiledTemplate {
        let delimiters = Delimiters(
            left: options.leftDelimiter.isEmpty
                ? Delimiters.standard.left : Array(options.leftDelimiter.utf8),
            right: options.rightDelimiter.isEmpty
                ? Delimiters.standard.right : Array(options.rightDelimiter.utf8))
        guard delimiters.left.count <= Delimiters.longest, delimiters.right.count <= Delimiters.longest else {
            throw RenderError(
                kind: .parse, detail: "template: a delimiter has more than \(Delimiters.longest) bytes")
        }
        var generator = try Generator(
            sources: sources.sources, escape: options.escape ?? .html, limits: options.limits)
        for index in sources.sources.indices {
            try generator.add(template: index, delimiters: delimiters)
        }
        guard let program = generator.finish(entry: sources.entry) else {
            throw RenderError(
                kind: .parse, detail: "template: no template \"\(sources.entry)\" among those that were given"
            )
        }
        return MustacheTemplate(program: program)
    }
}

/// A compiled template: an immutable program. Every rendering runs it with a machine of its own.
struct MustacheTemplate: CompiledTemplate {
    let program: Program

    func render(
        _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
        into output: inout ByteBuffer
    ) throws(RenderError) {
        let allowance = WorkAllowance(bytes: limits.memory)
        defer { allowance.end() }
        var machine = Machine(program: program, data: data, limits: limits, outputStart: output.count)
        if sourceMap != nil { sourceMap?.templates = program.templateSources }
        defer {
            usage.steps = machine.steps
            usage.depth = machine.deepest
            usage.tainted = machine.tainted
            usage.outputBytes = output.count - machine.outputStart
        }
        try machine.run(into: &output, map: &sourceMap)
    }

    var tracksOrigins: Bool { true }
}
