import PluginAPI
import Values

/// A pod as an API server returns it, and the pod that a webhook would see.
///
/// Everything that is added after admission is removed: the server's metadata, a generated name, the node, the status,
/// and annotations of network plugins.
struct LivePod {
    /// The pod without these, but with its injection.
    let pod: Pod
    /// The names of the injected parts; nil if the pod has no injection.
    let status: StatusAnnotation?

    /// - Throws: if the value is not a pod.
    init(_ value: Value) throws(InjectionError) {
        var pod = try Pod.check(value)
        Self.removeServerParts(&pod.metadata)
        pod.spec["nodeName"] = nil
        self.pod = pod
        let stated = pod.annotation(MetadataKey.status).flatMap(StatusAnnotation.init(parsing:))
        status = stated.flatMap { Self.isThere($0, pod) ? $0 : nil }
    }

    /// Metadata that an API server sets, and annotations that network plugins write when a pod starts.
    static let serverKeys: [StaticString] = [
        "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink",
        "deletionTimestamp", "deletionGracePeriodSeconds",
    ]
    static let runtimeAnnotations: [StaticString] = [
        "cni.projectcalico.org/containerID", "cni.projectcalico.org/podIP", "cni.projectcalico.org/podIPs",
        "k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status",
        "k8s.ovn.org/pod-networks",
    ]

    private static let serverNames = serverKeys.map(\.description)
    private static let droppedAnnotations = runtimeAnnotations.map(\.description) + [Provenance.annotation]

    private static func removeServerParts(_ metadata: inout Object) {
        for key in serverNames where metadata.index(of: key) != nil { metadata[key] = nil }
        if isGenerated(metadata.text("name"), from: metadata.text("generateName")) { metadata["name"] = nil }
        if let owners = metadata["ownerReferences"]?.array, owners.contains(where: { $0["uid"] != nil }) {
            metadata["ownerReferences"] = .array(
                owners.map { owner in
                    var owner = owner
                    owner.modifyObject { $0["uid"] = nil }
                    return owner
                })
        }
        guard case .object(let annotations)? = metadata["annotations"] else { return }
        let kept = annotations.members.filter { !droppedAnnotations.contains($0.key) }
        if kept.count < annotations.count { metadata["annotations"] = .object(Object(kept)) }
    }

    /// Whether an API server generated the name: a prefix of at most 58 bytes and five letters or digits that form no
    /// words (k8s.io/apiserver, `SimpleNameGenerator`). A webhook sees a pod without it.
    static func isGenerated(_ name: String, from prefix: String) -> Bool {
        let prefix = Array(prefix.utf8.prefix(58))
        guard !prefix.isEmpty, name.utf8.count == prefix.count + 5, name.utf8.starts(with: prefix) else {
            return false
        }
        return name.utf8.suffix(5).allSatisfy(generatedBytes.contains)
    }

    static let generatedBytes = Set("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// Whether any part that the status names is in the pod: an annotation alone is not a sidecar.
    private static func isThere(_ status: StatusAnnotation, _ pod: Pod) -> Bool {
        let lists = [status.initContainers, status.containers, status.volumes, status.imagePullSecrets]
        return zip(StatusAnnotation.lists, lists).contains { list, names in
            (pod.spec[list]?.array ?? []).contains { names.contains($0.name) }
        }
    }

    // MARK: The pod before its injection

    /// The concerns that are undone. Labels, annotations and the file system's group remain, because they may be the
    /// pod's own: templates read them, and write the same again.
    private static let wayBack: [any PodConcern] = [
        ContainerOrder(), ProbeRewriting(), MetricsMerging(), ProxyEnvironment(), Concurrency(),
        ServiceAccountMount(), OpenShiftProxyUser(), UserContainers(), InjectedParts(), DNSConfig(),
        StatusMark(),
    ]

    /// Returns the pod as it was before the injection; the pod itself if it has no injection.
    ///
    /// - Parameter final: whether marks that may be the pod's own are removed too, as `kube-uninject` does.
    func stripped(final: Bool = false) throws(InjectionError) -> Pod {
        guard let status else {
            var pod = pod
            pod.removeAnnotation(MetadataKey.status)
            return pod
        }
        var undoing = PodUndoing(pod, status, configuration: nil)
        for concern in final ? ConcernOrder.wayBack : Self.wayBack { try concern.undo(in: &undoing) }
        return undoing.pod
    }
}
