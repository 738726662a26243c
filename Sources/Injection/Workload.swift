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
    /// Member names from the object to the pod template; empty for a Pod.
    var templatePath: [String]
    /// The object itself.
    var object: Object

    /// One step into a document.
    enum PathStep: Sendable, Equatable {
        case member(String)
        case item(Int)
    }

    var pointer: String {
        objectPath.map { step in
            switch step {
            case .member(let name): "/" + JSONPointer.escape(name)
            case .item(let index): "/\(index)"
            }
        }.joined()
    }

    var isPod: Bool { templatePath.isEmpty }
    var isCronJob: Bool { templatePath == ["spec", "jobTemplate", "spec", "template"] }

    /// Where the metadata stands that an injection reads and changes: the pod template's, but for a CronJob that of
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
            guard let next = value[key] else { return nil }
            value = next
        }
        return value
    }
}

/// The kinds that hold a pod template, and where.
enum WorkloadKinds {
    private static let specTemplate = ["spec", "template"]

    /// In the order they are asked; a path that was given by the user goes before them.
    static let builtIn: [PodTemplatePath] =
        [
            PodTemplatePath(kind: "Pod", group: "", path: []),
            PodTemplatePath(kind: "ReplicationController", group: "", path: specTemplate),
            PodTemplatePath(kind: "PodTemplate", group: "", path: ["template"]),
            PodTemplatePath(kind: "Job", group: "batch", path: specTemplate),
            PodTemplatePath(
                kind: "CronJob", group: "batch", path: ["spec", "jobTemplate", "spec", "template"]),
            PodTemplatePath(kind: "DeploymentConfig", group: "", path: specTemplate),
            PodTemplatePath(kind: "DeploymentConfig", group: "apps.openshift.io", path: specTemplate),
            PodTemplatePath(kind: "Rollout", group: "argoproj.io", path: specTemplate),
            PodTemplatePath(kind: "Service", group: "serving.knative.dev", path: specTemplate),
            PodTemplatePath(kind: "Configuration", group: "serving.knative.dev", path: specTemplate),
            PodTemplatePath(kind: "CloneSet", group: "apps.kruise.io", path: specTemplate),
            PodTemplatePath(kind: "StatefulSet", group: "apps.kruise.io", path: specTemplate),
            PodTemplatePath(kind: "DaemonSet", group: "apps.kruise.io", path: specTemplate),
            PodTemplatePath(kind: "BroadcastJob", group: "apps.kruise.io", path: specTemplate),
        ]
        + ["apps", "extensions"].flatMap { group in
            ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"].map {
                PodTemplatePath(kind: $0, group: group, path: specTemplate)
            }
        }

    /// Lists within lists, and items of one.
    static let maximumListDepth = 8
    static let maximumItems = 100_000

    static func path(kind: String, apiVersion: String, given: [PodTemplatePath]) -> [String]? {
        let group =
            apiVersion.split(separator: "/", maxSplits: 1).count == 2
            ? String(apiVersion.prefix { $0 != "/" }) : ""
        let isMatch = { (entry: PodTemplatePath) in entry.kind == kind && (entry.group ?? group) == group }
        return (given.first(where: isMatch) ?? builtIn.first(where: isMatch))?.path
    }

    /// Every workload that a document holds, Lists item by item.
    static func find(in document: Value, given: [PodTemplatePath]) -> [Workload] {
        var found: [Workload] = []
        collect(document, path: [], inherited: nil, given: given, into: &found)
        return found
    }

    private static func collect(
        _ value: Value, path: [Workload.PathStep], inherited: (kind: String, apiVersion: String)?,
        given: [PodTemplatePath], into found: inout [Workload]
    ) {
        guard case .object(let object) = value, path.count <= maximumListDepth * 2, found.count < maximumItems
        else { return }
        let kind = object["kind"]?.string ?? inherited?.kind ?? ""
        let apiVersion = object["apiVersion"]?.string ?? inherited?.apiVersion ?? ""
        if kind.hasSuffix("List"), case .array(let items)? = object["items"] {
            let itemKind = String(kind.dropLast(4))
            for (index, item) in items.enumerated() {
                collect(
                    item, path: path + [.member("items"), .item(index)],
                    inherited: itemKind.isEmpty ? nil : (itemKind, apiVersion), given: given, into: &found)
            }
            return
        }
        guard let template = Self.path(kind: kind, apiVersion: apiVersion, given: given) else { return }
        let metadata = object["metadata"]?.object
        found.append(
            Workload(
                kind: kind, apiVersion: apiVersion, name: metadata?.text("name") ?? "",
                namespace: metadata?.text("namespace") ?? "", objectPath: path, templatePath: template,
                object: object))
    }

    /// Where an object of an unknown kind holds something like a pod's spec, or nil: a member `containers` whose items
    /// have a name and an image.
    static func podSpec(in value: Value, path: [String] = []) -> String? {
        guard path.count < 8, case .object(let object) = value else { return nil }
        if case .array(let items)? = object["containers"], case .object(let first)? = items.first,
            first["name"]?.string != nil, first["image"]?.string != nil
        {
            return JSONPointer(path).description
        }
        for member in object.members {
            if let found = podSpec(in: member.value, path: path + [member.key]) { return found }
        }
        return nil
    }
}
