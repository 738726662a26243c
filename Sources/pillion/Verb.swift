/// One verb of the command line: `pillion serve`, `pillion render` …
///
/// The tables of verbs and options are the only description there is: parsing, `--help`, the manual page and the
/// completions all come from them.
struct Verb: Sendable {
    /// What is typed, for example `kube-inject`.
    var name: String
    /// One line for the list of verbs.
    var summary: String
    /// The operands in the usage line, for example `[FILE ...]`; empty for none.
    var operands: String = ""
    /// Paragraphs for `--help` and the manual page.
    var discussion: String = ""
    private let table: @Sendable () -> [Option]
    /// Command lines with what they do.
    var examples: [(command: String, does: String)] = []
    /// What exit statuses mean beyond 0, 1 failure, 2 usage.
    var statuses: [(status: Int32, means: String)] = []
    /// Left out of help: for the program's own use.
    var isHidden = false
    var run: @Sendable (Arguments) throws -> ExitStatus

    var options: [Option] { table() }

    /// - Parameter options: asked for when this verb is the one that runs, and never before: those of `serve` take
    ///   longer to make than a small rendering.
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
        /// As `value`, out of a closed set: checked when it is parsed, wherever it comes from
        case choice([String])
        /// As `value`, and may be given more than once
        case list(String)
    }

    /// Without dashes, in the spelling that documents use. The other spelling (`injectConfig`, `inject-config`) is
    /// accepted as well.
    var name: String
    var short: Character? = nil
    var shape: Shape
    /// The default; for flags "true" or "false".
    var fallback: String? = nil
    var help: String
    /// Whether `PILLION_NAME` sets it where the command line does not.
    var readsEnvironment = false
    /// Further variables that set it, where the one before does not.
    var otherVariables: [String] = []
    /// Accepted for compatibility, without effect; said once on standard error.
    var isIgnored = false
    /// The heading in help that it stands under; empty for none.
    var group = ""
    /// Left out of `--help` and shown by `--help-all`.
    var isRare = false
}

/// How the process ends. Decided here and nowhere else.
struct ExitStatus: Equatable, Sendable {
    let code: Int32
    static let success = ExitStatus(code: 0)
    static let failure = ExitStatus(code: 1)
    static let usage = ExitStatus(code: 2)
    /// `decide`: some are skipped; `kube-inject --check`: something would change; `scan`: some pods are not current.
    static let negative = ExitStatus(code: 3)
}

/// The command line was wrong: exit status 2, with a pointer to the verb's help.
struct UsageError: Error {
    var message: String
    init(_ message: String) { self.message = message }
}

/// The work failed: exit status 1. The message is complete and is printed as it is.
struct Failure: Error {
    var message: String
    init(_ message: String) { self.message = message }
}
