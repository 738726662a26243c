import Values

/// An injected pod on its way back.
struct PodUndoing: Sendable {
    var pod: Pod
    /// What was injected, by name.
    let status: StatusAnnotation
    /// The injected proxy, whose environment says what else was changed.
    let proxy: Object?
    /// The configuration that injects the pod again: the templates see the result, so that a second injection gives
    /// what the first one gave. nil where the injection is taken out, and nobody knows which configuration made it.
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

    /// A JSON object from one of the proxy's environment variables; nil where it holds none.
    static func recorded(_ variable: String, in proxy: Object?) -> Object? {
        let limits = JSONLimits(depth: 16, bytes: 1 << 20)
        return Environment.value(of: variable, in: proxy).flatMap { try? JSON.read($0, limits: limits) }?
            .object
    }
}
