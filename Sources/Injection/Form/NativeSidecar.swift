import PluginAPI
import Values

/// A native sidecar is an init container that runs as long as the pod. Modern form.
enum NativeSidecar {
    /// Moves the user's own proxy container to the init containers, before a template's is merged into it. A pod that
    /// already has a proxy there keeps both unchanged.
    static func moveProxy(in pod: inout Value, template: Value, _ snapshot: Snapshot) {
        let isInit = { (value: Value) in
            (value["spec"]?["initContainers"]?.array ?? []).contains { $0.name == ContainerName.proxy }
        }
        guard isWanted(by: pod, snapshot), isInit(template), !isInit(pod),
            case .array(var containers)? = pod["spec"]?["containers"],
            let index = containers.firstIndex(where: { $0.name == ContainerName.proxy })
        else { return }
        let proxy = containers.remove(at: index)
        pod.modifyObject { pod in
            pod.modify("spec") { spec in
                spec.modifyObject { spec in
                    spec["containers"] = .array(containers)
                    spec.modify("initContainers") { $0.modifyArray { $0.append(proxy) } }
                }
            }
        }
    }

    private static func isWanted(by pod: Value, _ snapshot: Snapshot) -> Bool {
        isWanted(pod["metadata"]?["annotations"]?[MetadataKey.nativeSidecar], snapshot)
    }

    static func isWanted(by pod: Pod, _ snapshot: Snapshot) -> Bool {
        isWanted(pod.annotations[MetadataKey.nativeSidecar], snapshot)
    }

    private static func isWanted(_ annotation: Value?, _ snapshot: Snapshot) -> Bool {
        switch annotation {
        case "true"?: true
        case "false"?: false
        default: snapshot.options.nativeSidecars
        }
    }
}
