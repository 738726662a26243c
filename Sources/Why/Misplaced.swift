import Injection
import PluginAPI
import Values

/// A setting that was written where nothing reads it: what it is, and what the pod becomes with it in its place.
struct Misplaced {
    /// `annotation sidecar.istio.io/inject of the Deployment`
    var what: String
    var place: String
    var remedy: String
    /// The pod with the setting in its place.
    var pod: Value?
    /// The namespace's labels with it.
    var namespaceLabels: Object?

    static let injectKey = "sidecar.istio.io/inject"
    private static let namespaceKeys = ["istio-injection", "istio.io/rev"]

    /// Every setting that may be misplaced, of the workload, of its owner and of the namespace.
    ///
    /// - Parameter warnings: what the policy says about the workload's settings, with their places.
    static func all(_ evidence: Evidence, warnings: [(warning: DecisionWarning, workload: Workload)])
        -> [Misplaced]
    {
        ofWarnings(evidence, warnings) + ofMaps(evidence) + ofNamespace(evidence)
    }

    /// On the workload instead of its pod template, or misspelled.
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

    /// An annotation where the webhook selects by a label, or the other way round.
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

    /// The namespace's label as an annotation of it, or on the pod or workload.
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
