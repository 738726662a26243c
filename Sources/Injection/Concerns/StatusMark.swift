import PluginAPI
import Values

/// Sets the annotation that records the injected parts (`StatusAnnotation`).
struct StatusMark: PodConcern {
    func apply(to work: inout PodWork) {
        var status = StatusAnnotation(of: work.template)
        status.removeMissing(of: work.template, in: work.pod)
        status.volumes += EarlierInjection.mounted(work.subject.leftVolumes, missingIn: work.pod).map(\.name)
        let text: String
        switch work.snapshot.form {
        case .classic: text = status.text(version: work.snapshot.templateHash)
        case .modern:
            // If an earlier injection is still in the pod, its volumes are not the pod's own.
            if work.earlier == nil { status.noteOwn(of: work.original) }
            let revision = work.snapshot.options.revision
            text = status.text(revision: revision.isEmpty ? "default" : revision)
        }
        work.pod.setAnnotation(MetadataKey.status, text)
    }

    func undo(in undoing: inout PodUndoing) { undoing.pod.removeAnnotation(MetadataKey.status) }
}
