import PluginAPI
import Values

/// Describes how the platform changes an injection, as steps of a decision's trace: a native sidecar, OpenShift's ids.
enum PlatformSteps {
    static func all(for pod: Pod, in namespace: String, _ snapshot: Snapshot) -> [TraceStep] {
        [nativeSidecar(pod, snapshot), openShift(namespace, snapshot)].compactMap(\.self)
    }

    private static func step(_ rule: String, _ message: String, at source: String? = nil) -> TraceStep {
        TraceStep(
            rule: rule, verdict: .pass, decisive: false, code: .ruleNotMet, message: message, source: source)
    }

    /// The step is present only if requested by the annotation or by `--nativeSidecars`.
    private static func nativeSidecar(_ pod: Pod, _ snapshot: Snapshot) -> TraceStep? {
        guard snapshot.form == .modern else { return nil }
        let isWanted = NativeSidecar.isWanted(by: pod, snapshot)
        let annotation = pod.annotation(MetadataKey.nativeSidecar)
        guard isWanted || annotation != nil else { return nil }
        let place = "/metadata/annotations/\(JSONPointer.escape(MetadataKey.nativeSidecar))"
        let who =
            annotation == nil ? "by --nativeSidecars" : "by the pod's annotation \(MetadataKey.nativeSidecar)"
        let what =
            isWanted
            ? "the proxy is a native sidecar, an init container that keeps running"
            : "the proxy is an ordinary container, not a native sidecar"
        return step("native_sidecar", "\(what), \(who)", at: annotation == nil ? nil : place)
    }

    private static func openShift(_ namespace: String, _ snapshot: Snapshot) -> TraceStep? {
        guard snapshot.isOpenShift else { return nil }
        let identity = snapshot.proxyIdentity(in: namespace)
        let isKnown = snapshot.options.namespaceAnnotations[namespace] != nil
        let why =
            isKnown
            ? "from the annotations that OpenShift gave namespace \"\(namespace)\""
            : "the usual ids, as the annotations of namespace \"\(namespace)\" are not known"
        return step(
            "openshift_ids", "the proxy runs as user \(identity.user) and group \(identity.group), \(why)")
    }
}
