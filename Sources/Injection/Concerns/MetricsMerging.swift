import PluginAPI
import Values

/// Lets Prometheus scrape the proxy instead of the application, if pod and mesh allow it.
struct MetricsMerging: PodConcern {
    /// The mesh's status port if the mesh is not known.
    private static let usualStatusPort: Int64 = 15020

    func apply(to work: inout PodWork) throws(InjectionError) {
        let mesh = work.snapshot.mesh
        let merge = PrometheusMerge(statusPort: mesh.statusPort)
        switch work.snapshot.form {
        case .classic:
            let original = work.original
            guard PrometheusMerge.isWanted(pod: original, mesh: mesh.value) else { return }
            if let setting = merge.classicSetting(of: original).map(GoText.json) {
                work.modifyInjectedProxy { Environment.append(ProxyVariable.prometheus, setting, to: &$0) }
            }
            merge.setAnnotations(&work.pod)
        case .modern:
            defer { PrometheusMerge.setSecurePort(&work.pod) }
            guard PrometheusMerge.isWanted(pod: work.pod, mesh: mesh.value) else { return }
            if try merge.apply(to: &work.pod) {
                work.subject.notes.append("\(MetadataKey.scrapeTargets): an entry without a port is ignored")
            }
        }
    }

    func undo(in undoing: inout PodUndoing) {
        // The port may be from another configuration than the current one.
        let stated = undoing.pod.annotation(MetadataKey.scrapePort).flatMap(GoText.int)
        let port = stated ?? Self.usualStatusPort
        let merge = PrometheusMerge(statusPort: port)
        guard merge.isMerged(undoing.pod) else { return }
        let setting = Environment.value(of: ProxyVariable.prometheus, in: undoing.proxy)
        merge.restoreAnnotations(&undoing.pod, from: setting)
        // The user's own proxy stays unchanged.
        guard setting != nil else { return }
        undoing.pod.modifyProxy { Environment.removeLast(ProxyVariable.prometheus, from: &$0) }
    }
}
