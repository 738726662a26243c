import PluginAPI
import Values

/// The changes that a pod's annotations make to the configuration for that pod.
struct AnnotationSettings: Sendable {
    /// `.ProxyConfig`: the mesh's, overlaid with the pod's `proxy.istio.io/config`.
    var proxyConfig: Value
    /// The user's own containers that an earlier injection kept.
    var overrides = Overrides()
    /// Notes about names that look misspelled.
    var notes: [String] = []

    /// The settings of a pod without annotations.
    init(proxyConfig: Value) { self.proxyConfig = proxyConfig }

    /// Checks a pod's annotations against the registry, and parses those with YAML or JSON.
    ///
    /// - Throws: all invalid ones together, sorted by name.
    init(of pod: Pod, _ snapshot: Snapshot) throws(InjectionError) {
        let (form, mesh) = (snapshot.form, snapshot.mesh)
        let outcome = AnnotationRules.check(pod.annotations, form: form, mesh: mesh)
        var problems = outcome.problems
        proxyConfig = mesh.proxyConfig
        notes = outcome.notes
        if let overlay = pod.annotation(MetadataKey.proxyConfig),
            !problems.contains(where: { $0.annotation == MetadataKey.proxyConfig })
        {
            do {
                proxyConfig = try mesh.proxyConfig(overlaying: overlay)
            } catch {
                problems.append(
                    AnnotationRules.Problem(
                        annotation: MetadataKey.proxyConfig, value: overlay, why: error.message))
            }
        }
        if form == .modern {
            do throws(AnnotationRules.Problem) {
                overrides = try Overrides(of: pod)
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else {
            problems.sort { $0.annotation.utf8.lexicographicallyPrecedes($1.annotation.utf8) }
            throw InjectionError(
                .decide, .annotationInvalid,
                IstioText.templateFailed(form) + AnnotationRules.message(problems))
        }
    }
}
