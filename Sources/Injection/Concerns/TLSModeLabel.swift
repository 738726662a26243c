/// The label that tells the mesh that the pod's proxy speaks mutual TLS.
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
