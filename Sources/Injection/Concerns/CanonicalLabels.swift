import Values

/// The labels by which a mesh groups workloads into services and revisions, where the pod does not say so itself.
enum CanonicalLabels {
    /// - Parameter workload: the name to fall back on.
    static func apply(to pod: inout Pod, workload: String) {
        let labels = pod.labels
        let name =
            first(of: [MetadataKey.canonicalName, "app.kubernetes.io/name", "app"], in: labels) ?? workload
        let revision =
            first(of: [MetadataKey.canonicalRevision, "app.kubernetes.io/version", "version"], in: labels)
            ?? "latest"
        pod.setLabelIfUnset(MetadataKey.canonicalName, name)
        pod.setLabelIfUnset(MetadataKey.canonicalRevision, revision)
    }

    private static func first(of keys: [String], in labels: Object) -> String? {
        for key in keys { if let text = labels[key]?.string { return text } }
        return nil
    }
}
