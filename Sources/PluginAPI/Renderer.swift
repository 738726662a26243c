public import Values

/// A template engine, as the registry knows it: an id, what it offers, and `compile`.
///
/// One value serves all threads. Compiling and rendering depend on nothing but their arguments: no file, clock,
/// network or environment, save where `CompileOptions` hands one in.
///
/// ```swift
/// let source = TemplateSource(name: "greeting", text: "Hello {{ .name }}!")
/// let template = try renderer.compile(TemplateSources(source), options: CompileOptions())
/// var output = ByteBuffer(capacity: 64)
/// let data = TemplateData(["name": "world"])
/// try template.render(data, limits: .server, into: &output)
/// // output.text is "Hello world!"
/// ```
public protocol Renderer: Sendable {
    var description: RendererDescription { get }

    /// What templates may call, for `GET /functions`; none where an engine has no functions.
    var functions: [FunctionDescription] { get }

    /// Turns sources into a template that can be rendered many times, on many threads at once.
    ///
    /// - Throws: a `RenderError` of kind `.parse` (or `.limit`) with the place in the template.
    func compile(_ sources: TemplateSources, options: CompileOptions) throws(RenderError)
        -> any CompiledTemplate
}

extension Renderer {
    public var functions: [FunctionDescription] { [] }
}

/// What `GET /functions` says about a function.
public struct FunctionDescription: Sendable, Equatable {
    public var name: String
    /// The set that a request asks for; `built-in` for those that are always there.
    public var set: String
    /// In the engine's own language; empty where functions have none.
    public var signature: String
    /// Whether it depends on nothing but its arguments. The others exist for no request's own template.
    public var isPure: Bool
    /// A template and what it prints, where there is an example.
    public var example: Example?
    /// Where the function comes from, for people: `sprig 3.3.0`; empty for the engine's own.
    public var origin: String
    /// What it does, in a line; may be empty.
    public var summary: String

    public struct Example: Sendable, Equatable {
        public var template: String
        public var output: String

        public init(template: String, output: String) {
            self.template = template
            self.output = output
        }
    }

    public init(
        name: String, set: String, signature: String = "", isPure: Bool = true, example: Example? = nil,
        origin: String = "", summary: String = ""
    ) {
        self.name = name
        self.set = set
        self.signature = signature
        self.isPure = isPure
        self.example = example
        self.origin = origin
        self.summary = summary
    }
}

/// What `GET /engines` says about an engine.
public struct RendererDescription: Sendable {
    /// Lower-case letters, digits and `-`, starting with a letter: `gotemplate`.
    public var id: String
    public var version: String
    public var origin: PluginOrigin
    /// The names of the members of `options` that the engine supports.
    public var options: [String]
    /// The names of the function sets that a request may ask for.
    public var functionSets: [String]

    public init(
        id: String, version: String, origin: PluginOrigin = .builtIn, options: [String] = [],
        functionSets: [String] = []
    ) {
        self.id = id
        self.version = version
        self.origin = origin
        self.options = options
        self.functionSets = functionSets
    }
}

public enum PluginOrigin: Sendable, Equatable {
    case builtIn
    /// Loaded from this shared library.
    case library(path: String)
}

/// One named text of template source. Bytes, because a template need not be UTF-8.
public struct TemplateSource: Sendable {
    public var name: String
    public var bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    public init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }
}

/// The texts that make one template, in the order they are parsed; a later definition replaces an earlier one.
public struct TemplateSources: Sendable {
    public var sources: [TemplateSource]
    /// The name of the template that is executed.
    public var entry: String

    public init(_ sources: [TemplateSource], entry: String) {
        self.sources = sources
        self.entry = entry
    }

    public init(_ main: TemplateSource) {
        self.init([main], entry: main.name)
    }
}

/// What a template is compiled with. An engine ignores what it does not have.
public struct CompileOptions: Sendable {
    /// What a lookup of a key that a map does not have gives (gotemplate).
    public enum MissingKey: String, Sendable, CaseIterable {
        case `default`, invalid, zero, error
        /// Nothing is written where Go writes `<no value>`.
        case empty
    }
    /// What values are escaped for (mustache).
    public enum Escape: String, Sendable, CaseIterable { case html, json, yaml, none }

    public var missingKey: MissingKey = .default
    /// Empty: the engine's own.
    public var leftDelimiter: String = ""
    public var rightDelimiter: String = ""
    /// nil: the engine's own.
    public var escape: Escape? = nil
    /// Named function sets besides the engine's built-ins; later ones win.
    public var functionSets: [String] = []
    /// What `env` may read: an allow-list with its values, never the process's environment.
    public var environment: [String: String] = [:]
    /// Whether functions of clock, chance, certificates and network exist; never for a request's own templates.
    public var allowsImpureFunctions: Bool = false
    /// Whether such functions, where they are not allowed, exist and fail when they are called, instead of not existing:
    /// charts have them in branches that are not taken.
    public var refusesImpureFunctions: Bool = false
    /// Functions of the sets that are left out.
    public var withoutFunctions: [String] = []
    /// The type of the data that will be rendered, where it is known: lookups are resolved while compiling.
    public var dataType: ObjectType? = nil
    /// Where the template may keep what it wrote, for later renderings over data of `dataType`; nil keeps nothing.
    public var memory: OutputMemory? = nil
    /// The most of the data that may be tainted in a rendering; nil where that is not known. An engine can tell from
    /// it while compiling which expressions never are.
    public var taint: DataTaint? = nil
    /// The limits that hold while compiling (source bytes, nesting, nodes).
    public var limits: RenderLimits = .commandLine

    public init() {}
}

/// What a template is rendered over: a value and, where there is one, the Go type it is seen through.
public struct TemplateData: Sendable {
    public var value: Value
    public var type: ObjectType?
    /// Which parts a request wrote; nil where nobody asks what they wrote.
    public var taint: DataTaint?

    public init(_ value: Value, type: ObjectType? = nil, taint: DataTaint? = nil) {
        self.value = value
        self.type = type
        self.taint = taint
    }
}

/// A template that is ready to be rendered, on any thread.
public protocol CompiledTemplate: Sendable {
    /// Appends the output to `output`. What was written before an error stays there.
    ///
    /// - Parameters:
    ///   - sourceMap: nil if it is not wanted; otherwise it is filled with the runs of the output.
    ///   - usage: what the rendering used so far, also when it fails.
    /// - Throws: a `RenderError` of kind `.execution` or `.limit`.
    func render(
        _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
        into output: inout ByteBuffer
    ) throws(RenderError)

    /// The same templates for rendering over data that they share; nil where the engine cannot do that.
    var sharedDataTemplate: (any SharedDataTemplate)? { get }

    /// Whether the output depends on nothing but the data and what the template was compiled with.
    var isPure: Bool { get }

    /// Whether a rendering over data with a taint reports what the tainted parts wrote: in the source map where one is
    /// asked for, else in `RenderUsage.tainted`.
    var tracksOrigins: Bool { get }

    /// What looks like a mistake though the engine accepts it. Not looked for before it is asked.
    func warnings() -> [TemplateWarning]
}

/// Something in a template that works and is hardly meant.
public struct TemplateWarning: Sendable, Equatable {
    /// Lower-case, without a final stop.
    public var message: String
    public var place: RenderError.Place

    public init(message: String, place: RenderError.Place) {
        self.message = message
        self.place = place
    }
}

extension CompiledTemplate {
    public var sharedDataTemplate: (any SharedDataTemplate)? { nil }

    public var isPure: Bool { true }

    public var tracksOrigins: Bool { false }

    public func warnings() -> [TemplateWarning] { [] }

    /// Renders without a source map.
    public func render(
        _ data: TemplateData, limits: RenderLimits, into output: inout ByteBuffer
    ) throws(RenderError) {
        var map: SourceMap? = nil
        var usage = RenderUsage()
        try render(data, limits: limits, sourceMap: &map, usage: &usage, into: &output)
    }

    /// Renders again for the source map of an output that turned out to be wrong; nil if that fails now.
    ///
    /// The first rendering's steps were counted, so its deadline, which may be near, does not end this one.
    public func sourceMap(of data: TemplateData, limits: RenderLimits) -> SourceMap? {
        var limits = limits
        limits.deadline = nil
        var map: SourceMap? = SourceMap()
        var usage = RenderUsage()
        var output = ByteBuffer(capacity: 4096)
        do throws(RenderError) {
            try render(data, limits: limits, sourceMap: &map, usage: &usage, into: &output)
        } catch {
            return nil
        }
        return map
    }
}
