public import PluginAPI

/// What happened to a review, for counters and the log.
public struct ReviewReport: Sendable {
    public enum Kind: String, Sendable {
        /// Allowed with a patch.
        case success
        /// Decided not to inject, or nothing to change.
        case skip
        /// Answered with an error, however the failure mode turned it.
        case failure
    }

    public var kind: Kind = .failure
    public var reason: ReasonCode = .internalError
    /// The decision, where there was one.
    public var decision: Decision? = nil
    /// Why it failed, where it did.
    public var error: InjectionError? = nil
    public var uid = ""
    public var namespace = ""
    /// The pod's name or generateName.
    public var name = ""
    /// `v1` or `v1beta1`.
    public var version = ""
    public var patchBytes = 0
    public var patchOperations = 0
    /// Whether the patch was applied and the result injected again before it was answered.
    public var isSelfChecked = false
    /// Whether the answer was made for an equal request before.
    public var isFromCache = false

    public init() {}
}
