import PluginAPI
import Values

/// Sets `injectedAnnotations` of the configuration.
struct ConfiguredAnnotations: PodConcern {
    func apply(to work: inout PodWork) {
        for member in work.snapshot.injectedAnnotations.members {
            work.pod.setAnnotation(member.key, member.value.string ?? "")
        }
    }

    /// Removes them if the configuration is known. In the modern form they stay: templates see them, as Istio's do.
    func undo(in undoing: inout PodUndoing) {
        guard let configuration = undoing.configuration, configuration.form == .classic else { return }
        for member in configuration.injectedAnnotations.members
        where undoing.pod.annotations[member.key] == member.value {
            undoing.pod.removeAnnotation(member.key)
        }
    }
}
