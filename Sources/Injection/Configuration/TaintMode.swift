/// What is done where text that a pod brought does not stay text in what a template made of it. `--template-taint`
public enum TaintMode: String, Sendable, CaseIterable {
    /// The pod is refused.
    case enforce
    /// The pod is injected as without a check; a warning, the log and a counter say what was found.
    case report
    /// Nothing is looked for.
    case off
}
