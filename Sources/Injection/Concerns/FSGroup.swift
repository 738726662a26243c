import Values

/// Sets `fsGroup` of the pod to the proxy's group, even if the user set another one. Otherwise Kubernetes mounts the
/// service account's token for root only (kubernetes/kubernetes#57923). Classic form.
struct FSGroup: PodConcern {
    static let proxyGroup: Int64 = 1337

    /// In a review, the template already sees the group.
    func prepare(_ work: inout PodWork) {
        guard work.isReview, Self.isWanted(work) else { return }
        Self.note(&work)
        Self.set(&work.subject.pod)
    }

    func apply(to work: inout PodWork) {
        guard Self.isWanted(work) else { return }
        if !work.isReview { Self.note(&work) }
        Self.set(&work.pod)
    }

    func undo(in undoing: inout PodUndoing) {
        guard undoing.isFinal, case .object(let context)? = undoing.pod.spec["securityContext"],
            context["fsGroup"] == .int(Self.proxyGroup)
        else { return }
        undoing.pod.spec.modify("securityContext") { $0.modifyObject { $0["fsGroup"] = nil } }
        if context.count == 1 { undoing.pod.spec["securityContext"] = nil }
        undoing.notes.append(
            "fsGroup \(Self.proxyGroup) is taken out; whether another one was there is not known")
    }

    /// Only if a node agent provides the proxy's certificates, because it requires the service account's token.
    private static func isWanted(_ work: PodWork) -> Bool { work.snapshot.mesh.hasNodeAgent }

    private static func note(_ work: inout PodWork) {
        guard let own = work.original.spec["securityContext"]?["fsGroup"]?.int, own != proxyGroup else {
            return
        }
        work.subject.notes.append("fsGroup \(own) of the pod is replaced by \(proxyGroup)")
    }

    private static func set(_ pod: inout Pod) {
        pod.spec.modify("securityContext") { $0.modifyObject { $0["fsGroup"] = .int(proxyGroup) } }
    }
}
