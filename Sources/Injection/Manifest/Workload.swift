import PluginAPI
import Values

/// A pod or pod template within an object, found by the object's kind.
///
/// Contains the object as JSON and the path to its pod. It does not check the pod.
struct Workload: Sendable {
    var kind: String
    var apiVersion: String
    var name: String
    /// Empty if the object names none.
    var namespace: String
    /// Member names and indices from the document to the object: empty, or `items`, `3`.
    var objectPath: [PathStep]
    /// Member names, and indexes of items, from the object to the pod template; empty for a Pod.
    var templatePath: [String]
    /// The object itself.
    var object: Object

    var pointer: String { objectPath.isEmpty ? "" : JSONPointer.text(of: objectPath) }

    var isPod: Bool { templatePath.isEmpty }
    var isCronJob: Bool { templatePath == ["spec", "jobTemplate", "spec", "template"] }

    /// The path of the metadata that an injection reads and changes: the pod template's. For a CronJob it is the job
    /// template's, which Istio's kube-inject treats as the pods'.
    var metadataPath: [String] {
        isCronJob ? ["spec", "jobTemplate", "metadata"] : templatePath + ["metadata"]
    }

    var metadata: Object { Self.value(at: metadataPath[...], in: .object(object))?.object ?? Object() }

    /// Returns the object with the pod in its place.
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

    /// The pod or pod template; an empty object if it is missing.
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
