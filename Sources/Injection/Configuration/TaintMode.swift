/// `--template-taint`: the action if text of a pod does not stay text in the output of a template.
public enum TaintMode: String, Sendable, CaseIterable {
    /// The pod is refused.
    case enforce
    /// The pod is injected as without a check; a warning, the log and a counter report the findings.
    case report
    /// Nothing is checked.
    case off
}
