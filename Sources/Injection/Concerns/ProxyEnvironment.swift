import PluginAPI
import Values

/// Sets the proxy's cluster and network, and in the modern form all variables of the webhook's path.
struct ProxyEnvironment: PodConcern {
    func prepare(_ work: inout PodWork) {
        work.environment = work.snapshot.form == .classic ? Self.classic(work) : Self.modern(work)
    }

    func apply(to work: inout PodWork) {
        let environment = work.environment
        guard !environment.isEmpty else { return }
        if work.snapshot.form == .classic {
            work.modifyInjectedProxy { PathEnvironment.overwrite(&$0, with: environment) }
        } else {
            // An earlier injection appended these two.
            let successors: Set<String> =
                work.earlier == nil ? [] : [ProxyVariable.prometheus, ProxyVariable.probes]
            work.pod.modifyProxy { PathEnvironment.overwrite(&$0, with: environment, before: successors) }
        }
    }

    /// Does nothing: the variables are removed with the proxy.
    func undo(in undoing: inout PodUndoing) {}

    private static func classic(_ work: PodWork) -> [(name: String, value: String)] {
        work.subject.environment.filter {
            ($0.name == ProxyVariable.clusterID || $0.name == ProxyVariable.network) && !$0.value.isEmpty
        }
    }

    /// The variables, sorted by name: the path overrides the values, and the pod's label overrides both. An empty
    /// cluster or network has no effect, but an empty label removes the values' network.
    private static func modern(_ work: PodWork) -> [(name: String, value: String)] {
        var found: [String: String] = [:]
        for pair in work.subject.environment { found[pair.name] = pair.value }
        let global = work.snapshot.values["global"]
        var cluster = global?["multiCluster"]?["clusterName"]?.string ?? ""
        if let named = found[ProxyVariable.clusterID], !named.isEmpty { cluster = named }
        var network = global?["network"]?.string ?? ""
        if let named = found[ProxyVariable.network], !named.isEmpty { network = named }
        if let label = work.subject.pod.label(MetadataKey.network) { network = label }
        if !cluster.isEmpty { found[ProxyVariable.clusterID] = cluster }
        if !network.isEmpty { found[ProxyVariable.network] = network }
        return found.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { ($0.key, $0.value) }
    }
}
