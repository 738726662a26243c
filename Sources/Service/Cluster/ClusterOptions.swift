public import Kubernetes

/// What `serve` is to read from, and keep right in, the cluster that it runs in. Without any of it no API server is
/// asked and libcurl is not loaded.
public struct ClusterOptions: Sendable {
    /// nil finds the cluster as kubectl does, or by the pod's service account.
    public var kubeconfig: String?
    public var context: String?

    /// Watched in place of `--injectConfig` and `--injectValues` (keys `config` and `values`), and of `--meshConfig`
    /// (key `mesh`).
    public var injectConfigMap: ObjectReference?
    public var meshConfigMap: ObjectReference?

    /// The Secret of a certificate that is made here and shared by replicas.
    public var tlsAuto: ObjectReference?
    /// The Services that it is made out for, besides those that the webhook configuration calls; none is the Service
    /// `pillion` next to the Secret.
    public var tlsServices: [ObjectReference] = []

    /// Whether the webhook configuration's caBundle is kept right; nil is: with `tlsAuto`.
    public var reconcilesWebhook: Bool?
    public var webhookConfigName = "istio-sidecar-injector"
    public var webhookName = "sidecar-injector.istio.io"
    /// The bundle where certificates are mounted; nil reads the default.
    public var caCertFile: String?

    /// Native sidecars where every node's kubelet runs them.
    public var nativeSidecarsOfNodes = false
    /// Labels of namespaces for /decide; nil is: where a cluster is asked anyway.
    public var followsNamespaces: Bool?
    /// LimitRanges and ResourceQuotas of all namespaces, for the forecast.
    public var followsLimits = false

    public init() {}

    public static let defaultAuthorities = "/etc/istio/certs/root-cert.pem"

    var reconciles: Bool { reconcilesWebhook ?? (tlsAuto != nil) }

    /// Whether there is anything to ask but the nodes' versions, which can be done without.
    var isNeeded: Bool {
        injectConfigMap != nil || meshConfigMap != nil || tlsAuto != nil || reconciles
            || followsNamespaces == true || followsLimits
    }
}
