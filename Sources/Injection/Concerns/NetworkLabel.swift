/// The label that names the proxy's network, by which the mesh finds the way to the pod.
struct NetworkLabel: PodConcern {
    func apply(to work: inout PodWork) {
        guard let network = work.environment.first(where: { $0.name == ProxyVariable.network })?.value
        else { return }
        work.pod.setLabel(MetadataKey.network, network)
    }

    /// Stays: it may be the user's own.
    func undo(in undoing: inout PodUndoing) {}
}
