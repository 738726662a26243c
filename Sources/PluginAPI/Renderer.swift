public import Values

/// A template engine that can be registered: a description, its functions, and `compile`.
///
/// All threads share one value. Compiling and rendering depend only on their arguments, and not on files, clock,
/// network or environment unless `CompileOptions` provides them.
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

    /// The functions that templates may call, for `GET /functions`; empty if the engine has no functions.
    var functions: [FunctionDescription] { get }

    /// Compiles sources into a template that can be rendered many times, on many threads concurrently.
    ///
    /// - Throws: a `RenderError` of kind `.parse` (or `.limit`) with the place in the template.
    func compile(_ sources: TemplateSources, options: CompileOptions) throws(RenderError)
        -> any CompiledTemplate
}

extension Renderer {
    public var functions: [FunctionDescription] { [] }
}

/// The description of a function in `GET /functions`.
public struct FunctionDescription: Sendable, Equatable {
    public var name: String
    /// The function set that a request selects; `built-in` for functions that always exist.
    public var set: String
    /// The signature in the engine's own language; empty if functions have no signatures.
    public var signature: String
    /// Whether the result depends only on the arguments. Templates of requests cannot call other functions.
    public var isPure: Bool
    /// A template and its output, if there is an example.
    public var example: Example?
    /// The origin of the function, for people, such as `sprig 3.3.0`; empty for the engine's own functions.
    public var origin: String
    /// A summary in one line; may be empty.
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

/// The description of an engine in `GET /engines`.
public struct RendererDescription: Sendable {
    /// The id, such as `gotemplate`: lower-case letters, digits and `-`, starting with a letter.
    public var id: String
    public var version: String
    public var origin: PluginOrigin
    /// The names of the members of `options` that the engine supports.
    public var options: [String]
    /// The names of the function sets that a request may select.
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

/// One template source with its name. It is bytes because a template need not be UTF-8.
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

/// The sources of one template, in the order in which they are parsed. A later definition replaces an earlier one.
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

/// The options of compiling a template. An engine ignores options that it does not support.
public struct CompileOptions: Sendable {
    /// The result of looking up a missing key of a map (gotemplate).
    public enum MissingKey: String, Sendable, CaseIterable {
        case `default`, invalid, zero, error
        /// Nothing is written where Go writes `<no value>`.
        case empty
    }
    /// The format for which values are escaped (mustache).
    public enum Escape: String, Sendable, CaseIterable { case html, json, yaml, none }

    public var missingKey: MissingKey = .default
    /// The opening delimiter; empty for the engine's default.
    public var leftDelimiter: String = ""
    public var rightDelimiter: String = ""
    /// The escaping of values; nil for the engine's default.
    public var escape: Escape? = nil
    /// The function sets besides the engine's built-in functions. Later ones override earlier ones.
    public var functionSets: [String] = []
    /// The variables that `env` can read, with their values; never the process's environment.
    public var environment: [String: String] = [:]
    /// Whether functions of the clock, random numbers, certificates and the network exist. Never set for templates of
    /// requests.
    public var allowsImpureFunctions: Bool = false
    /// Whether impure functions that are not allowed exist and fail when they are called, instead of not existing,
    /// because charts contain them in branches that are not executed.
    public var refusesImpureFunctions: Bool = false
    /// Functions that are removed from the sets.
    public var withoutFunctions: [String] = []
    /// The type of the data that will be rendered, if it is known. Lookups are then resolved at compile time.
    public var dataType: ObjectType? = nil
    /// The cache in which the template may store its output, for later renderings over data of `dataType`; nil to store
    /// nothing.
    public var memory: OutputMemory? = nil
    /// The largest part of the data that can be tainted in a rendering; nil if it is not known. An engine can use it at
    /// compile time to find expressions that are never tainted.
    public var taint: DataTaint? = nil
    /// The limits of compiling (source bytes, nesting, nodes).
    public var limits: RenderLimits = .commandLine

    public init() {}
}

/// The data that a template is rendered over: a value and, optionally, the Go type through which the template sees it.
public struct TemplateData: Sendable {
    public var value: Value
    public var type: ObjectType?
    /// The parts that come from a request; nil if their output need not be tracked.
    public var taint: DataTaint?

    public init(_ value: Value, type: ObjectType? = nil, taint: DataTaint? = nil) {
        self.value = value
        self.type = type
        self.taint = taint
    }
}

/// A compiled template, which can be rendered on any thread.
public protocol CompiledTemplate: Sendable {
    /// Renders the template and appends the result to `output`. If it fails, the output before the error remains there.
    ///
    /// - Parameters:
    ///   - sourceMap: nil if it is not needed; otherwise it is filled with the runs of the output.
    ///   - usage: the resources that the rendering used, also if it fails.
    /// - Throws: a `RenderError` of kind `.execution` or `.limit`.
    func render(
        _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
        into output: inout ByteBuffer
    ) throws(RenderError)

    /// The same templates for rendering over shared data; nil if the engine does not support that.
    var sharedDataTemplate: (any SharedDataTemplate)? { get }

    /// Whether the output depends only on the data and the compiled sources and options.
    var isPure: Bool { get }

    /// Whether a rendering over data with a taint reports tainted output: in the source map if one is requested,
    /// otherwise in `RenderUsage.tainted`.
    var tracksOrigins: Bool { get }

    /// Returns probable mistakes that the engine accepts. They are only searched for when this is called.
    func warnings() -> [TemplateWarning]
}

/// A construct in a template that is valid but probably unintended.
public struct TemplateWarning: Sendable, Equatable {
    /// The message, in lower case and without a full stop.
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

    /// Renders again to get the source map of an invalid output; nil if this rendering fails.
    ///
    /// This rendering has no deadline, because the first one's may be near. The first rendering was within the step
    /// limit, so this one ends as well.
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
