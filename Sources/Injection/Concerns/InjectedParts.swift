import PluginAPI
import Values

/// The containers, volumes and pull secrets that the templates give.
struct InjectedParts: PodConcern {
    func apply(to work: inout PodWork) {
        // The modern form merges them, template by template.
        guard work.snapshot.form == .classic else { return }
        let isReview = work.isReview
        let replaced = Set(work.subject.leftVolumes.map(\.name))
        let wasInjected = work.subject.wasInjected
        work.firstInjected = work.pod.containers.count
        for list in StatusAnnotation.lists {
            guard let items = work.template[list]?.array, !items.isEmpty else { continue }
            work.pod.modifyList(list) { present in
                // An equal volume was left by an injection before the last, as a container of the pod mounts it.
                if list == "volumes", wasInjected {
                    let given = items.filter { !replaced.contains($0.name) }
                    present.removeAll(where: given.contains)
                }
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
        // Of a pod that is injected again, `EarlierInjection` puts back the volumes that are still mounted.
        undoing.status.remove(from: &undoing.pod, keepingMounted: undoing.isFinal)
        // A pod that is injected again keeps the empty lists that it came with.
        guard undoing.isFinal else { return }
        for list in StatusAnnotation.lists where undoing.pod.spec[list]?.array?.isEmpty == true {
            undoing.pod.spec[list] = nil
        }
    }
}
