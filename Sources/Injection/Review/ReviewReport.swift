public import PluginAPI

/// The outcome of a review, for counters and the log.
public struct ReviewReport: Sendable {
    public enum Kind: String, Sendable {
        /// Allowed with a patch.
        case success
        /// Allowed without a patch: decided not to inject, or nothing to change.
        case skip
        /// Failed, whether the failure mode admitted the pod or not.
        case failure
    }

    public var kind: Kind = .failure
    public var reason: ReasonCode = .internalError
    /// nil if the review failed before the decision.
    public var decision: Decision? = nil
    /// nil unless the review failed.
    public var error: InjectionError? = nil
    /// The codes of the problems that an API server would refuse in the injected pod.
    public var forecast: [String] = []
    public var uid = ""
    public var namespace = ""
    /// The pod's name or generateName.
    public var name = ""
    /// `v1` or `v1beta1`.
    public var version = ""
    public var patchBytes = 0
    public var patchOperations = 0
    /// Whether the patch passed its own check before it was sent.
    public var isSelfChecked = false
    /// The effects of the pod's text in the templates.
    public var taint = TaintReport()
    /// Whether the response is from the cache.
    public var isFromCache = false

    public init() {}
}
