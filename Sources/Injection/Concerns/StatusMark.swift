import PluginAPI

/// The annotation that says what was injected (`StatusAnnotation`).
struct StatusMark: PodConcern {
    func apply(to work: inout PodWork) {
        let status = StatusAnnotation(of: work.template)
        let text: String
        switch work.snapshot.form {
        case .classic: text = status.text(version: work.snapshot.templateHash)
        case .modern:
            let revision = work.snapshot.options.revision
            text = status.text(revision: revision.isEmpty ? "default" : revision)
        }
        work.pod.setAnnotation(MetadataKey.status, text)
    }

    func undo(in undoing: inout PodUndoing) { undoing.pod.removeAnnotation(MetadataKey.status) }
}
