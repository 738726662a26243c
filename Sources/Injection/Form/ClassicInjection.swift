import PluginAPI
import Values

/// The `template:` form of Istio 1.0 to 1.9: the rendered text is a SidecarInjectionSpec whose lists are appended to
/// the pod's.
enum ClassicInjection {
    /// The reason why a workload of a manifest is not injected; nil if it is. kube-inject ignores the policy and
    /// annotations.
    static func refusal(of pod: Pod) -> (reason: ReasonCode, message: String)? {
        if pod.usesHostNetwork { return (.hostNetworkEnabled, "it uses the host's network") }
        if let earlier = EarlierInjection(of: pod, form: .classic), earlier.isPlausible,
            !earlier.status.containers.isEmpty
        {
            return (.sidecarAlreadyExists, "its status annotation names containers that it has already")
        }
        // A pod template without its own containers has only the proxy after its injection.
        if pod.containers.count > 1 || pod.annotation(MetadataKey.status) != nil,
            pod.containers.contains(where: { $0.name == ContainerName.proxy })
        {
            return (.sidecarAlreadyExists, "it has a container \(ContainerName.proxy) already")
        }
        return nil
    }

    /// Renders the template for a pod; the concerns then append the result.
    static func fill(_ work: inout PodWork, _ concerns: [any PodConcern]) throws(InjectionError) {
        for concern in concerns { concern.prepare(&work) }
        if work.isReview, !work.subject.wasInjected, !EarlierInjection.hasClassicStatus(work.pod) {
            removeLegacy(from: &work)
        }
        work.settings = try AnnotationSettings(of: work.subject.pod, work.snapshot)
        work.subject.notes += work.settings.notes
        try render(&work)
    }

    /// Removes the parts of injections from before the status annotation existed. The template still sees them, as
    /// Istio's does.
    private static func removeLegacy(from work: inout PodWork) {
        let count = work.pod.containers.count + work.pod.initContainers.count
        StatusAnnotation.legacy.remove(from: &work.pod)
        if work.pod.containers.count + work.pod.initContainers.count < count {
            work.subject.removed += StatusAnnotation.legacy.pointers
        }
    }

    private static func render(_ work: inout PodWork) throws(InjectionError) {
        let clock = work.subject.clock
        clock?.enter(.render)
        let rendered = try work.snapshot.render(
            Snapshot.classicName, SidecarTemplateData.classic(work), for: work.subject)
        clock?.enter(.yaml)
        let decoded = try rendered.injectionSpec(&work.subject.taint)
        clock?.enter(.merge)
        work.subject.templateNotes += TemplateNote.notes(
            .memberUnknown, decoded.dropped, from: Snapshot.classicName)
        work.subject.rendered = [rendered]
        work.subject.hasRenderedNothing = RenderedText.isNothing(decoded.value)
        work.template = decoded.value.object ?? Object()
        // Decoding turns null items into empty objects.
        for list in StatusAnnotation.lists {
            guard case .array(let items)? = work.template[list], items.contains(where: Self.isEmpty) else {
                continue
            }
            work.template[list] = .array(items.filter { !Self.isEmpty($0) })
        }
    }

    private static func isEmpty(_ item: Value) -> Bool { item.object?.isEmpty == true }
}
