import Values

/// Lets the proxy's group read the service account's token, which Kubernetes mounts for root alone
/// (kubernetes/kubernetes#57923): `fsGroup` of the pod becomes the proxy's group, over the user's.
enum FSGroup {
    static let proxyGroup: Int64 = 1337

    static func apply(to pod: inout Pod) {
        pod.spec.modify("securityContext") { $0.modifyObject { $0["fsGroup"] = .int(proxyGroup) } }
    }
}
