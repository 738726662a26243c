/// Names that Istio gives to containers.
enum ContainerName {
    static let proxy = "istio-proxy"
    static let initialisation = "istio-init"
    static let validation = "istio-validation"
    static let coreDump = "enable-core-dump"
}

/// Annotations and labels that injection reads or writes.
enum MetadataKey {
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
    static let network = "topology.istio.io/network"
    static let revision = "istio.io/rev"
    static let tlsMode = "security.istio.io/tlsMode"
    static let canonicalName = "service.istio.io/canonical-name"
    static let canonicalRevision = "service.istio.io/canonical-revision"
    static let podTemplateHash = "pod-template-hash"
}
