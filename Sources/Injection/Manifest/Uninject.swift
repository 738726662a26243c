import PluginAPI
import Values

/// Takes an injection back: exactly where the way back was kept, else by what an injection leaves in the workload.
///
/// What it leaves: the status annotation names what was put in; the proxy's environment holds the application's probes
/// and scraping annotations; `proxy.istio.io/overrides` holds the user's part of injected containers. What it does not
/// leave: values that it overwrote (`fsGroup`, `dnsConfig`, annotations set by the template or the configuration), and
/// whether a label or an empty list was there before.
struct Uninject {
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
        var undoing = PodUndoing(pod, status, configuration: nil)
        for concern in ConcernOrder.wayBack { try concern.undo(in: &undoing) }
        pod = undoing.pod
        for key in ["annotations", "labels"] where pod.metadata[key]?.object?.isEmpty == true {
            pod.metadata[key] = nil
        }
        return Outcome(object: workload.object(with: pod), isExact: false, notes: undoing.notes)
    }
}
