import PluginAPI
import Values

/// A pod on its way through an injection, with everything that its concerns need.
struct PodWork: Sendable {
    let snapshot: Snapshot
    /// The pod as templates see it, and what is known about it.
    var subject: InjectionSubject
    /// The pod as it came.
    let original: Pod
    /// The pod as it becomes.
    var pod: Pod
    /// What an earlier injection put in, as far as its status annotation can be believed (`EarlierInjection`).
    var earlier: StatusAnnotation?
    /// What the pod's annotations change in the configuration.
    var settings: AnnotationSettings
    /// What the templates rendered: a SidecarInjectionSpec in the classic form, the spec of the merged pods in the
    /// modern one.
    var template = Object()
    /// The index of the first injected container, in the classic form.
    var firstInjected = 0
    /// Environment variables for the proxy, sorted by name; `ProxyEnvironment` finds them.
    var environment: [(name: String, value: String)] = []

    /// - Parameter earlier: what an earlier injection put in.
    init(_ subject: InjectionSubject, _ snapshot: Snapshot, earlier: StatusAnnotation?) {
        self.snapshot = snapshot
        self.subject = subject
        self.earlier = earlier
        original = subject.pod
        pod = subject.pod
        settings = AnnotationSettings(proxyConfig: snapshot.mesh.proxyConfig)
    }

    var isReview: Bool { subject.isReview }

    /// Whether the pod came with a status annotation, readable or not.
    var hasStatus: Bool { original.annotation(MetadataKey.status) != nil }

    /// Changes the proxy that the classic form injected; does nothing where it injected none.
    mutating func modifyInjectedProxy(_ body: (inout Object) -> Void) {
        guard
            let index = pod.containers[firstInjected...].firstIndex(where: { $0.name == ContainerName.proxy })
        else { return }
        pod.modifyList("containers") { $0[index].modifyObject(body) }
    }

    /// A pod without the earlier injection, as templates should see it: each concern takes back what it did.
    func withoutEarlier(
        _ pod: Pod, _ status: StatusAnnotation, _ concerns: [any PodConcern]
    ) throws(InjectionError) -> Pod {
        var undoing = PodUndoing(pod, status, configuration: snapshot)
        for concern in concerns.reversed() { try concern.undo(in: &undoing) }
        return undoing.pod
    }
}
