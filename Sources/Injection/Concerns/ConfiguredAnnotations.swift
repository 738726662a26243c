import PluginAPI
import Values

/// `injectedAnnotations` of the configuration.
struct ConfiguredAnnotations: PodConcern {
    func apply(to work: inout PodWork) {
        for member in work.snapshot.injectedAnnotations.members {
            work.pod.setAnnotation(member.key, member.value.string ?? "")
        }
    }

    /// Taken out where the configuration is known. The modern form's templates see them, as Istio's do.
    func undo(in undoing: inout PodUndoing) {
        guard let configuration = undoing.configuration, configuration.form == .classic else { return }
        for member in configuration.injectedAnnotations.members
        where undoing.pod.annotations[member.key] == member.value {
            undoing.pod.removeAnnotation(member.key)
        }
    }
}
