import PluginAPI
import Values

/// A pod during its injection, with everything that the concerns need.
struct PodWork {
    let snapshot: Snapshot
    /// The pod as templates see it, and the facts about it.
    let subject: InjectionSubject
    /// The original pod, without an earlier injection.
    let original: Pod
    /// An earlier injection that is still in the pod, because Istio merges into it (`NativeSidecar`); otherwise nil.
    var earlier: StatusAnnotation?
    /// The pod with the changes so far.
    var pod: Pod
    /// The changes of the pod's annotations to the configuration.
    var settings: AnnotationSettings
    /// The result of the templates: a SidecarInjectionSpec in the classic form, the spec of the merged rendered pods in
    /// the modern one.
    var template = Object()
    /// The index of the first injected container, in the classic form.
    var firstInjected = 0
    /// Environment variables for the proxy, sorted by name, which `ProxyEnvironment` determines.
    var environment: [(name: String, value: String)] = []

    init(_ subject: InjectionSubject, _ snapshot: Snapshot) {
        self.snapshot = snapshot
        self.subject = subject
        original = subject.pod
        pod = subject.pod
        settings = AnnotationSettings(proxyConfig: snapshot.mesh.proxyConfig)
    }

    var isReview: Bool { subject.isReview }

    /// Changes the proxy that the classic form injected, if there is one.
    mutating func modifyInjectedProxy(_ body: (inout Object) -> Void) {
        guard
            let index = pod.containers[firstInjected...].firstIndex(where: { $0.name == ContainerName.proxy })
        else { return }
        pod.modifyList("containers") { $0[index].modifyObject(body) }
    }
}
