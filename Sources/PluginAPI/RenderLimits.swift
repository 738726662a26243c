/// The limits of one rendering. `RenderLimit` has each limit's flag, message and defaults. All but the deadline are
/// counted, so that the same input fails at the same place on every machine (`memory` only approximately, because it is
/// checked at each call of a function).
public struct RenderLimits: Sendable, Equatable {
    /// Instructions and iterations of loops, also of loops with an empty body.
    public var steps = Int.max
    /// Bytes of output.
    public var outputBytes = Int.max
    /// The depth of nested calls of templates or partials.
    public var depth = Int.max
    /// Iterations of one loop.
    public var rangeItems = Int.max
    /// Bytes (or items) that one function may build: `repeat`, `indent`, `printf "%9000000d"`.
    public var functionBytes = Int.max
    /// Bytes of one regular expression.
    public var regexBytes = Int.max
    /// Bytes of all template sources together.
    public var sourceBytes = Int.max
    /// Nesting of blocks and parentheses in a template.
    public var nesting = Int.max
    /// Nodes of a parsed template.
    public var nodes = Int.max
    /// Bytes that a rendering holds at one time: its values, strings and output. The allocator counts them, but not if
    /// a sanitizer replaces it, and not in the process of an isolated engine.
    public var memory = Int.max
    /// A second safeguard besides the counts: the time of the monotonic clock in nanoseconds at which a rendering is
    /// stopped; nil for no deadline.
    public var deadline: UInt64?

    init(_ value: (RenderLimit) -> Int) {
        for limit in RenderLimit.allCases { self[limit] = value(limit) }
    }

    public subscript(limit: RenderLimit) -> Int {
        get { self[keyPath: limit.path] }
        set { self[keyPath: limit.path] = newValue }
    }

    /// Returns a limit with its value, for an error.
    public func reached(_ limit: RenderLimit) -> ReachedLimit { ReachedLimit(limit, value: self[limit]) }

    /// The defaults of commands: calls nested 100,000 deep, as in Go, and no other limit that a real template reaches.
    public static let commandLine = RenderLimits(\.commandLine)

    /// The limits of untrusted templates on a server.
    public static let server = RenderLimits(\.server)

    /// The limits of injection templates: those of `server`, but with at most the output that fits in a Kubernetes
    /// object.
    public static let injection: RenderLimits = {
        var limits = RenderLimits.server
        limits.outputBytes = 3 << 20
        return limits
    }()
}

/// The resources that a rendering used.
public struct RenderUsage: Sendable, Equatable {
    public var steps = 0
    public var outputBytes = 0
    /// The depth of the deepest call.
    public var depth = 0
    /// The runs that expressions over tainted data wrote, in the order of the output. Only set by engines that track
    /// origins, for data with a taint, if no source map is requested.
    public var tainted: [TaintedRun] = []
    public init() {}
}
