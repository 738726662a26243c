public import PluginAPI

/// The standard rules, which are those of Istio's injector. Takes a policy and a pod, and returns a decision with its
/// reasons.
///
/// It is pure: it uses no files, no cluster and no clock. Read `Rule` for the order of evaluation, `Evaluator` for what
/// each rule reads, `Counterfactuals` for changes that would reverse a decision, `Webhooks` for the API server's part.
/// Nothing here renders or patches.
public struct PolicyPlugin: DecisionPlugin {
    public let id = "policy"

    public init() {}

    public func compile(
        _ configuration: PolicyConfiguration
    ) -> (engine: any DecisionEngine, warnings: [PolicyWarning]) {
        let policy = CompiledPolicy(configuration)
        return (Evaluator(policy: policy), policy.warnings)
    }
}
