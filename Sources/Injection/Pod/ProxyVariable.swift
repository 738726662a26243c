/// Environment variables that configure Istio's proxy.
enum ProxyVariable {
    /// The application's health checks, in JSON, by the path under which the proxy answers them.
    static let probes = "ISTIO_KUBE_APP_PROBERS"
    /// The pod's scraping settings from its annotations, in JSON.
    static let prometheus = "ISTIO_PROMETHEUS_ANNOTATIONS"
    static let clusterID = "ISTIO_META_CLUSTER_ID"
    static let network = "ISTIO_META_NETWORK"
    static let securePort = "ENVOY_SECURE_MERGED_METRICS_PORT"
}
