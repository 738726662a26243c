import Glibc
import System

/// What the steps of a review cost, each in CPU time of the thread that runs it.
///
/// A review that is measured carries one (`ReviewOptions.clock`); any other carries nil, and each seam costs it one
/// test. Used by one review at a time.
public final class StageClock: @unchecked Sendable {
    /// The steps in the order a pod takes them; those of several templates add up.
    public enum Stage: Int, Sendable, CaseIterable {
        /// Recognising a review that was seen before.
        case lookup
        /// From the body to values.
        case json
        /// The pod's shape, the policy, annotations.
        case decide
        /// What the template sees, and its execution.
        case render
        /// From rendered text to typed values.
        case yaml
        /// From values to the pod as it should be.
        case merge
        /// The difference, in JSON.
        case patch
        /// The response around it.
        case answer

        public var name: String { "\(self)" }
    }

    /// Nanoseconds by stage since `reset`.
    public private(set) var nanoseconds = [UInt64](repeating: 0, count: Stage.allCases.count)
    private var current: Stage?
    private var since: UInt64 = 0

    public init() {}

    /// Ends the stage at hand and begins another.
    func enter(_ stage: Stage?) {
        let now = Self.now()
        if let current { nanoseconds[current.rawValue] += now - since }
        current = stage
        since = now
    }

    public func reset() {
        for index in nanoseconds.indices { nanoseconds[index] = 0 }
        current = nil
    }

    /// CPU time of this thread.
    public static func now() -> UInt64 { ThreadClock.nanoseconds }
}
