import PluginAPI
import Values

/// A pod on its way through an injection, with everything that its concerns need.
struct PodWork {
    let snapshot: Snapshot
    /// The pod as templates see it, and what is known about it.
    let subject: InjectionSubject
    /// The pod as it came, without an earlier injection.
    let original: Pod
    /// An earlier injection that is still in the pod, because Istio merges into it (`NativeSidecar`); nil for all others.
    var earlier: StatusAnnotation?
    /// The pod as it becomes.
    var pod: Pod
    /// What the pod's annotations change in the configuration.
    var settings: AnnotationSettings
    /// What the templates rendered: a SidecarInjectionSpec in the classic form, the spec of the merged pods in the
    /// modern one.
    var template = Object()
    /// The index of the first injected container, in the classic form.
    var firstInjected = 0
    /// Environment variables for the proxy, sorted by name; `ProxyEnvironment` finds them.
    var environment: [(name: String, value: String)] = []

    init(_ subject: InjectionSubject, _ snapshot: Snapshot) {
        self.snapshot = snapshot
        self.subject = subject
        original = subject.pod
        pod = subject.pod
        settings = AnnotationSettings(proxyConfig: snapshot.mesh.proxyConfig)
    }

    var isReview: Bool { subject.isReview }

    /// Changes the proxy that the classic form injected; does nothing where it injected none.
    mutating func modifyInjectedProxy(_ body: (inout Object) -> Void) {
        guard
            let index = pod.containers[firstInjected...].firstIndex(where: { $0.name == ContainerName.proxy })
        else { return }
        pod.modifyList("containers") { $0[index].modifyObject(body) }
    }
}
