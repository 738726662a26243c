import Values

/// An injected pod whose injection is being undone.
struct PodUndoing: Sendable {
    var pod: Pod
    /// The names of the injected parts that are still in the pod.
    var status: StatusAnnotation
    /// The injected proxy, whose environment records other changes.
    let proxy: Object?
    /// The configuration that injects the pod again; nil if it is not injected again.
    let configuration: Snapshot?
    /// Notes about the result for the user.
    var notes: [String] = []

    init(_ pod: Pod, _ status: StatusAnnotation, configuration: Snapshot?) {
        self.pod = pod
        self.status = status
        self.configuration = configuration
        proxy = pod.proxy
    }

    /// Whether the pod is not injected again.
    var isFinal: Bool { configuration == nil }

    /// Replaces injected containers by the user's own with the same names, at the same places.
    mutating func putBack(
        _ own: [Value], _ injected: WritableKeyPath<StatusAnnotation, [String]>, in list: String
    ) {
        for container in own {
            guard let number = status[keyPath: injected].firstIndex(of: container.name),
                let index = pod.spec[list]?.array?.firstIndex(where: { $0.name == container.name })
            else { continue }
            pod.modifyList(list) { $0[index] = container }
            status[keyPath: injected].remove(at: number)
        }
    }

    /// Whether the user's container that changed an injected init container is still in the containers, where it was.
    ///
    /// - Parameter own: the user's containers that changed an injected one in the containers.
    func isAmongContainers(_ name: String, _ own: [Value]) -> Bool {
        guard status.own["initContainers"]?.contains(name) != true else { return false }
        let containers = status.containers.contains(name) ? own : pod.containers
        return containers.contains { $0.name == name }
    }

    /// The JSON object in one of the proxy's environment variables; nil without one.
    static func recorded(_ variable: String, in proxy: Object?) -> Object? {
        let limits = JSONLimits(depth: 16, bytes: 1 << 20)
        return Environment.value(of: variable, in: proxy).flatMap { try? JSON.read($0, limits: limits) }?
            .object
    }
}
