import Values

/// A pod or an object with a pod template, with the properties that the diagnosis needs.
struct Workload: Sendable {
    var target: WhyTarget
    var object: Value
    /// The path of the pod template; empty for a Pod.
    let templatePath: [String]

    init(_ target: WhyTarget, _ object: Value) {
        self.target = target
        self.object = object
        templatePath =
            switch target.kind {
            case .pod: []
            case .cronJob: ["spec", "jobTemplate", "spec", "template"]
            default: ["spec", "template"]
            }
    }

    var isPod: Bool { templatePath.isEmpty }

    /// The pod template, or the pod itself.
    var template: Value { object.at(templatePath) ?? [:] }

    var pointer: String { templatePath.map { "/" + $0 }.joined() }

    /// The labels of the workload's pods; nil if its selector has expressions, or it has none.
    var selector: Object? {
        guard let selector = object["spec"]?["selector"],
            selector["matchExpressions"]?.array?.isEmpty != false
        else { return nil }
        return selector["matchLabels"]?.object.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A pod as its controller creates it.
    var newPod: Value {
        guard !isPod else { return Self.asCreated(object) }
        var metadata = template["metadata"]?.object ?? Object()
        metadata["namespace"] = .string(target.namespace)
        metadata["generateName"] = .string(target.name + "-")
        metadata["ownerReferences"] = [
            [
                "apiVersion": object["apiVersion"] ?? "apps/v1", "kind": .string(target.kind.rawValue),
                "name": .string(target.name), "controller": true,
            ]
        ]
        return [
            "apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": template["spec"] ?? [:],
        ]
    }

    /// Returns the pod without the members that an API server and a scheduler add later.
    private static func asCreated(_ pod: Value) -> Value {
        var pod = pod
        pod.modifyObject { pod in
            pod["status"] = nil
            pod.modify("metadata") { metadata in
                metadata.modifyObject { metadata in
                    for key in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"]
                    {
                        metadata[key] = nil
                    }
                }
            }
            pod.modify("spec") { spec in spec.modifyObject { $0["nodeName"] = nil } }
        }
        return pod
    }

    /// The command that recreates its pods.
    var restart: String {
        let place = "-n \(target.namespace)"
        switch target.kind {
        case .deployment, .statefulSet, .daemonSet:
            return "kubectl rollout restart \(target.kind.rawValue.lowercased())/\(target.name) \(place)"
        case .pod: return "delete the pod and create it again: kubectl delete pod \(target.name) \(place)"
        case .replicaSet: return "delete the pods of the ReplicaSet: it creates them again"
        case .job, .cronJob: return "create the Job again: its next pods are new ones"
        }
    }
}

/// Reads the properties of an existing pod's sidecar.
enum RunningPod {
    private static let status = "sidecar.istio.io/status"

    /// Whether the pod has containers that an injection added.
    static func hasSidecar(_ pod: Value) -> Bool {
        guard let text = pod["metadata"]?["annotations"]?[status]?.string,
            let status = try? JSON.read(Array(text.utf8), limits: JSONLimits(depth: 16, bytes: 1 << 18))
        else { return false }
        return ["containers", "initContainers"].contains { list in
            let named = (status[list]?.array ?? []).compactMap(\.string)
            let present = (pod["spec"]?[list]?.array ?? []).compactMap { $0["name"]?.string }
            return present.contains(where: named.contains)
        }
    }

    static func created(_ pod: Value) -> String { pod["metadata"]?["creationTimestamp"]?.string ?? "" }

    /// Returns the Deployment, StatefulSet … that created the pod. A ReplicaSet of a Deployment has the Deployment's
    /// name and a hash.
    static func owner(of pod: Value, _ namespace: String) -> WhyTarget? {
        let metadata = pod["metadata"]
        guard let owner = metadata?["ownerReferences"]?.array?.first(where: { $0["controller"] == true }),
            let name = owner["name"]?.string, let kind = owner["kind"]?.string
        else { return nil }
        if kind == "ReplicaSet", let hash = metadata?["labels"]?["pod-template-hash"]?.string,
            name.ends(with: "-\(hash)")
        {
            return WhyTarget(
                kind: .deployment, name: String(name.dropLast(hash.utf8.count + 1)), namespace: namespace)
        }
        return WhyTarget.Kind(rawValue: kind).map { WhyTarget(kind: $0, name: name, namespace: namespace) }
    }
}

extension Value {
    func at(_ path: [String]) -> Value? { path.reduce(Optional(self)) { $0?[$1] } }
}
