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
        guard !arguments.contains(where: { names($0.string ?? "") }),
            let resources = proxy["resources"]?.object,
            let amount = resources["limits"]?["cpu"] ?? resources["requests"]?["cpu"],
            let count = Quantity.roundedUp(amount.string ?? JSON.text(amount))
        else { return }
        proxy["args"] = .array(arguments + ["--concurrency", .string(String(count))])
    }

    /// `--concurrency`, `-concurrency`, either with `=N`.
    private static func names(_ argument: String) -> Bool {
        let name = argument.prefix { $0 != "=" }
        return name == "--concurrency" || name == "-concurrency"
    }
}
