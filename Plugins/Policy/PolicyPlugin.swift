public import PluginAPI

/// The standard rules, those of Istio's injector: a policy and a pod go in, a decision with its reasons comes
/// out.
///
/// Pure: no file, no cluster, no clock. Read `Rule` for the order of evaluation, `Evaluator` for what each
/// rule reads, `Counterfactuals` for what would change an answer, `Webhooks` for the API server's half.
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
