/// Options of one review, in addition to those of the Snapshot.
public struct ReviewOptions: Sendable {
    /// Whether a failed injection admits the pod: `allowed: true`, no patch. Called once, after the failure, with the
    /// pod's namespace, which is empty if it is not known.
    public var allowsFailure: @Sendable (_ namespace: String) -> Bool = { _ in false }
    /// Whether the patch is verified before it is sent (`PatchSelfCheck`).
    public var selfCheck = false
    /// Whether the report contains the trace of the decision.
    public var explain = false
    /// The time at which rendering stops, in nanoseconds of the monotonic clock.
    public var deadline: UInt64? = nil
    /// The maximum number of steps of each template, if smaller than the configuration's limit: for a caller that would
    /// rather repeat the review on another thread than wait.
    public var steps: Int? = nil
    /// Measures the stages; nil measures nothing.
    public var clock: StageClock? = nil

    public init() {}

    /// Whether a cached answer is sufficient: the caller needs nothing but the response.
    var takesKnownAnswers: Bool { !selfCheck && !explain }
}
