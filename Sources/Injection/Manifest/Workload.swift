import PluginAPI
import Values

/// A pod or pod template within an object, found by the object's kind.
///
/// In: an object as JSON has it. Out: where its pods are. It does not look into them.
struct Workload: Sendable {
    var kind: String
    var apiVersion: String
    var name: String
    /// Empty where the object names none.
    var namespace: String
    /// Member names and indices from the document to the object: empty, or `items`, `3`.
    var objectPath: [PathStep]
    /// Member names, and numbers of items, from the object to the pod template; empty for a Pod.
    var templatePath: [String]
    /// The object itself.
    var object: Object

    var pointer: String { JSONPointer.text(of: objectPath) }

    var isPod: Bool { templatePath.isEmpty }
    var isCronJob: Bool { templatePath == ["spec", "jobTemplate", "spec", "template"] }

    /// Where the metadata is that an injection reads and changes: the pod template's, but for a CronJob that of
    /// its job template, which Istio's kube-inject takes for the pods'.
    var metadataPath: [String] {
        isCronJob ? ["spec", "jobTemplate", "metadata"] : templatePath + ["metadata"]
    }

    var metadata: Object { Self.value(at: metadataPath[...], in: .object(object))?.object ?? Object() }

    /// The object with the pod put where it was.
    func object(with pod: Pod) -> Value {
        var result: Value = .object(object)
        if isCronJob {
            if !pod.metadata.isEmpty || !metadata.isEmpty {
                result.replaceMember(at: metadataPath[...], with: .object(pod.metadata))
            }
            result.replaceMember(at: (templatePath + ["spec"])[...], with: .object(pod.spec))
        } else {
            result.replaceMember(at: templatePath[...], with: pod.applied(to: template))
        }
        return result
    }

    /// The pod or pod template; an empty object where it is missing.
    var template: Value { Self.value(at: templatePath[...], in: .object(object)) ?? .object(Object()) }

    static func value(at path: ArraySlice<String>, in value: Value) -> Value? {
        var value = value
        for key in path {
            guard let next = value[key] ?? Int(key).flatMap({ value[$0] }) else { return nil }
            value = next
        }
        return value
    }
}
