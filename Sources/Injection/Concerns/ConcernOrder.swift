import PluginAPI

/// The concerns of each kind of injection, in the order in which they are applied.
///
/// It is Istio's order. It determines the order of environment variables, annotations, labels and containers in the
/// pod.
enum ConcernOrder {
    static func of(_ form: PolicyConfiguration.Form, isReview: Bool) -> [any PodConcern] {
        switch form {
        case .classic: isReview ? classicReview : classicManifest
        case .modern: isReview ? modernReview : modernManifest
        }
    }

    static let classicReview: [any PodConcern] = [
        InjectedParts(), DNSConfig(), Concurrency(), ProxyEnvironment(), ProbeRewriting(), MetricsMerging(),
        ServiceAccountMount(), FSGroup(), StatusMark(), ConfiguredAnnotations(), TLSModeLabel(),
        RevisionLabel(), CanonicalLabels(),
    ]

    /// As in Istio's kube-inject, without the concerns that depend on the pod's namespace or on the cluster.
    static let classicManifest: [any PodConcern] = [
        InjectedParts(), DNSConfig(), Concurrency(), ProxyEnvironment(), ProbeRewriting(), FSGroup(),
        RedirectAnnotations(), StatusMark(), RevisionLabel(), TLSModeLabel(),
    ]

    static let modernReview: [any PodConcern] = [
        OpenShiftProxyUser(), InjectedParts(), UserContainers(), ProxyEnvironment(), MetricsMerging(),
        ProbeRewriting(), NetworkLabel(), StatusMark(), ConfiguredAnnotations(), ContainerOrder(),
        GatewaySysctl(),
    ]

    static let modernManifest: [any PodConcern] = [
        InjectedParts(), UserContainers(), ProxyEnvironment(), MetricsMerging(), ProbeRewriting(),
        NetworkLabel(), StatusMark(), ContainerOrder(), GatewaySysctl(),
    ]

    /// The concerns that are undone before a pod is injected again. Labels and annotations of templates stay, because
    /// it is not recorded which of them are the pod's own.
    static let renewal: [any PodConcern] = [
        ContainerOrder(), ProbeRewriting(), MetricsMerging(), UserContainers(), InjectedParts(), StatusMark(),
        ConfiguredAnnotations(), TLSModeLabel(), RevisionLabel(),
    ]

    /// All concerns, in the order in which an injection of any form is undone without knowing its configuration.
    /// Concerns that read the proxy's environment come before the proxy is removed, and the user's own containers
    /// replace the injected ones before these are removed.
    static let wayBack: [any PodConcern] = [
        ContainerOrder(), ProbeRewriting(), MetricsMerging(), ProxyEnvironment(), Concurrency(),
        ServiceAccountMount(), OpenShiftProxyUser(), UserContainers(), InjectedParts(), DNSConfig(),
        StatusMark(), ConfiguredAnnotations(), RedirectAnnotations(), TLSModeLabel(), RevisionLabel(),
        CanonicalLabels(), NetworkLabel(), FSGroup(), GatewaySysctl(),
    ]
}
