import PluginAPI
import Values

/// What a pod's own annotations change in the configuration for that pod.
extension Snapshot {
    /// The words before an error of this form's template step.
    private var prefix: String { form == .modern ? "failed to run injection template: " : "" }

    /// What a pod's annotations say.
    struct AnnotationSettings {
        /// `.ProxyConfig`: the mesh's, with the pod's `proxy.istio.io/config` laid over it.
        var proxyConfig: Value
        /// The user's own containers that an earlier injection kept.
        var overrides = Overrides()
        /// About names that look misspelled.
        var notes: [String]
    }

    /// Holds a pod's annotations against the registry, and reads those that hold a text of their own.
    ///
    /// - Throws: all invalid ones together, sorted by name.
    func annotationSettings(of pod: Pod) throws(InjectionError) -> AnnotationSettings {
        let outcome = AnnotationRules.check(pod.annotations, form: form, mesh: mesh)
        var problems = outcome.problems
        var settings = AnnotationSettings(proxyConfig: mesh.proxyConfig, notes: outcome.notes)
        if let overlay = pod.annotation(MetadataKey.proxyConfig),
            !problems.contains(where: { $0.annotation == MetadataKey.proxyConfig })
        {
            do {
                settings.proxyConfig = try mesh.proxyConfig(overlaying: overlay)
            } catch {
                problems.append(
                    AnnotationRules.Problem(
                        annotation: MetadataKey.proxyConfig, value: overlay, why: error.message))
            }
        }
        if form == .modern {
            do throws(AnnotationRules.Problem) {
                settings.overrides = try Overrides(of: pod)
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else {
            problems.sort { $0.annotation.utf8.lexicographicallyPrecedes($1.annotation.utf8) }
            throw InjectionError(.decide, .annotationInvalid, prefix + AnnotationRules.message(problems))
        }
        return settings
    }
}
