import PluginAPI
import Policy
import TestSupport
import Values

/// The decision engine of a configuration.
func engine(
    _ form: PolicyConfiguration.Form, policy: String, never: [Value] = [], always: [Value] = [],
    lines: [String: Int] = [:], revision: String = ""
) -> any DecisionEngine {
    PolicyPlugin().compile(
        PolicyConfiguration(
            form: form, policy: policy, neverInjectSelector: never, alwaysInjectSelector: always,
            file: "config.yaml", lines: lines, revision: revision)
    ).engine
}

/// A pod with those annotations and labels.
func subject(
    namespace: String = "team-a", annotation: String? = nil, label: String? = nil, labels: Value = [:],
    hostNetwork: Bool = false, namespaceLabels: Value? = nil
) -> DecisionSubject {
    var all = labels.object ?? Object()
    if let label { all["sidecar.istio.io/inject"] = .string(label) }
    var metadata = Object()
    if !all.isEmpty { metadata["labels"] = .object(all) }
    if let annotation { metadata["annotations"] = ["sidecar.istio.io/inject": .string(annotation)] }
    var spec = Object()
    if hostNetwork { spec["hostNetwork"] = true }
    return DecisionSubject(
        namespace: namespace, metadata: metadata, spec: spec, namespaceLabels: namespaceLabels?.object)
}

/// A subject from a whole object with the pod template at the pointer.
func subject(_ object: Value, at pointer: String, namespace: String = "team-a") -> DecisionSubject {
    var template = object
    for token in pointer.split(separator: "/") { template = template[String(token)] ?? .null }
    return DecisionSubject(
        namespace: namespace, metadata: template["metadata"]?.object ?? Object(),
        spec: template["spec"]?.object ?? Object(), pointer: pointer, object: object)
}
