/// What one rendering may use. All but the deadline are counted, so that the same input fails in the same place on
/// every machine.
public struct RenderLimits: Sendable, Equatable {
    /// Instructions and rounds of loops, also of loops with an empty body. `--max-template-steps`
    public var steps: Int
    /// Bytes of output. `--max-output-bytes`
    public var outputBytes: Int
    /// Calls of templates within templates, partials within partials. `--max-depth`
    public var depth: Int
    /// Rounds of one loop. `--max-range-items`
    public var rangeItems: Int
    /// Bytes (or items) that one function may build: `repeat`, `indent`, `printf "%9000000d"`.
    /// `--max-function-bytes`
    public var functionBytes: Int
    /// Bytes of one regular expression. `--max-regex-bytes`
    public var regexBytes: Int
    /// Bytes of template source, all texts together. `--max-template-bytes`
    public var sourceBytes: Int
    /// Nesting of blocks and parentheses in a template. `--max-template-nesting`
    public var nesting: Int
    /// Nodes of a parsed template. `--max-template-nodes`
    public var nodes: Int
    /// The second net: nanoseconds of the monotonic clock at which a rendering ends; nil for none.
    public var deadline: UInt64?

    public init(
        steps: Int, outputBytes: Int, depth: Int, rangeItems: Int, functionBytes: Int, regexBytes: Int,
        sourceBytes: Int, nesting: Int, nodes: Int, deadline: UInt64? = nil
    ) {
        self.steps = steps
        self.outputBytes = outputBytes
        self.depth = depth
        self.rangeItems = rangeItems
        self.functionBytes = functionBytes
        self.regexBytes = regexBytes
        self.sourceBytes = sourceBytes
        self.nesting = nesting
        self.nodes = nodes
        self.deadline = deadline
    }

    /// Go's own: calls 100,000 deep and nothing else that a template in use would meet.
    public static let commandLine = RenderLimits(
        steps: .max, outputBytes: .max, depth: 100_000, rangeItems: .max, functionBytes: 1 << 31,
        regexBytes: 1 << 20, sourceBytes: 1 << 30, nesting: 100_000, nodes: .max)

    /// What a stranger's template may use of a server.
    public static let server = RenderLimits(
        steps: 1_000_000, outputBytes: 10 << 20, depth: 100, rangeItems: 100_000, functionBytes: 3 << 20,
        regexBytes: 1 << 10, sourceBytes: 1 << 20, nesting: 500, nodes: 100_000)

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
    public init() {}
}
