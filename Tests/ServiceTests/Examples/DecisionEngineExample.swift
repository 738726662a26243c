import PluginAPI
import Service
import Values

/// The example in the doc comment of `DecisionEngine`.
func decisionEngineExample() throws -> String {
    guard let plugin = try StandardPlugins.registry().decisions.first else { return "no rules" }
    // example
    let (engine, _) = plugin.compile(PolicyConfiguration(form: .modern, policy: "enabled"))
    let pod = DecisionSubject(
        namespace: "shop",
        metadata: Object([Member("annotations", ["sidecar.istio.io/inject": "false"])]),
        spec: Object([Member("containers", [["name": "app"]])]))
    let decision = engine.decide(pod, trace: true)
    // decision.inject is false; decision.message says why, and decision.trace holds every rule that was evaluated
    let change = engine.counterfactuals(pod).first?.change
    // end of example
    return "\(decision.inject) \(decision.message)\n\(change ?? "")"
}
