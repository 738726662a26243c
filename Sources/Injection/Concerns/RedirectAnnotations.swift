import PluginAPI
import Values

/// Sets `podRedirectAnnot` of the classic form's template: annotations about the redirection of traffic, for a manifest
/// whose pods are not reviewed by a webhook.
struct RedirectAnnotations: PodConcern {
    func apply(to work: inout PodWork) {
        for member in work.template["podRedirectAnnot"]?.object?.members ?? [] {
            guard AnnotationRules.isKnown(member.key, form: .classic), let text = member.value.string,
                !text.isEmpty
            else { continue }
            work.pod.setAnnotation(member.key, text)
        }
    }

    /// Does nothing: the annotations may be the user's own.
    func undo(in undoing: inout PodUndoing) {}
}
