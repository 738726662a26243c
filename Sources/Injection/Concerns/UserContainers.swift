import PluginAPI
import Values

/// Merges the user's own containers into injected ones with the same name (`Overrides`). Modern form.
struct UserContainers: PodConcern {
    func apply(to work: inout PodWork) throws(InjectionError) {
        try work.settings.overrides.reapply(
            to: &work.pod, original: work.subject.pod, template: work.template, earlier: work.earlier,
            isTransparentProxy: work.settings.proxyConfig["interceptionMode"] == "TPROXY")
    }

    func undo(in undoing: inout PodUndoing) throws(InjectionError) {
        do throws(AnnotationRules.Problem) {
            // A configuration without native sidecars did not move the proxy.
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
