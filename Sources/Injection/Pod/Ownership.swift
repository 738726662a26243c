import PluginAPI
import Values

/// The workload that owns a pod: what templates see as TypeMeta and DeploymentMeta.
///
/// A pod names only its direct owner. The workload is derived from the owner's name and the pod's labels:
///
/// | owner | condition | counts as |
/// | --- | --- | --- |
/// | ReplicaSet `x-HASH` | label `pod-template-hash: HASH` | Deployment `x` |
/// | ReplicaSet `x-HASH` | label `rollouts-pod-template-hash: HASH` (modern) | Rollout `x`, `v1alpha1` |
/// | ReplicaSet `x` | no label (classic) | Deployment `x`, without a trailing `-` |
/// | ReplicationController | label `deploymentconfig: x` (modern) | DeploymentConfig `x` |
/// | Job `x-TIMESTAMP` | ten digits (modern: eight to ten) | CronJob `x`, `batch/v1beta1` (modern: `batch/v1`) |
/// | any other | | itself |
struct Ownership: Sendable, Equatable {
    var apiVersion: String
    var kind: String
    var name: String
    /// A note for the user if this is a guess.
    var note: String?

    /// The owner of a pod, as the webhook sees it.
    init(of pod: Pod, form: PolicyConfiguration.Form) {
        self.init(apiVersion: "v1", kind: "Pod", name: pod.name)
        if !pod.metadata.text("generateName").isEmpty, let owner = Self.controller(of: pod) {
            apiVersion = owner.text("apiVersion")
            kind = owner.text("kind")
            name = owner.text("name")
            switch form {
            case .classic: lookBehindClassic(pod)
            case .modern: lookBehindModern(pod)
            }
        }
        if name.isEmpty { name = pod.name }
    }

    init(apiVersion: String, kind: String, name: String) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        note = nil
    }

    /// TypeMeta in templates.
    var typeMeta: Value { ["kind": .string(kind), "apiVersion": .string(apiVersion)] }

    /// Only an owner reference with `controller: true` counts.
    private static func controller(of pod: Pod) -> Object? {
        for case .object(let owner) in pod.metadata["ownerReferences"]?.array ?? []
        where owner["controller"]?.bool == true { return owner }
        return nil
    }

    private mutating func lookBehindClassic(_ pod: Pod) {
        if kind == "ReplicaSet" {
            let hash = pod.label(MetadataKey.podTemplateHash) ?? ""
            guard name.ends(with: hash) || hash.isEmpty else { return }
            if hash.isEmpty {
                note =
                    "taken for a Deployment: ReplicaSet \"\(name)\" owns a pod without the label "
                    + MetadataKey.podTemplateHash
            }
            name = GoText.trim(suffix: "-" + hash, from: name)
            kind = "Deployment"
        } else if kind == "Job", name.utf8.count > 11 {
            takeForCronJob(digits: 10...10, apiVersion: "batch/v1beta1")
        }
    }

    private mutating func lookBehindModern(_ pod: Pod) {
        switch kind {
        case "ReplicaSet":
            if let hash = pod.label(MetadataKey.podTemplateHash), !hash.isEmpty, name.ends(with: hash) {
                name = GoText.trim(suffix: "-" + hash, from: name)
                kind = "Deployment"
            } else if let hash = pod.label(MetadataKey.rolloutHash), !hash.isEmpty, name.ends(with: hash) {
                name = GoText.trim(suffix: "-" + hash, from: name)
                kind = "Rollout"
                apiVersion = "v1alpha1"
            }
        case "ReplicationController":
            guard let configuration = pod.label(MetadataKey.deploymentConfig), !configuration.isEmpty else {
                return
            }
            name = configuration
            kind = "DeploymentConfig"
        case "Job": takeForCronJob(digits: 8...10, apiVersion: "batch/v1")
        default: break
        }
    }

    private mutating func takeForCronJob(digits range: ClosedRange<Int>, apiVersion: String) {
        let bytes = Array(name.utf8)
        let digits = bytes.reversed().prefix { (0x30...0x39).contains($0) }.count
        let dash = bytes.count - digits - 1
        guard range.contains(digits), dash > 0, bytes[dash] == 0x2d else { return }
        name = String(decoding: bytes[..<dash], as: UTF8.self)
        kind = "CronJob"
        self.apiVersion = apiVersion
    }
}
