import PluginAPI
import Values

/// Containers of the user's own that have the name of an injected one: they change it (`Overrides`). Modern form.
struct UserContainers: PodConcern {
    func apply(to work: inout PodWork) throws(InjectionError) {
        // A status that cannot be read still says that there was an injection.
        let earlier = work.earlier ?? (work.hasStatus ? StatusAnnotation() : nil)
        try work.settings.overrides.reapply(
            to: &work.pod, original: work.subject.pod, template: work.template, earlier: earlier,
            isTransparentProxy: work.settings.proxyConfig["interceptionMode"] == "TPROXY")
    }

    func undo(in undoing: inout PodUndoing) throws(InjectionError) {
        // Of a pod that is injected again, `ModernInjection` puts them back, even where the status cannot be read.
        guard undoing.isFinal else { return }
        do throws(AnnotationRules.Problem) {
            try Overrides(of: undoing.pod).asWritten.reinsert(into: &undoing.pod)
        } catch {
            throw InjectionError(.decide, .annotationInvalid, AnnotationRules.message([error]))
        }
        undoing.pod.removeAnnotation(MetadataKey.overrides)
    }
}
