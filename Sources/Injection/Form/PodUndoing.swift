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

    /// Replaces injected containers by the user's own with the same names, at the same places: the n-th with a name by
    /// the n-th with that name.
    mutating func putBack(
        _ own: [Value], _ injected: WritableKeyPath<StatusAnnotation, [String]>, in list: String
    ) {
        guard !own.isEmpty, var items = pod.spec[list]?.array else { return }
        var places = Self.places(of: items.map(\.name))
        var named = Self.places(of: status[keyPath: injected])
        var restored: Set<Int> = []
        for container in own {
            let name = ExactKey(container.name)
            guard let place = places[name]?.last, let number = named[name]?.popLast() else { continue }
            places[name]?.removeLast()
            items[place] = container
            restored.insert(number)
        }
        // A template that contains a container twice may have changed one of the pod's: the status names it twice.
        for name in Set(own.map { ExactKey($0.name) }) {
            while let number = named[name]?.last,
                named[name, default: []].count > places[name, default: []].count
            {
                named[name]?.removeLast()
                restored.insert(number)
            }
        }
        guard !restored.isEmpty else { return }
        pod.modifyList(list) { $0 = items }
        status[keyPath: injected] = status[keyPath: injected].enumerated().filter {
            !restored.contains($0.offset)
        }.map(\.element)
    }

    /// The indexes of each name, in reverse order.
    private static func places(of names: [String]) -> [ExactKey: [Int]] {
        Dictionary(grouping: names.indices.reversed()) { ExactKey(names[$0]) }
    }

    /// Whether the user's container that changed an injected init container is still in the containers, its original
    /// list.
    ///
    /// - Parameter own: the user's containers that changed an injected one in the containers.
    func isAmongContainers(_ name: String, _ own: [Value]) -> Bool {
        guard status.own["initContainers"]?.contains(name) != true else { return false }
        let containers = status.containers.contains(name) ? own : pod.containers
        return containers.contains { $0.name == name }
    }

    /// The JSON object in one of the proxy's environment variables; nil if there is no such object.
    static func recorded(_ variable: String, in proxy: Object?) -> Object? {
        let limits = JSONLimits(depth: 16, bytes: 1 << 20)
        return Environment.value(of: variable, in: proxy).flatMap { try? JSON.read($0, limits: limits) }?
            .object
    }
}
