import Values

/// An injected pod on its way back.
struct PodUndoing: Sendable {
    var pod: Pod
    /// What was injected and is still in the pod, by name.
    var status: StatusAnnotation
    /// The injected proxy, whose environment says what else was changed.
    let proxy: Object?
    /// The configuration that injects the pod again; nil where the injection is taken out for good.
    let configuration: Snapshot?
    /// What the user should know about the result.
    var notes: [String] = []

    init(_ pod: Pod, _ status: StatusAnnotation, configuration: Snapshot?) {
        self.pod = pod
        self.status = status
        self.configuration = configuration
        proxy = pod.proxy
    }

    /// Whether the injection is taken out, and not made again.
    var isFinal: Bool { configuration == nil }

    /// Replaces injected containers by the user's own of the same names, at their places.
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

    /// Whether a container that changed an injected init container is still where the user has it, among the containers.
    ///
    /// - Parameter own: the user's containers that changed an injected one among the containers.
    func isAmongContainers(_ name: String, _ own: [Value]) -> Bool {
        guard status.own["initContainers"]?.contains(name) != true else { return false }
        let containers = status.containers.contains(name) ? own : pod.containers
        return containers.contains { $0.name == name }
    }

    /// A JSON object from one of the proxy's environment variables; nil where it holds none.
    static func recorded(_ variable: String, in proxy: Object?) -> Object? {
        let limits = JSONLimits(depth: 16, bytes: 1 << 20)
        return Environment.value(of: variable, in: proxy).flatMap { try? JSON.read($0, limits: limits) }?
            .object
    }
}
