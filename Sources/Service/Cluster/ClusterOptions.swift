public import Kubernetes

/// The options about the cluster: what `serve` reads from it and keeps up to date in it. Without any of them, no API
/// server is contacted and libcurl is not loaded.
public struct ClusterOptions: Sendable {
    /// The kubeconfig; nil finds the cluster as kubectl does, or by the pod's service account.
    public var kubeconfig: String?
    public var context: String?

    /// The ConfigMaps that are watched instead of `--injectConfig` and `--injectValues` (keys `config` and `values`),
    /// and of `--meshConfig` (key `mesh`).
    public var injectConfigMap: ObjectReference?
    public var meshConfigMap: ObjectReference?

    /// The Secret of a certificate that the server creates and that replicas share.
    public var tlsAuto: ObjectReference?
    /// The Services that the certificate is issued for, in addition to those that the webhook configuration calls; if
    /// there are none, the Service `pillion` in the Secret's namespace.
    public var tlsServices: [ObjectReference] = []

    /// Whether the webhook configuration's caBundle is kept up to date; nil enables it with `tlsAuto`.
    public var reconcilesWebhook: Bool?
    public var webhookConfigName = "istio-sidecar-injector"
    public var webhookName = "sidecar-injector.istio.io"
    /// The file of the CA bundle if certificates are mounted; nil reads the default.
    public var caCertFile: String?

    /// Whether to use native sidecars if every node's kubelet supports them.
    public var nativeSidecarsOfNodes = false
    /// Whether to watch the labels of namespaces for /decide; nil enables it if the cluster is needed for something
    /// else.
    public var followsNamespaces: Bool?
    /// Whether to watch the LimitRanges and ResourceQuotas of all namespaces, for the forecast.
    public var followsLimits = false

    public init() {}

    public static let defaultAuthorities = "/etc/istio/certs/root-cert.pem"

    var reconciles: Bool { reconcilesWebhook ?? (tlsAuto != nil) }

    /// Whether the cluster is needed for more than the nodes' versions, which are optional.
    var isNeeded: Bool {
        injectConfigMap != nil || meshConfigMap != nil || tlsAuto != nil || reconciles
            || followsNamespaces == true || followsLimits
    }
}
