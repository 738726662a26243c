/// The options for writing a MutatingWebhookConfiguration that fits a policy.
public struct WebhookExport: Sendable {
    /// The server that the API server calls.
    public enum Target: Sendable, Equatable {
        case service(namespace: String, name: String, port: Int)
        case url(String)
    }

    public enum FailurePolicy: String, Sendable, CaseIterable {
        case fail = "Fail"
        case ignore = "Ignore"
    }

    public var target: Target
    /// The name of the whole object.
    public var configurationName = "pillion"
    /// The name of the webhook: at least three labels, separated by dots. If there are several webhooks, each gets a
    /// prefix.
    public var webhookName = "sidecar.injector.pillion"
    /// The certificates that the API server trusts, PEM in base64; nil if another program fills them in.
    public var caBundle: String?
    public var failurePolicy = FailurePolicy.fail
    /// The timeout in seconds, from 1 to 30.
    public var timeoutSeconds = 5
    /// The labels that a namespace must have; empty for the webhooks that Istio installs for that form and revision.
    public var namespaceLabels: [(key: String, value: String)] = []
    /// Whether the API server also leaves out the pods that the policy rejects. Otherwise the object stays valid when
    /// the policy changes.
    public var followsPolicy = true

    public init(target: Target) { self.target = target }
}
