/// One verb of the command line: `pillion serve`, `pillion render` …
///
/// The tables of verbs and options are the only description: parsing, `--help`, the manual page and the completions are
/// all derived from them.
struct Verb: Sendable {
    /// The name on the command line, for example `kube-inject`.
    var name: String
    /// One line for the list of verbs.
    var summary: String
    /// The operands in the usage line, for example `[FILE ...]`; empty for none.
    var operands: String = ""
    /// Paragraphs for `--help` and the manual page.
    var discussion: String = ""
    private let table: @Sendable () -> [Option]
    /// Example command lines and their descriptions.
    var examples: [(command: String, does: String)] = []
    /// The meanings of exit statuses other than 0, 1 failure, 2 usage.
    var statuses: [(status: Int32, means: String)] = []
    /// Whether the verb is left out of help, because only the program itself uses it.
    var isHidden = false
    var run: @Sendable (Arguments) throws -> ExitStatus

    var options: [Option] { table() }

    /// - Parameter options: evaluated only if this verb runs or its options are listed: creating those of `serve` takes
    ///   longer than a small rendering.
    init(
        name: String, summary: String, operands: String = "", discussion: String = "",
        options: @autoclosure @escaping @Sendable () -> [Option] = [],
        examples: [(command: String, does: String)] = [],
        statuses: [(status: Int32, means: String)] = [], isHidden: Bool = false,
        run: @escaping @Sendable (Arguments) throws -> ExitStatus
    ) {
        self.name = name
        self.summary = summary
        self.operands = operands
        self.discussion = discussion
        table = options
        self.examples = examples
        self.statuses = statuses
        self.isHidden = isHidden
        self.run = run
    }
}

/// One option of a verb.
struct Option: Sendable {
    enum Shape: Sendable {
        /// `--name`, or `--name=false`
        case flag
        /// `--name VALUE` or `--name=VALUE`; the placeholder for help
        case value(String)
        /// As `value`, from a closed set: checked when it is parsed, whatever its source
        case choice([String])
        /// As `value`, and may be given more than once
        case list(String)
    }

    /// The name without dashes, in the spelling that documents use. The other spelling (`injectConfig`,
    /// `inject-config`) is accepted as well.
    var name: String
    var short: Character? = nil
    var shape: Shape
    /// The default; for flags "true" or "false".
    var fallback: String? = nil
    var help: String
    /// Whether `PILLION_NAME` sets it if the command line does not.
    var readsEnvironment = false
    /// Further variables that set it if the earlier ones do not.
    var otherVariables: [String] = []
    /// Whether it is accepted for compatibility, without effect; standard error mentions that once.
    var isIgnored = false
    /// The heading of its group in help; empty for none.
    var group = ""
    /// Whether it is left out of `--help` and shown only by `--help-all`.
    var isRare = false
}

/// The exit status of the process. All statuses are defined here.
struct ExitStatus: Equatable, Sendable {
    let code: Int32
    static let success = ExitStatus(code: 0)
    static let failure = ExitStatus(code: 1)
    static let usage = ExitStatus(code: 2)
    /// `decide`: some are skipped; `kube-inject --check`: something would change; `scan`: some pods are not current.
    static let negative = ExitStatus(code: 3)
}

/// An error in the command line: exit status 2, with a pointer to the verb's help.
struct UsageError: Error {
    var message: String
    init(_ message: String) { self.message = message }
}

/// A failure of the work: exit status 1. The message is complete and is printed unchanged.
struct Failure: Error {
    var message: String
    init(_ message: String) { self.message = message }
}
