import PluginAPI
import Values

/// What a pod's own annotations change in the configuration for that pod.
extension Snapshot {
    /// The words before an error of this form's template step.
    private var prefix: String { form == .modern ? "failed to run injection template: " : "" }

    /// Holds a pod's annotations against the registry.
    ///
    /// - Returns: notes about names that look misspelled.
    /// - Throws: all invalid ones together.
    func checkAnnotations(of pod: Pod) throws(InjectionError) -> [String] {
        let outcome = AnnotationRules.check(pod.annotations, form: form, mesh: mesh)
        guard outcome.problems.isEmpty else {
            throw InjectionError(
                .decide, .annotationInvalid, prefix + AnnotationRules.message(outcome.problems))
        }
        return outcome.notes
    }

    /// `.ProxyConfig`: the mesh's, with the pod's `proxy.istio.io/config` laid over it.
    func proxyConfig(for pod: Pod) throws(InjectionError) -> Value {
        guard let overlay = pod.annotation(MetadataKey.proxyConfig) else { return mesh.proxyConfig }
        do {
            return try mesh.proxyConfig(overlaying: overlay)
        } catch {
            let problem = AnnotationRules.Problem(
                annotation: MetadataKey.proxyConfig, value: overlay, why: error.message)
            throw InjectionError(.decide, .annotationInvalid, prefix + AnnotationRules.message([problem]))
        }
    }
}

/// The number of the proxy's worker threads: as many as it has processors, where the template does not say.
enum Concurrency {
    static func complete(_ proxy: inout Object) {
        let arguments = proxy["args"]?.array ?? []
        guard stated(in: arguments.map { $0.string ?? "" }) <= 0 else { return }
        let resources = proxy["resources"]
        let amounts = [resources?["limits"]?["cpu"], resources?["requests"]?["cpu"]]
        let counts = amounts.compactMap { amount in
            amount.flatMap { Quantity.roundedUp($0.string ?? JSON.text($0)) }
        }
        guard let count = counts.first(where: { $0 > 0 }) else { return }
        proxy["args"] = .array(arguments + ["--concurrency", .string(String(count))])
    }

    private static let flags = ["--concurrency", "-concurrency"]

    /// What the first `--concurrency N` or `-concurrency=N` says; 0 where none says a number.
    private static func stated(in arguments: [String]) -> Int {
        for (index, argument) in arguments.enumerated() {
            let argument = argument[...].trimmingBlanks
            // Taking apart each of twenty arguments was 7 % of a review.
            guard flags.contains(where: { argument.utf8.starts(with: $0.utf8) }) else { continue }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let flag = parts.first, flags.contains(String(flag)) else { continue }
            if parts.count == 2 {
                guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                    continue
                }
                return Int(parts[1]) ?? 0
            }
            return index + 1 < arguments.count ? Int(arguments[index + 1]) ?? 0 : 0
        }
        return 0
    }
}
