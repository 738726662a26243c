import PluginAPI
import Values

/// One pod on its way through an injection: what is known about it besides the pod itself.
struct InjectionSubject: Sendable {
    /// What is changed. In the classic form of kube-inject for a CronJob, the metadata of its job template.
    var pod: Pod
    /// Who stands behind the pod: TypeMeta, and the name of DeploymentMeta.
    var owner: Ownership
    /// DeploymentMeta, as the classic form sees it: the whole metadata with the owner's name.
    var deploymentMetadata: Object
    /// Where the pod will live, as far as that is known.
    var namespace = ""
    /// Whether an API server asks; else a manifest is changed.
    var isReview: Bool
    /// From the webhook's path.
    var environment: [(name: String, value: String)] = []
    /// Nanoseconds of the monotonic clock at which rendering gives up.
    var deadline: UInt64?
    /// As `ReviewOptions` has it.
    var steps: Int?
    /// Measures the steps of a review that is measured.
    var clock: StageClock?
    /// What should be said about this injection to whoever applies the pod.
    var notes: [String] = []
    /// What should be said to whoever writes the templates.
    var templateNotes: [String] = []

    /// A pod, from an API server or a manifest.
    ///
    /// - Parameter namespace: where the pod will live, for a pod that does not say so; nil leaves it open.
    init(pod: Pod, form: PolicyConfiguration.Form, namespace: String?, isReview: Bool) {
        self.pod = pod
        self.isReview = isReview
        owner = Ownership(of: pod, form: form)
        deploymentMetadata = pod.metadata
        if let namespace, deploymentMetadata.text("namespace").isEmpty {
            deploymentMetadata["namespace"] = .string(namespace)
        }
        self.namespace = deploymentMetadata.text("namespace")
        deploymentMetadata["name"] = .string(owner.name)
        if let note = owner.note { notes.append(note) }
    }

    /// The pod template of a workload.
    init(template: Pod, of workload: Workload) {
        pod = template
        isReview = false
        owner = Ownership(apiVersion: workload.apiVersion, kind: workload.kind, name: workload.name)
        deploymentMetadata = workload.object["metadata"]?.object ?? Object()
    }

    /// The pod's metadata as templates see it: without `managedFields`, in the namespace it will live in.
    func visibleMetadata(_ metadata: Object) -> Object {
        var visible = metadata
        if visible.index(of: "managedFields") != nil { visible["managedFields"] = nil }
        guard isReview, visible.text("namespace").isEmpty, let namespace = deploymentMetadata["namespace"]
        else {
            return visible
        }
        visible["namespace"] = namespace
        return visible
    }
}
