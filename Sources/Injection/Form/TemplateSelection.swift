import PluginAPI
import Values

/// Selects the templates of the modern form for a pod.
enum TemplateSelection {
    /// The names of the templates, in order. Aliases are resolved once.
    static func names(
        for subject: InjectionSubject, _ snapshot: Snapshot
    ) throws(InjectionError) -> [String] {
        let aliases = subject.usesSidecarOnly ? [:] : snapshot.aliases
        let named = subject.pod.annotation(MetadataKey.templates).map { text in
            text.split(byte: ",", omittingEmptySubsequences: false).map { String(GoText.trimSpace($0)) }
        }
        let names = named ?? (subject.usesSidecarOnly ? ["sidecar"] : snapshot.defaultTemplates)
        let resolved = names.flatMap { aliases[$0] ?? [$0] }
        for name in resolved where !snapshot.hasTemplate(name) {
            let asking = named == nil ? "" : "; the annotation '\(MetadataKey.templates)' names it"
            throw InjectionError(
                .render, .templateMissing,
                IstioText.templateFailed
                    + IstioText.templateNotFound(name, known: snapshot.templateNames) + asking)
        }
        guard resolved.count <= maximumTemplates else {
            throw InjectionError(
                .render, .limitExceeded,
                IstioText.templateFailed + "\(resolved.count) templates are selected, "
                    + "at most \(maximumTemplates) are run for a pod")
        }
        return resolved
    }

    /// The maximum number of templates that a pod can request.
    private static let maximumTemplates = 32
}
