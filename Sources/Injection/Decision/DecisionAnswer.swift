public import PluginAPI

/// The result of `Pipeline.decide` for one pod or pod template.
public struct DecisionAnswer: Sendable {
    public var kind: String
    public var name: String
    public var namespace: String
    /// JSON pointer of the workload in the given object.
    public var pointer: String
    public var decision: Decision
    /// Whether the object is a workload: a Service or ConfigMap is not, and is no reason to fail.
    public var isWorkload: Bool
    /// The path to the pod or pod template: member names and indexes of items.
    var podPath: [String] = []
    /// The path to the namespace, if the object states one.
    var namespacePath: [String]?
    /// Empty unless requested.
    public var counterfactuals: [Counterfactual]
    /// Whether a pod that gets a sidecar would be refused, if a forecast was requested; the decision's warnings state
    /// the reasons.
    public var isForecastRefused: Bool

    public init(
        kind: String, name: String, namespace: String, pointer: String, decision: Decision,
        counterfactuals: [Counterfactual] = [], isWorkload: Bool = true,
        isForecastRefused: Bool = false
    ) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
        self.pointer = pointer
        self.decision = decision
        self.counterfactuals = counterfactuals
        self.isWorkload = isWorkload
        self.isForecastRefused = isForecastRefused
    }
}
