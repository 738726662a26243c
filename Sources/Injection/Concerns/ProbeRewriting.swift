import PluginAPI
import Values

/// Redirects the application's health checks to the proxy, which forwards them.
struct ProbeRewriting: PodConcern {
    func apply(to work: inout PodWork) {
        switch work.snapshot.form {
        case .classic: applyClassic(to: &work)
        case .modern: applyModern(to: &work)
        }
    }

    private func applyClassic(to work: inout PodWork) {
        guard isWanted(work.pod, default: work.template["rewriteAppHTTPProbe"]) else { return }
        let probes = self.probes(work)
        // In a manifest, the pod's own proxy counts too, and is the first.
        let first = work.isReview ? work.firstInjected : 0
        guard work.pod.containers[first...].contains(where: { $0.name == ContainerName.proxy }) else {
            return
        }
        if work.isReview {
            // The template's containers get no entry, because they are not the application's.
            let record = Self.withoutRewritten(probes.record(work.subject.pod))
            work.modifyInjectedProxy { Environment.append(ProxyVariable.probes, Self.text(record), to: &$0) }
        } else {
            let record = Self.withoutRewritten(probes.record(work.pod))
            work.pod.modifyProxy { Environment.append(ProxyVariable.probes, Self.text(record), to: &$0) }
        }
        probes.rewrite(&work.pod)
    }

    private func applyModern(to work: inout PodWork) {
        let byDefault = work.snapshot.values["sidecarInjectorWebhook"]?["rewriteAppHTTPProbe"]
        guard work.pod.proxy != nil, isWanted(work.pod, default: byDefault) else { return }
        let probes = self.probes(work)
        let record = probes.record(work.pod)
        if !record.isEmpty {
            let isMerging = work.subject.wasInjected || work.earlier != nil
            work.pod.modifyProxy { Self.add(record, to: &$0, merging: isMerging) }
        }
        probes.rewrite(&work.pod)
    }

    /// Restores the application's probes. A named port is restored as its number.
    func undo(in undoing: inout PodUndoing) {
        guard let recorded = PodUndoing.recorded(ProxyVariable.probes, in: undoing.proxy) else { return }
        var hasRestored = false
        for list in ["initContainers", "containers"] {
            guard case .array(let items)? = undoing.pod.spec[list] else { continue }
            for index in items.indices {
                guard let restored = Probes.restored(items[index], from: recorded) else { continue }
                undoing.pod.modifyList(list) { $0[index] = restored }
                hasRestored = true
            }
        }
        // The user's own proxy stays unchanged.
        guard hasRestored else { return }
        undoing.pod.modifyProxy { Environment.removeLast(ProxyVariable.probes, from: &$0) }
    }

    // MARK: Parts

    private func isWanted(_ pod: Pod, default otherwise: Value?) -> Bool {
        Probes.isWanted(
            annotation: pod.annotation(MetadataKey.rewriteProbes), default: otherwise?.bool ?? false)
    }

    private func probes(_ work: PodWork) -> Probes {
        let mesh = work.snapshot.mesh.statusPort
        let port = work.pod.annotation(MetadataKey.statusPort).flatMap(GoText.int) ?? mesh
        return Probes(form: work.snapshot.form, statusPort: port, meshStatusPort: mesh)
    }

    /// The record without probes that an earlier injection redirected without an entry. These have a port name that the
    /// container does not have, and the original probe is not known.
    private static func withoutRewritten(_ record: Object) -> Object {
        var record = record
        record.members.removeAll { $0.value["httpGet"]?["path"] == .string($0.key) }
        return record
    }

    /// Adds the record to the proxy's environment. If the pod had a status and its proxy was not trusted to be
    /// injected, it may already have a record, whose entries stay.
    private static func add(_ record: Object, to proxy: inout Object, merging: Bool) {
        proxy.modify("env") {
            $0.modifyArray { env in
                guard merging, let index = env.firstIndex(where: { $0.name == ProxyVariable.probes }) else {
                    env.append(Self.variable(record))
                    return
                }
                let text = env[index]["value"]?.string ?? ""
                let limits = JSONLimits(depth: 16, bytes: 1 << 20)
                guard let known = (try? JSON.read(text, limits: limits))?.object else { return }
                var merged = record
                for member in known.members { merged[member.key] = member.value }
                env[index] = Self.variable(merged.sortedByKey)
            }
        }
    }

    private static func variable(_ record: Object) -> Value {
        ["name": .string(ProxyVariable.probes), "value": .string(text(record))]
    }

    private static func text(_ record: Object) -> String { GoText.json(.object(record)) }
}
