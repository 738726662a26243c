import PluginAPI
import Values

/// Undoes an injection: exactly if the original was recorded, else from the parts that the injection left.
///
/// These parts are: the status annotation, which lists the injected parts; the proxy's environment, with the
/// application's probes and scraping annotations; and `proxy.istio.io/overrides`, with the user's part of injected
/// containers. Not recorded are values that the injection overwrote (`fsGroup`, `dnsConfig`, annotations set by the
/// template or the configuration), and whether a label or an empty list was there before.
struct Uninject {
    /// The result of undoing an injection.
    struct Outcome {
        var object: Value
        var isExact: Bool
        var notes: [String] = []
    }

    /// nil if nothing was injected.
    static func undone(_ workload: Workload) throws(InjectionError) -> Outcome? {
        let object: Value = .object(workload.object)
        if let exact = try Provenance.undone(object, metadataPath: workload.metadataPath) {
            return Outcome(object: exact, isExact: true)
        }
        let place = workload.pointer + JSONPointer(workload.templatePath).description
        var pod = try Pod.check(workload.template, at: place)
        if workload.isCronJob { pod.metadata = workload.metadata }
        // Without a status, a container with the proxy's name may be the user's own.
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
