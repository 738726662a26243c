public import PluginAPI

/// The answer of `decide` for one pod or pod template.
public struct DecisionAnswer: Sendable {
    public var kind: String
    public var name: String
    public var namespace: String
    /// JSON pointer of the workload in what was given.
    public var pointer: String
    public var decision: Decision
    /// Empty unless they were asked for.
    public var counterfactuals: [Counterfactual]

    public init(
        kind: String, name: String, namespace: String, pointer: String, decision: Decision,
        counterfactuals: [Counterfactual] = []
    ) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
        self.pointer = pointer
        self.decision = decision
        self.counterfactuals = counterfactuals
    }
}
