import Values

/// `dnsConfig` of the classic form's template, which replaces the pod's own.
struct DNSConfig: PodConcern {
    func apply(to work: inout PodWork) {
        guard let config = work.template["dnsConfig"], case .object = config else { return }
        if !work.isReview, let own = work.pod.spec["dnsConfig"], own != config {
            work.subject.notes.append(
                "dnsConfig of the pod template is replaced by the injection template's")
        }
        work.pod.spec["dnsConfig"] = config
    }

    /// Stays: what the pod had before is not recorded.
    func undo(in undoing: inout PodUndoing) {}
}
