import PluginAPI
import Values

/// The containers, volumes and pull secrets that the templates give.
struct InjectedParts: PodConcern {
    func apply(to work: inout PodWork) {
        // The modern form merges them, template by template.
        guard work.snapshot.form == .classic else { return }
        let isReview = work.isReview
        work.firstInjected = work.pod.containers.count
        for list in StatusAnnotation.lists {
            guard let items = work.template[list]?.array, !items.isEmpty else { continue }
            work.pod.modifyList(list) { present in
                // In a review, what checks the network comes before everything that needs it.
                for item in items {
                    let isFirst =
                        isReview && list == "initContainers" && item.name == ContainerName.validation
                    present.insert(item, at: isFirst ? 0 : present.count)
                }
            }
        }
    }

    func undo(in undoing: inout PodUndoing) {
        if undoing.configuration?.form == .modern {
            // Its templates see the volumes: they are merged by name.
            StatusAnnotation.remove(undoing.status.containers, from: "containers", of: &undoing.pod)
            StatusAnnotation.remove(undoing.status.initContainers, from: "initContainers", of: &undoing.pod)
            return
        }
        undoing.status.remove(from: &undoing.pod)
        guard undoing.isFinal else { return }
        for list in ["initContainers", "volumes", "imagePullSecrets"]
        where undoing.pod.spec[list]?.array?.isEmpty == true {
            undoing.pod.spec[list] = nil
        }
    }
}
