/// The API server's part of a decision: whether it sends a pod to the injector at all.
///
/// A `DecisionEngine` compiles it from a MutatingWebhookConfiguration. Like the rest of a decision, it is pure.
public protocol WebhookMatcher: Sendable {
    /// Returns the outcome of each webhook for the pod, in the order of the configuration.
    func match(_ subject: DecisionSubject) -> [WebhookOutcome]
    /// Returns single changes of labels of the pod or its namespace that could change a webhook's outcome.
    func edits(_ subject: DecisionSubject) -> [Counterfactual.Edit]
    /// The keys of the pod's labels that matter.
    var labelKeys: Set<String> { get }
    /// The keys of the namespace's labels that matter.
    var namespaceLabelKeys: Set<String> { get }
}

/// The outcome of one webhook for a pod.
public struct WebhookOutcome: Sendable, Equatable {
    public enum Call: Sendable, Equatable {
        /// The API server sends the pod.
        case called
        /// The API server does not send the pod, for this reason.
        case notCalled(ReasonCode)
        /// The outcome depends on something unknown, which the reason names.
        case unknown(ReasonCode)
    }

    /// The webhook's name.
    public var name: String
    public var call: Call
    /// The cause, in lower case and without a full stop.
    public var detail: String
    /// The rank. If no webhook is called, the one with the highest rank gives the reason.
    public var rank: Int
    /// The file and JSON pointer of the part that caused it.
    public var source: String?

    public init(name: String, call: Call, detail: String, rank: Int = 0, source: String? = nil) {
        self.name = name
        self.call = call
        self.detail = detail
        self.rank = rank
        self.source = source
    }
}

/// The reason why a webhook configuration cannot be used.
public struct WebhookConfigurationError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    public init(_ message: String) { self.message = message }
}
