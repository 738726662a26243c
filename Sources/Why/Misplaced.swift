import Injection
import PluginAPI
import Values

/// A setting in a place where nothing reads it, and the pod with the setting in the right place.
struct Misplaced {
    /// `annotation sidecar.istio.io/inject of the Deployment`
    var what: String
    var place: String
    var remedy: String
    /// The pod with the setting in its place.
    var pod: Value?
    /// The namespace's labels with the setting.
    var namespaceLabels: Object?

    static let injectKey = "sidecar.istio.io/inject"
    private static let namespaceKeys = ["istio-injection", "istio.io/rev"]

    /// Returns all settings that may be misplaced, of the workload, of its owner and of the namespace.
    ///
    /// - Parameter warnings: the policy's warnings about the workload's settings, with their places.
    static func all(_ evidence: Evidence, warnings: [(warning: DecisionWarning, workload: Workload)])
        -> [Misplaced]
    {
        ofWarnings(evidence, warnings) + ofMaps(evidence) + ofNamespace(evidence)
    }

    /// Settings on the workload instead of its pod template, or with a misspelled name.
    private static func ofWarnings(
        _ evidence: Evidence, _ warnings: [(warning: DecisionWarning, workload: Workload)]
    ) -> [Misplaced] {
        warnings.compactMap { warning, workload in
            guard let source = warning.source, let pointer = try? JSONPointer(parsing: source),
                let value = pointer.value(in: workload.object)?.string, pointer.tokens.count >= 2,
                let key = pointer.tokens.last
            else { return nil }
            let map = pointer.tokens[pointer.tokens.count - 2]
            guard map == "labels" || map == "annotations", !namespaceKeys.contains(key) else { return nil }
            let isOnPod = source.begins(with: workload.pointer + "/metadata/")
            guard !isOnPod || key != injectKey else { return nil }
            let one = map == "labels" ? "label" : "annotation"
            let owner = isOnPod ? (workload.isPod ? "pod" : "pod template") : workload.target.kind.rawValue
            let place =
                workload.isPod
                ? "metadata.\(map)" : workload.templatePath.joined(separator: ".") + ".metadata.\(map)"
            return Misplaced(
                what: isOnPod
                    ? "the \(one) \(key) of the \(owner) is not read, as its name is not \(injectKey)"
                    : "the \(one) \(injectKey) is on the \(owner) itself, where it is not read",
                place: "\(workload.target.description)#\(source)",
                remedy: isOnPod
                    ? "rename the \(one) \(key) to \(injectKey)" : "move the \(one) \(injectKey) to \(place)",
                pod: setting(evidence.workload.newPod, map, value))
        }
    }

    /// An annotation that should be a label, because the webhook selects by labels, or the reverse.
    private static func ofMaps(_ evidence: Evidence) -> [Misplaced] {
        let workload = evidence.workload
        let metadata = workload.template["metadata"]
        return [("annotations", "labels"), ("labels", "annotations")].compactMap { found, wanted in
            guard let value = metadata?[found]?[injectKey]?.string, metadata?[wanted]?[injectKey] == nil
            else {
                return nil
            }
            let (one, other) = (
                found == "labels" ? "label" : "annotation", wanted == "labels" ? "label" : "annotation"
            )
            return Misplaced(
                what:
                    "\(injectKey) is \(one == "label" ? "a label" : "an annotation") of the pod, where \(other == "label" ? "a label" : "an annotation") is read",
                place: "\(workload.target.description)#\(workload.pointer)/metadata/\(found)",
                remedy: "set the \(other) \(injectKey) to \"\(value)\" in the pod template's metadata",
                pod: setting(workload.newPod, wanted, value))
        }
    }

    /// A label of the namespace that was set as its annotation, or on the pod or workload.
    private static func ofNamespace(_ evidence: Evidence) -> [Misplaced] {
        guard let labels = evidence.namespaceLabels else { return [] }
        let workload = evidence.workload
        let name = workload.target.namespace
        var places: [(what: String, place: String, metadata: Value?, maps: [String])] = [
            (
                "namespace \"\(name)\"", "namespace \(name)", evidence.namespace.value?["metadata"],
                ["annotations"]
            ),
            (
                workload.isPod ? "the pod" : "the pod template", workload.target.description,
                workload.template["metadata"], ["labels", "annotations"]
            ),
        ]
        if !workload.isPod {
            places.append(
                (
                    "the \(workload.target.kind.rawValue)", workload.target.description,
                    workload.object["metadata"],
                    ["labels", "annotations"]
                ))
        }
        if let owner = evidence.owner {
            places.append(
                (
                    "the \(owner.target.kind.rawValue)", owner.target.description, owner.object["metadata"],
                    ["labels", "annotations"]
                ))
        }
        var found: [Misplaced] = []
        for place in places {
            for map in place.maps {
                for key in namespaceKeys where labels[key] == nil {
                    guard let value = place.metadata?[map]?[key]?.string else { continue }
                    var changed = labels
                    changed[key] = .string(value)
                    let one = map == "labels" ? "a label" : "an annotation"
                    found.append(
                        Misplaced(
                            what:
                                "\(key)=\(value) is \(one) of \(place.what), where it is not read: it belongs to the "
                                + "namespace's labels",
                            place: "\(place.place)#/metadata/\(map)",
                            remedy: "kubectl label namespace \(name) \(key)=\(value)",
                            namespaceLabels: changed))
                }
            }
        }
        return found
    }

    private static func setting(_ pod: Value, _ map: String, _ value: String) -> Value {
        var pod = pod
        pod.modifyObject { pod in
            pod.modify("metadata") { metadata in
                metadata.modifyObject { metadata in
                    var object = metadata[map]?.object ?? Object()
                    object[injectKey] = .string(value)
                    metadata[map] = .object(object)
                }
            }
        }
        return pod
    }
}
