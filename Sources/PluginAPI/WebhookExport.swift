/// What a MutatingWebhookConfiguration is written with besides the policy that it fits.
public struct WebhookExport: Sendable {
    /// Whom the API server calls.
    public enum Target: Sendable, Equatable {
        case service(namespace: String, name: String, port: Int)
        case url(String)
    }

    public enum FailurePolicy: String, Sendable, CaseIterable {
        case fail = "Fail"
        case ignore = "Ignore"
    }

    public var target: Target
    /// Of the whole object.
    public var configurationName = "pillion"
    /// Of the webhook, at least three names with dots between; where there are several, each has a name before it.
    public var webhookName = "sidecar.injector.pillion"
    /// The certificates that the API server trusts, PEM in base64; nil if another program fills them in.
    public var caBundle: String?
    public var failurePolicy = FailurePolicy.fail
    /// From 1 to 30.
    public var timeoutSeconds = 5
    /// Labels that a namespace must have; empty for the webhooks that an Istio of that form and revision installs.
    public var namespaceLabels: [(key: String, value: String)] = []
    /// Whether the API server also leaves out what the policy says no to. Otherwise the object stays right whatever the
    /// policy becomes.
    public var followsPolicy = true

    public init(target: Target) { self.target = target }
}
