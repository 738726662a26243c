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

    /// Moves the user's own containers with moved names back to their neighbours in the template, which the status lists in
    /// the template's order. Other containers with moved names are removed. The place in the user's pod is not recorded,
    /// but this one makes the next merge arrange all containers as the last one did.
    func undo(in undoing: inout PodUndoing) {
        guard undoing.pod.annotation(MetadataKey.overrides) != nil else { return }
        let status = undoing.status
        undoing.pod.modifyList("containers") {
            Self.moveBack([ContainerName.proxy], in: &$0, template: status.containers)
        }
        undoing.pod.modifyList("initContainers") {
            Self.moveBack(Self.movedInitContainers, in: &$0, template: status.initContainers)
        }
    }

    private static let movedInitContainers = [
        ContainerName.proxy, ContainerName.initialisation, ContainerName.validation, ContainerName.coreDump,
    ]

    /// Moves each moved container before the next one of the template, or to the end. From the last to the first, so that
    /// the next one is in its place already.
    private static func moveBack(_ moved: [String], in items: inout [Value], template: [String]) {
        guard template.count > 1 else { return }
        for index in moved.compactMap({ template.firstIndex(of: $0) }).sorted(by: >) {
            guard let place = items.firstIndex(where: { $0.name == template[index] }) else { continue }
            let item = items.remove(at: place)
            let next = template.dropFirst(index + 1).first
            let target = items.firstIndex { $0.name == next } ?? items.count
            items.insert(item, at: target)
        }
    }

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
