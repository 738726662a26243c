/// The API server's half of a decision: whether it sends a pod to the injector at all.
///
/// Compiled from a MutatingWebhookConfiguration by a `DecisionPlugin`; pure, as the rest of a decision.
public protocol WebhookMatcher: Sendable {
    /// What each webhook says about the pod, in the order of the configuration.
    func match(_ subject: DecisionSubject) -> [WebhookOutcome]
    /// Single changes of labels, of the pod or its namespace, that could change what a webhook says.
    func edits(_ subject: DecisionSubject) -> [Counterfactual.Edit]
    /// The keys of the pod's labels that matter.
    var labelKeys: Set<String> { get }
    /// The keys of the namespace's labels that matter.
    var namespaceLabelKeys: Set<String> { get }
}

/// What one webhook says about a pod.
public struct WebhookOutcome: Sendable, Equatable {
    public enum Call: Sendable, Equatable {
        /// The API server sends the pod.
        case called
        /// It does not, and why.
        case notCalled(ReasonCode)
        /// That depends on something that is not known here, and on what.
        case unknown(ReasonCode)
    }

    /// The webhook's name.
    public var name: String
    public var call: Call
    /// What made it so: lower-case, no final stop.
    public var detail: String
    /// Of several webhooks that do not call, the one with the highest rank says why none does.
    public var rank: Int
    /// File and JSON pointer of the part that made it so.
    public var source: String?

    public init(name: String, call: Call, detail: String, rank: Int = 0, source: String? = nil) {
        self.name = name
        self.call = call
        self.detail = detail
        self.rank = rank
        self.source = source
    }
}

/// Why a webhook configuration cannot be used.
public struct WebhookConfigurationError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    public init(_ message: String) { self.message = message }
}
