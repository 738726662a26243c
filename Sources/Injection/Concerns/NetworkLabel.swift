/// Sets the label with the proxy's network, which the mesh needs to route to the pod.
struct NetworkLabel: PodConcern {
    func apply(to work: inout PodWork) {
        guard let network = work.environment.first(where: { $0.name == ProxyVariable.network })?.value
        else { return }
        work.pod.setLabel(MetadataKey.network, network)
    }

    /// Does nothing: the label may be the user's own.
    func undo(in undoing: inout PodUndoing) {}
}
