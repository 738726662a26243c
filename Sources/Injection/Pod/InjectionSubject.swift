import PluginAPI
import Values

/// A pod to inject, with the facts about it and the reports of its injection.
///
/// There is one for each injection, and all steps change it. It is a class because a struct with its many members was
/// copied six times in a review.
final class InjectionSubject {
    /// The pod. Its metadata is that of the job template for a CronJob in the classic form of kube-inject.
    var pod: Pod
    /// The workload that owns the pod: TypeMeta, and the name of DeploymentMeta.
    var owner: Ownership
    /// DeploymentMeta of the classic form: the whole metadata, with the owner's name.
    var deploymentMetadata: Object
    /// The namespace of the pod; empty if it is not known.
    var namespace = ""
    /// Whether this is a review; otherwise it is a manifest.
    var isReview: Bool
    /// Environment variables from the webhook's path.
    var environment: [(name: String, value: String)] = []
    /// The time at which rendering stops, in nanoseconds of the monotonic clock.
    var deadline: UInt64?
    /// As in `ReviewOptions`.
    var steps: Int?
    /// The cached review of the pod's workload.
    var known: KnownReview?
    /// Measures the stages; nil measures nothing.
    var clock: StageClock?
    /// Whether the template `sidecar` is the default and aliases are not resolved, as in Istio's kube-inject.
    var usesSidecarOnly = false
    /// Notes for the user who applies the pod.
    var notes: [String] = []
    /// Notes for the authors of the templates.
    var templateNotes: [TemplateNote] = []
    /// The rendered texts, in order. The cause of a lost part is searched in them.
    var rendered: [RenderedText] = []
    /// Parts that were removed from the pod on purpose, as in `PodSurvival.Loss.pointer`.
    var removed: [String] = []
    /// Problems of the result that an API server will report.
    var forecast: [Forecast.Finding] = []
    /// Whether this is the trial of a configuration, which reports the forecast but does not refuse the pod.
    var isTrial = false
    /// The pod after its earlier injection was removed; nil if it had no status annotation.
    var undone: Pod?
    /// The parts that the earlier injection had added, as in `removed`. The user's part of them is in `undone`.
    var undoneParts: [String] = []
    /// Volumes of that injection that containers of the pod may mount.
    var leftVolumes: [Value] = []
    /// Whether all templates rendered to nothing, so that the pod does not change.
    var hasRenderedNothing = false
    /// The findings about the pod's texts in the templates' output.
    var taint = TaintReport()
    /// How to treat a pod's text that does not stay text in the output; nil for the Snapshot's setting.
    var taintMode: TaintMode?
    /// The paths of the data that templates read; nil if they are not recorded.
    var taintReads: [[String]]?
    /// The changes of each step; nil if they are not recorded.
    var trace: InjectionTrace?

    /// A pod, from an API server or a manifest.
    ///
    /// - Parameter namespace: used if the pod does not name one; nil if it is not known.
    init(pod: Pod, form: PolicyConfiguration.Form, namespace: String?, isReview: Bool) {
        self.pod = pod
        self.isReview = isReview
        // Istio 1.6's kube-inject does not look up a pod's controller; its webhook does, and so do both in current
        // Istio.
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

    var wasInjected: Bool { undone != nil }

    /// A copy for the trial of an injection.
    init(copying other: InjectionSubject) {
        (pod, owner, deploymentMetadata) = (other.pod, other.owner, other.deploymentMetadata)
        isReview = other.isReview
        become(other)
    }

    /// Copies all members of another subject, whose trial becomes the final injection.
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
        undone = other.undone
        undoneParts = other.undoneParts
        leftVolumes = other.leftVolumes
        hasRenderedNothing = other.hasRenderedNothing
        taint = other.taint
        taintMode = other.taintMode
        taintReads = other.taintReads
        trace = other.trace
    }

    /// The pod's metadata as templates see it: without `managedFields`, with the namespace of the review.
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
