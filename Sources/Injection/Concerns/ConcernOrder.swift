import PluginAPI

/// Which concerns an injection has, in the order in which they are applied.
///
/// The order shows in the pod: of environment variables, annotations, labels and containers. It is Istio's.
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

    /// Istio's kube-inject leaves to the webhook what depends on the pod's namespace or on the cluster.
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

    /// What is taken back before a pod is injected again. Labels and annotations of templates stay, since nothing says
    /// which of them the pod brought.
    static let renewal: [any PodConcern] = [
        ContainerOrder(), ProbeRewriting(), MetricsMerging(), UserContainers(), InjectedParts(), StatusMark(),
        ConfiguredAnnotations(), TLSModeLabel(), RevisionLabel(),
    ]

    /// All concerns, in the order in which an injection is taken out that any form made, with a configuration that is
    /// not known. What reads the proxy's environment goes before the proxy does, and the user's own containers take the
    /// places of the injected ones before these go.
    static let wayBack: [any PodConcern] = [
        ContainerOrder(), ProbeRewriting(), MetricsMerging(), ProxyEnvironment(), Concurrency(),
        ServiceAccountMount(), OpenShiftProxyUser(), UserContainers(), InjectedParts(), DNSConfig(),
        StatusMark(), ConfiguredAnnotations(), RedirectAnnotations(), TLSModeLabel(), RevisionLabel(),
        CanonicalLabels(), NetworkLabel(), FSGroup(), GatewaySysctl(),
    ]
}
