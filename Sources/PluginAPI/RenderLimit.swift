import Values

/// A limit of a rendering. The raw value is the name in errors and requests.
///
/// To add a limit, add a case and its row here, a property in `RenderLimits`, and the check in the engines. The flag of
/// `serve`, the label of the metric, the frames of isolated engines and the tests are derived from the row.
public enum RenderLimit: String, CaseIterable, Sendable {
    case steps, outputBytes, depth, rangeItems, functionBytes, regexBytes, sourceBytes, nesting, nodes, memory

    /// The properties of a limit.
    private struct Row {
        var path: Path
        /// The option of `serve`, without its dashes.
        var option: String
        /// The option's help.
        var help: String
        /// The message when the limit is exceeded, with `#` for the number.
        var sentence: String
        /// The default of commands: Go's limit, or one that no real template reaches.
        var commandLine: Int
        /// The default of a server, which renders untrusted templates.
        var server: Int
        /// The value of the label `limit`, if several limits share one.
        var metricLabel: String?
        /// Whether a request may lower the server's limit.
        var isLowerable = false
    }

    public typealias Path = any WritableKeyPath<RenderLimits, Int> & Sendable

    private var row: Row {
        switch self {
        case .steps:
            Row(
                path: \.steps, option: "max-template-steps", help: "instructions of one rendering",
                sentence: "the template takes more than # steps", commandLine: .max, server: 1_000_000,
                isLowerable: true)
        case .outputBytes:
            Row(
                path: \.outputBytes, option: "max-output-bytes", help: "bytes that one rendering writes",
                sentence: "the output is longer than # bytes", commandLine: .max, server: 10 << 20,
                metricLabel: "output", isLowerable: true)
        case .depth:
            Row(
                path: \.depth, option: "max-depth", help: "nested template calls",
                sentence: "templates call each other more than # deep", commandLine: 100_000, server: 100,
                isLowerable: true)
        case .rangeItems:
            Row(
                path: \.rangeItems, option: "max-range-items", help: "iterations of one loop",
                sentence: "a range has more than # rounds", commandLine: .max, server: 100_000,
                metricLabel: "range")
        case .functionBytes:
            Row(
                path: \.functionBytes, option: "max-function-bytes", help: "bytes that one function builds",
                sentence: "a function would build more than # bytes", commandLine: 1 << 31, server: 3 << 20,
                metricLabel: "output")
        case .regexBytes:
            Row(
                path: \.regexBytes, option: "max-regex-bytes", help: "bytes of one regular expression",
                sentence: "a regular expression is longer than # bytes", commandLine: 1 << 20,
                server: 1 << 10)
        case .sourceBytes:
            Row(
                path: \.sourceBytes, option: "max-template-bytes",
                help: "bytes of all sources of a template",
                sentence: "the template source is longer than # bytes", commandLine: 1 << 30, server: 1 << 20)
        case .nesting:
            Row(
                path: \.nesting, option: "max-template-nesting",
                help: "nested blocks and parentheses of a template",
                sentence: "blocks and parentheses nest more than # deep", commandLine: 100_000, server: 500)
        case .nodes:
            Row(
                path: \.nodes, option: "max-template-nodes", help: "nodes of a template",
                sentence: "the template has more than # nodes", commandLine: .max, server: 100_000)
        case .memory:
            Row(
                path: \.memory, option: "max-render-memory",
                help: "bytes that one rendering holds: values, strings, output",
                sentence: "the rendering holds more than # bytes", commandLine: .max, server: 64 << 20)
        }
    }

    /// The key path of the value in `RenderLimits`.
    public var path: Path { row.path }

    /// The option of `serve` that sets it, without its dashes.
    public var option: String { row.option }

    /// The option with its dashes, for example `--max-depth`.
    public var flag: String { "--" + row.option }

    /// The option's help.
    public var help: String { row.help }

    /// The value of the label `limit` in the metrics.
    public var metricLabel: String { row.metricLabel ?? rawValue }

    /// The distinct values of that label.
    public static let metricLabels = allCases.map(\.metricLabel).reduce(into: [String]()) { labels, label in
        if !labels.contains(label) { labels.append(label) }
    }

    /// The limits that a request may lower.
    public static let lowerable = allCases.filter { $0.row.isLowerable }

    /// The default of commands.
    var commandLine: Int { row.commandLine }

    /// The default of a server.
    var server: Int { row.server }

    func sentence(_ value: Int) -> String {
        row.sentence.split(byte: "#", omittingEmptySubsequences: false).joined(separator: "\(value)")
    }
}

/// A limit that a rendering reached, with its value.
public struct ReachedLimit: Sendable, Equatable {
    public var limit: RenderLimit
    public var value: Int

    public init(_ limit: RenderLimit, value: Int) {
        self.limit = limit
        self.value = value
    }

    /// Returns the message: how the limit was reached, its name, and the flag that raises it.
    ///
    /// - Parameter found: how it was reached, if the limit's own message does not fit.
    public func message(_ found: String? = nil) -> String {
        "\(found ?? limit.sentence(value)) (limit \(limit.rawValue), set by \(limit.flag))"
    }
}
