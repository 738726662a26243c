import PluginAPI
import Values

/// A pod to inject, with what is known about it and what its injection reports.
///
/// One for each injection, to which all steps add. As a value it was copied six times a review, with its twenty members.
final class InjectionSubject {
    /// The pod. Its metadata is that of the job template for a CronJob in the classic form of kube-inject.
    var pod: Pod
    /// The workload that owns the pod: TypeMeta, and the name of DeploymentMeta.
    var owner: Ownership
    /// DeploymentMeta of the classic form: the whole metadata, with the owner's name.
    var deploymentMetadata: Object
    /// The namespace that the pod will live in; empty if it is not known.
    var namespace = ""
    /// Whether this is a review; else it is a manifest.
    var isReview: Bool
    /// From the webhook's path.
    var environment: [(name: String, value: String)] = []
    /// The time at which rendering stops, in nanoseconds of the monotonic clock.
    var deadline: UInt64?
    /// As in `ReviewOptions`.
    var steps: Int?
    /// What is remembered of the pod's workload.
    var known: KnownReview?
    /// Measures the stages; nil measures nothing.
    var clock: StageClock?
    /// Whether the template `sidecar` is the default, and aliases are not resolved, as Istio's kube-inject does it.
    var usesSidecarOnly = false
    /// Notes for the user who applies the pod.
    var notes: [String] = []
    /// What the authors of the templates should know.
    var templateNotes: [TemplateNote] = []
    /// The texts that the templates rendered, in order: where a lost part is looked for.
    var rendered: [RenderedText] = []
    /// Parts that were taken out of the pod on purpose, as `PodSurvival.Loss.pointer` has them.
    var removed: [String] = []
    /// What an API server will say about the result.
    var forecast: [Forecast.Finding] = []
    /// Whether this is the trial of a configuration, which reports the forecast and does not refuse by it.
    var isTrial = false
    /// Whether the pod came with a status annotation, whose injection was taken out.
    var wasInjected = false
    /// Volumes of that injection, which containers of the pod may mount.
    var leftVolumes: [Value] = []
    /// Whether all templates rendered to nothing, so that the pod stays as it is.
    var hasRenderedNothing = false
    /// What the pod's text did in the templates.
    var taint = TaintReport()
    /// What is done where the pod's text does not stay text; nil is the Snapshot's own setting.
    var taintMode: TaintMode?
    /// The paths of the data that templates followed; nil where nobody asks.
    var taintReads: [[String]]?
    /// Which step wrote what; nil where nobody asks.
    var trace: InjectionTrace?

    /// A pod, from an API server or a manifest.
    ///
    /// - Parameter namespace: used if the pod does not name one; nil if it is not known.
    init(pod: Pod, form: PolicyConfiguration.Form, namespace: String?, isReview: Bool) {
        self.pod = pod
        self.isReview = isReview
        // Istio 1.6's kube-inject takes a pod as it is; its webhook, and both of today, look for its controller.
        owner =
            form == .classic && !isReview
            ? Ownership(apiVersion: "v1", kind: "Pod", name: pod.name) : Ownership(of: pod, form: form)
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

    /// For an injection that is tried beside this one.
    init(copying other: InjectionSubject) {
        (pod, owner, deploymentMetadata) = (other.pod, other.owner, other.deploymentMetadata)
        isReview = other.isReview
        become(other)
    }

    /// Takes over all that another one is: of an injection that was tried and is the right one.
    func become(_ other: InjectionSubject) {
        pod = other.pod
        owner = other.owner
        deploymentMetadata = other.deploymentMetadata
        namespace = other.namespace
        isReview = other.isReview
        environment = other.environment
        deadline = other.deadline
        steps = other.steps
        known = other.known
        clock = other.clock
        usesSidecarOnly = other.usesSidecarOnly
        notes = other.notes
        templateNotes = other.templateNotes
        rendered = other.rendered
        removed = other.removed
        forecast = other.forecast
        isTrial = other.isTrial
        wasInjected = other.wasInjected
        leftVolumes = other.leftVolumes
        hasRenderedNothing = other.hasRenderedNothing
        taint = other.taint
        taintMode = other.taintMode
        taintReads = other.taintReads
        trace = other.trace
    }

    /// The pod's metadata as templates see it: without `managedFields`, with the namespace that it will live in.
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
