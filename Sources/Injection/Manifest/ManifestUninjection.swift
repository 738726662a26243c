import PluginAPI
import Values

/// Removes injections from the workloads of a manifest.
struct ManifestUninjection: ManifestChange {
    let podTemplatePaths: [PodTemplatePath]
    let options: ManifestOptions
    var reports: [WorkloadReport] = []
    var problems: [InjectionError] = []
    var restores: Bool { true }

    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value? {
        var result = value
        var hasChanged = false
        for workload in WorkloadKinds.find(in: value, given: podTemplatePaths) {
            var workload = workload
            if hasChanged, case .object(let object)? = result.value(at: workload.objectPath[...]) {
                workload.object = object
            }
            let outcome: Uninject.Outcome?
            do {
                outcome = try Uninject.undone(workload)
            } catch {
                note(error, of: workload, line: line)
                continue
            }
            var report = WorkloadReport(
                kind: workload.kind, name: workload.name,
                namespace: workload.namespace.isEmpty ? options.namespace ?? "default" : workload.namespace,
                injected: false, reason: .forcedByCLI, message: "nothing was injected into it",
                document: document,
                pointer: workload.pointer, line: line)
            if let outcome {
                report.restored = true
                report.message =
                    outcome.isExact ? "restored exactly" : "restored from what the injection left"
                report.notes = outcome.notes
                result.replace(at: workload.objectPath[...], with: outcome.object)
                hasChanged = true
            }
            reports.append(report)
        }
        guard hasChanged else { return nil }
        return result
    }
}
