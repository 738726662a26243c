import Values

/// Orders the injected containers among the others. Modern form.
///
/// | proxy | containers | initContainers |
/// | --- | --- | --- |
/// | in containers | the proxy last; first if the application waits for it | istio-validation, the rest, istio-init, enable-core-dump |
/// | in initContainers | | istio-init or istio-validation, the proxy, enable-core-dump, the rest |
///
/// The proxy is last, so that `kubectl exec` opens the user's container. Validation is first, because everything else
/// waits for it. istio-init is last, so that the user's init containers can reach the network.
struct ContainerOrder: PodConcern {
    func apply(to work: inout PodWork) {
        Self.apply(to: &work.pod, holdApplication: Self.holdsApplication(work))
    }

    /// Does nothing: the injected containers are removed, and the others are in their own order.
    func undo(in undoing: inout PodUndoing) {}

    private static func holdsApplication(_ work: PodWork) -> Bool {
        if work.settings.proxyConfig["holdApplicationUntilProxyStarts"]?.bool == true { return true }
        return work.snapshot.values["global"]?["proxy"]?["holdApplicationUntilProxyStarts"]?.bool == true
    }

    enum Place { case first, last }

    static func apply(to pod: inout Pod, holdApplication: Bool) {
        pod.modifyList("containers") {
            move(ContainerName.proxy, to: holdApplication ? .first : .last, in: &$0)
        }
        let isNative = pod.initContainers.contains { $0.name == ContainerName.proxy }
        pod.modifyList("initContainers") { items in
            if isNative {
                move(ContainerName.coreDump, to: .first, in: &items)
                move(ContainerName.proxy, to: .first, in: &items)
                move(ContainerName.validation, to: .first, in: &items)
                move(ContainerName.initialisation, to: .first, in: &items)
            } else {
                move(ContainerName.validation, to: .first, in: &items)
                move(ContainerName.initialisation, to: .last, in: &items)
                move(ContainerName.coreDump, to: .last, in: &items)
            }
        }
    }

    /// Moves the container with that name, if there is one.
    static func move(_ name: String, to place: Place, in items: inout [Value]) {
        guard let index = items.firstIndex(where: { $0.name == name }) else { return }
        let item = items.remove(at: index)
        switch place {
        case .first: items.insert(item, at: 0)
        case .last: items.append(item)
        }
    }
}
