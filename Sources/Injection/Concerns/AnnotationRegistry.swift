/// The registry of Istio's known annotations and the rules for their values.
extension AnnotationRules {
    /// The rule for a value.
    enum Rule: Sendable {
        case anything
        case interceptionMode
        /// 0 to 65535
        case port
        case ports
        /// `*` or ports
        case portsOrAll
        case addresses
        /// `*` or ranges
        case addressesOrAll
        case unsigned32
        case bool
        case quantity
        case interfaces
        case proxyConfiguration
    }

    static let both: [String: Rule] = [
        "sidecar.istio.io/interceptionMode": .interceptionMode,
        "status.sidecar.istio.io/port": .port,
        "readiness.status.sidecar.istio.io/initialDelaySeconds": .unsigned32,
        "readiness.status.sidecar.istio.io/periodSeconds": .unsigned32,
        "readiness.status.sidecar.istio.io/failureThreshold": .unsigned32,
        "traffic.sidecar.istio.io/includeOutboundIPRanges": .addressesOrAll,
        "traffic.sidecar.istio.io/excludeOutboundIPRanges": .addresses,
        "traffic.sidecar.istio.io/includeInboundPorts": .portsOrAll,
        "traffic.sidecar.istio.io/excludeInboundPorts": .ports,
        "traffic.sidecar.istio.io/excludeOutboundPorts": .ports,
        "prometheus.istio.io/merge-metrics": .bool,
        "proxy.istio.io/config": .proxyConfiguration,
    ]

    static let classic: [String: Rule] = {
        var rules = both
        rules["sidecar.istio.io/enableCoreDump"] = .bool
        let free = [
            "sidecar.istio.io/inject", "sidecar.istio.io/status", "sidecar.istio.io/rewriteAppHTTPProbers",
            "sidecar.istio.io/controlPlaneAuthPolicy", "sidecar.istio.io/discoveryAddress",
            "sidecar.istio.io/proxyImage", "sidecar.istio.io/proxyCPU", "sidecar.istio.io/proxyMemory",
            "sidecar.istio.io/bootstrapOverride", "sidecar.istio.io/statsInclusionPrefixes",
            "sidecar.istio.io/statsInclusionSuffixes", "sidecar.istio.io/statsInclusionRegexps",
            "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount",
            "traffic.sidecar.istio.io/kubevirtInterfaces", "k8s.v1.cni.cncf.io/networks",
        ]
        for name in free { rules[name] = .anything }
        return rules
    }()

    static let modern: [String: Rule] = {
        var rules = both
        for name in ["proxyCPU", "proxyMemory", "proxyCPULimit", "proxyMemoryLimit"] {
            rules["sidecar.istio.io/" + name] = .quantity
        }
        let interfaces = [
            "traffic.sidecar.istio.io/excludeInterfaces", "traffic.sidecar.istio.io/kubevirtInterfaces",
            "istio.io/reroute-virtual-interfaces",
        ]
        for name in interfaces { rules[name] = .interfaces }
        return rules
    }()

    /// Names that the pipeline and Istio's templates read, with any value. They are not reported as misspelled.
    static let others = [
        "sidecar.istio.io/inject", "sidecar.istio.io/status", "sidecar.istio.io/rewriteAppHTTPProbers",
        "sidecar.istio.io/proxyImage", "sidecar.istio.io/proxyImageType",
        "sidecar.istio.io/bootstrapOverride",
        "sidecar.istio.io/nativeSidecar", "sidecar.istio.io/logLevel", "sidecar.istio.io/componentLogLevel",
        "sidecar.istio.io/agentLogLevel", "sidecar.istio.io/extraStatTags", "sidecar.istio.io/userVolume",
        "sidecar.istio.io/userVolumeMount", "sidecar.istio.io/statsInclusionPrefixes",
        "sidecar.istio.io/statsInclusionSuffixes", "sidecar.istio.io/statsInclusionRegexps",
        "sidecar.istio.io/statsHistogramBuckets", "sidecar.istio.io/statsCompression",
        "inject.istio.io/templates", "proxy.istio.io/overrides", "prometheus.istio.io/scrape-targets",
        "prometheus.istio.io/secure-port", "traffic.sidecar.istio.io/includeOutboundPorts",
    ]
}
