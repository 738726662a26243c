import PluginAPI
import Values

/// Adds the containers, volumes and pull secrets that the templates render.
struct InjectedParts: PodConcern {
    func apply(to work: inout PodWork) {
        // In the modern form, they are already merged, template by template.
        guard work.snapshot.form == .classic else { return }
        let isReview = work.isReview
        let replaced = Set(work.subject.leftVolumes.map(\.name))
        let wasInjected = work.subject.wasInjected
        work.firstInjected = work.pod.containers.count
        for list in StatusAnnotation.lists {
            guard let items = work.template[list]?.array, !items.isEmpty else { continue }
            work.pod.modifyList(list) { present in
                // An equal volume is from an injection before the last; it stayed because a container mounts it.
                if list == "volumes", wasInjected {
                    let given = items.filter { !replaced.contains($0.name) }
                    present.removeAll(where: given.contains)
                }
                // In a review, the container that checks the network comes before all that need it.
                for item in items {
                    let isFirst =
                        isReview && list == "initContainers" && item.name == ContainerName.validation
                    present.insert(item, at: isFirst ? 0 : present.count)
                }
            }
        }
    }

    func undo(in undoing: inout PodUndoing) {
        // For a pod that is injected again, `EarlierInjection` restores volumes that are still mounted.
        undoing.status.remove(from: &undoing.pod, keepingMounted: undoing.isFinal)
        // A pod that is injected again keeps its empty lists.
        guard undoing.isFinal else { return }
        for list in StatusAnnotation.lists where undoing.pod.spec[list]?.array?.isEmpty == true {
            undoing.pod.spec[list] = nil
        }
    }
}
