/// What one rendering may use; `RenderLimit` has each limit's flag, sentence and defaults. All but the deadline are
/// counted, so that the same input fails in the same place on every machine (`memory` nearly so: it is looked at with
/// each call of a function).
public struct RenderLimits: Sendable, Equatable {
    /// Instructions and rounds of loops, also of loops with an empty body.
    public var steps = Int.max
    /// Bytes of output.
    public var outputBytes = Int.max
    /// Calls of templates within templates, partials within partials.
    public var depth = Int.max
    /// Rounds of one loop.
    public var rangeItems = Int.max
    /// Bytes (or items) that one function may build: `repeat`, `indent`, `printf "%9000000d"`.
    public var functionBytes = Int.max
    /// Bytes of one regular expression.
    public var regexBytes = Int.max
    /// Bytes of template source, all texts together.
    public var sourceBytes = Int.max
    /// Nesting of blocks and parentheses in a template.
    public var nesting = Int.max
    /// Nodes of a parsed template.
    public var nodes = Int.max
    /// Bytes that a rendering holds at one time: values that it keeps, strings that it builds, its output. Counted by the
    /// allocator; not where a sanitizer owns it, and not in the process of an isolated engine.
    public var memory = Int.max
    /// The second net: nanoseconds of the monotonic clock at which a rendering ends; nil for none.
    public var deadline: UInt64?

    init(_ value: (RenderLimit) -> Int) {
        for limit in RenderLimit.allCases { self[limit] = value(limit) }
    }

    public subscript(limit: RenderLimit) -> Int {
        get { self[keyPath: limit.path] }
        set { self[keyPath: limit.path] = newValue }
    }

    /// What an error says about a limit that was reached.
    public func reached(_ limit: RenderLimit) -> ReachedLimit { ReachedLimit(limit, value: self[limit]) }

    /// Go's own: calls 100,000 deep and nothing else that a template in use would meet.
    public static let commandLine = RenderLimits(\.commandLine)

    /// What a stranger's template may use of a server.
    public static let server = RenderLimits(\.server)

    /// What an injection template may use: as `server`, with the output that still fits an object of Kubernetes.
    public static let injection: RenderLimits = {
        var limits = RenderLimits.server
        limits.outputBytes = 3 << 20
        return limits
    }()
}

/// What a rendering used.
public struct RenderUsage: Sendable, Equatable {
    public var steps = 0
    public var outputBytes = 0
    /// The deepest call.
    public var depth = 0
    /// What tainted data wrote, in the order of the output; only of engines that track origins, for data with a taint,
    /// where no source map is asked for.
    public var tainted: [TaintedRun] = []
    public init() {}
}
