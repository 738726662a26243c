import PluginAPI
import Values

/// Containers of the user's own that have the name of an injected one: they change it (`Overrides`). Modern form.
struct UserContainers: PodConcern {
    func apply(to work: inout PodWork) throws(InjectionError) {
        try work.settings.overrides.reapply(
            to: &work.pod, original: work.subject.pod, template: work.template, earlier: work.earlier,
            isTransparentProxy: work.settings.proxyConfig["interceptionMode"] == "TPROXY")
    }

    func undo(in undoing: inout PodUndoing) throws(InjectionError) {
        do throws(AnnotationRules.Problem) {
            // A configuration that makes no native sidecars left the proxy where it was.
            let isNative = undoing.configuration.map { NativeSidecar.isWanted(by: undoing.pod, $0) } ?? true
            var own = try Overrides(of: undoing.pod).asWritten(isNative: isNative)
            let containers = own.containers
            own.initContainers.removeAll { undoing.isAmongContainers($0.name, containers) }
            undoing.putBack(own.containers, \.containers, in: "containers")
            undoing.putBack(own.initContainers, \.initContainers, in: "initContainers")
            own.reinsert(into: &undoing.pod)
        } catch {
            throw InjectionError(.decide, .annotationInvalid, AnnotationRules.message([error]))
        }
        undoing.pod.removeAnnotation(MetadataKey.overrides)
    }
}
