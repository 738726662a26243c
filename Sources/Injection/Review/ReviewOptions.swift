/// How a review is answered, besides what the Snapshot says.
public struct ReviewOptions: Sendable {
    /// Whether a failed injection is answered with `allowed: true` and no patch.
    public var allowOnFailure = false
    /// Whether the patch is applied and the result injected again before it is answered.
    public var selfCheck = false
    /// Whether the decision's trace is wanted in the report.
    public var explain = false
    /// Nanoseconds of the monotonic clock at which rendering gives up.
    public var deadline: UInt64? = nil
    /// Steps that each template may take, where that is less than the configuration's limit: what a caller allows
    /// that would rather ask again elsewhere than wait.
    public var steps: Int? = nil
    /// Measures the steps; nil measures nothing.
    public var clock: StageClock? = nil

    public init() {}

    /// Whether an answer that was made before does as well: nothing is wanted besides the answer.
    var takesKnownAnswers: Bool { !selfCheck && !explain }
}
