/// Names of the annotations and labels of Istio, Kubernetes and OpenShift that injection reads or writes.
/// `AnnotationRules` has those whose values are checked.
enum MetadataKey {
    // MARK: Istio's annotations

    static let status = "sidecar.istio.io/status"
    static let statusPort = "status.sidecar.istio.io/port"
    static let rewriteProbes = "sidecar.istio.io/rewriteAppHTTPProbers"
    static let nativeSidecar = "sidecar.istio.io/nativeSidecar"
    static let interceptionMode = "sidecar.istio.io/interceptionMode"
    static let proxyImageType = "sidecar.istio.io/proxyImageType"
    static let templates = "inject.istio.io/templates"
    static let overrides = "proxy.istio.io/overrides"
    static let proxyConfig = "proxy.istio.io/config"
    static let mergeMetrics = "prometheus.istio.io/merge-metrics"
    static let scrapeTargets = "prometheus.istio.io/scrape-targets"
    static let securePort = "prometheus.istio.io/secure-port"

    // MARK: Istio's labels

    static let network = "topology.istio.io/network"
    static let revision = "istio.io/rev"
    static let tlsMode = "security.istio.io/tlsMode"
    static let canonicalName = "service.istio.io/canonical-name"
    static let canonicalRevision = "service.istio.io/canonical-revision"

    /// The user's volumes for the proxy, as JSON.
    static let userVolume = "sidecar.istio.io/userVolume"

    // MARK: Others

    /// Annotations that Prometheus' usual configuration for Kubernetes reads.
    static let scrape = "prometheus.io/scrape"
    static let scrapePath = "prometheus.io/path"
    static let scrapePort = "prometheus.io/port"

    /// Labels of Kubernetes and Argo that identify a pod's owner.
    static let podTemplateHash = "pod-template-hash"
    static let rolloutHash = "rollouts-pod-template-hash"
    static let deploymentConfig = "deploymentconfig"

    /// Labels that name an application and its version.
    static let appName = "app.kubernetes.io/name"
    static let appVersion = "app.kubernetes.io/version"
    static let app = "app"
    static let version = "version"

    /// The annotation of a pod that a kubelet reads from a file.
    static let mirrorPod = "kubernetes.io/config.mirror"

    /// Annotations of an OpenShift namespace with the ids that its pods may use.
    static let userRange = "openshift.io/sa.scc.uid-range"
    static let groupRange = "openshift.io/sa.scc.supplemental-groups"
}
