import Values

/// Adds the labels by which a mesh groups workloads into services and revisions, unless the pod has them.
struct CanonicalLabels: PodConcern {
    func apply(to work: inout PodWork) {
        Self.apply(to: &work.pod, workload: work.subject.owner.name)
    }

    /// A pod that is injected again keeps the labels: its templates see them, as Istio's do.
    func undo(in undoing: inout PodUndoing) {
        guard undoing.isFinal else { return }
        undoing.pod.removeLabel(MetadataKey.canonicalName)
        undoing.pod.removeLabel(MetadataKey.canonicalRevision)
    }

    /// - Parameter workload: the service's name if no label has one.
    static func apply(to pod: inout Pod, workload: String) {
        let labels = pod.labels
        let name =
            first(of: [MetadataKey.canonicalName, MetadataKey.appName, MetadataKey.app], in: labels)
            ?? workload
        let revision =
            first(
                of: [MetadataKey.canonicalRevision, MetadataKey.appVersion, MetadataKey.version], in: labels)
            ?? "latest"
        pod.setLabelIfUnset(MetadataKey.canonicalName, name)
        pod.setLabelIfUnset(MetadataKey.canonicalRevision, revision)
    }

    private static func first(of keys: [String], in labels: Object) -> String? {
        for key in keys { if let text = labels[key]?.string { return text } }
        return nil
    }
}
