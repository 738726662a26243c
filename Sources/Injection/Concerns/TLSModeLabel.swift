/// Sets the label from which the mesh knows that the pod's proxy supports mutual TLS.
struct TLSModeLabel: PodConcern {
    private static let istio = "istio"

    func apply(to work: inout PodWork) {
        if work.isReview {
            work.pod.setLabelIfUnset(MetadataKey.tlsMode, Self.istio)
        } else if work.pod.label(MetadataKey.tlsMode) == nil {
            work.pod.setLabel(MetadataKey.tlsMode, Self.istio)
        }
    }

    func undo(in undoing: inout PodUndoing) {
        guard undoing.pod.label(MetadataKey.tlsMode) == Self.istio else { return }
        undoing.pod.removeLabel(MetadataKey.tlsMode)
    }
}
