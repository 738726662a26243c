import PluginAPI
import Values

/// Takes an injection back: exactly where the way back was kept, else by what an injection leaves behind.
///
/// What it leaves: the status annotation names what was put in; the proxy's environment holds the application's probes
/// and scraping annotations; `proxy.istio.io/overrides` holds the user's part of injected containers. What it does not
/// leave: values that it overwrote (`fsGroup`, `dnsConfig`, annotations set by the template or the configuration), and
/// whether a label or an empty list was there before.
struct Uninject {
    /// The mesh's status port where it is the usual one.
    private static let usualStatusPort: Int64 = 15020

    /// What was done to a workload.
    struct Outcome {
        var object: Value
        var isExact: Bool
        var notes: [String] = []
    }

    /// nil where nothing was injected.
    static func undone(_ workload: Workload) throws(InjectionError) -> Outcome? {
        let object: Value = .object(workload.object)
        if let exact = try Provenance.undone(object, metadataPath: workload.metadataPath) {
            return Outcome(object: exact, isExact: true)
        }
        let place = workload.pointer + JSONPointer(workload.templatePath).description
        var pod = try Pod.check(workload.template, at: place)
        if workload.isCronJob { pod.metadata = workload.metadata }
        // Without a status, a container of the proxy's name may be the user's own.
        guard let status = pod.annotation(MetadataKey.status).flatMap(StatusAnnotation.init(parsing:))
        else { return nil }
        var notes: [String] = []
        restoreProbes(&pod)
        restoreScraping(&pod)
        let kept: Overrides
        do {
            kept = try Overrides(of: pod)
        } catch {
            throw InjectionError(.decide, .annotationInvalid, AnnotationRules.message([error]))
        }
        status.remove(from: &pod)
        for list in ["initContainers", "volumes", "imagePullSecrets"]
        where pod.spec[list]?.array?.isEmpty == true {
            pod.spec[list] = nil
        }
        kept.reinsert(into: &pod)
        removeMarks(&pod, notes: &notes)
        return Outcome(object: workload.object(with: pod), isExact: false, notes: notes)
    }

    /// Points the application's probes back at the application.
    private static func restoreProbes(_ pod: inout Pod) {
        let limits = JSONLimits(depth: 16, bytes: 1 << 20)
        guard let text = Environment.value(of: Probes.variable, in: pod.proxy),
            case .object(let recorded)? = try? JSON.read(text, limits: limits)
        else { return }
        for list in ["initContainers", "containers"] {
            guard case .array(let items)? = pod.spec[list] else { continue }
            for index in items.indices {
                guard let restored = Probes.restored(items[index], from: recorded) else { continue }
                pod.modifyList(list) { $0[index] = restored }
            }
        }
    }

    private static func restoreScraping(_ pod: inout Pod) {
        let port = pod.annotation("prometheus.io/port").flatMap(GoText.int) ?? usualStatusPort
        let merge = PrometheusMerge(statusPort: port)
        guard merge.isMerged(pod) else { return }
        merge.restoreAnnotations(&pod, from: Environment.value(of: PrometheusMerge.variable, in: pod.proxy))
    }

    /// Annotations and labels that injections set, and the group of the pod's volumes.
    private static func removeMarks(_ pod: inout Pod, notes: inout [String]) {
        pod.removeAnnotation(MetadataKey.status)
        pod.removeAnnotation(MetadataKey.overrides)
        if pod.label(MetadataKey.tlsMode) == "istio" { pod.removeLabel(MetadataKey.tlsMode) }
        for label in [MetadataKey.revision, MetadataKey.canonicalName, MetadataKey.canonicalRevision] {
            pod.removeLabel(label)
        }
        for key in ["annotations", "labels"] where pod.metadata[key]?.object?.isEmpty == true {
            pod.metadata[key] = nil
        }
        if case .object(let context)? = pod.spec["securityContext"],
            context["fsGroup"] == .int(FSGroup.proxyGroup)
        {
            pod.spec.modify("securityContext") { $0.modifyObject { $0["fsGroup"] = nil } }
            if context.count == 1 { pod.spec["securityContext"] = nil }
            notes.append(
                "fsGroup \(FSGroup.proxyGroup) is taken out; whether another one was there is not known")
        }
    }
}
