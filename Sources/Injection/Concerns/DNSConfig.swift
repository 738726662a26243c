import Values

/// Applies `dnsConfig` of the classic form's template: its settings replace the pod's own; the pod's others stay.
struct DNSConfig: PodConcern {
    func apply(to work: inout PodWork) {
        guard case .object(let config)? = work.template["dnsConfig"], !config.isEmpty else { return }
        if !work.isReview, let own = work.pod.spec["dnsConfig"], own != .object(config) {
            work.subject.notes.append(
                "dnsConfig of the pod template is replaced by the injection template's")
        }
        work.pod.spec.modify("dnsConfig") { value in
            value.modifyObject { own in
                for member in config.members { own[member.key] = member.value }
            }
        }
    }

    /// Does nothing: the pod's settings before the injection are not recorded.
    func undo(in undoing: inout PodUndoing) {}
}
