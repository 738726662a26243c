import PluginAPI
import Values

/// The containers, volumes and pull secrets that the templates give.
struct InjectedParts: PodConcern {
    func apply(to work: inout PodWork) {
        // The modern form merges them, template by template.
        guard work.snapshot.form == .classic else { return }
        let (isReview, earlier) = (work.isReview, work.earlier)
        let originals = earlier == nil ? [] : work.original.spec["volumes"]?.array ?? []
        work.firstInjected = work.pod.containers.count
        for list in StatusAnnotation.lists {
            guard let items = work.template[list]?.array, !items.isEmpty else { continue }
            work.pod.modifyList(list) { present in
                // In a review, what checks the network comes before everything that needs it.
                for item in items {
                    // The only volume of that name, which an application's container mounts, was left when the earlier
                    // injection was taken out.
                    if list == "volumes", earlier?.volumes.contains(item.name) == true,
                        originals.count(where: { $0.name == item.name }) == 1
                    {
                        present.removeAll { $0.name == item.name }
                    }
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
        for list in StatusAnnotation.lists where undoing.pod.spec[list]?.array?.isEmpty == true {
            undoing.pod.spec[list] = nil
        }
    }
}
