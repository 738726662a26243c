import Glibc
import System

/// Measures the stages of a review in CPU time of its thread.
///
/// A review has a clock only if `ReviewOptions.clock` is set; otherwise each stage costs one nil check. A clock is used
/// by one review at a time.
public final class StageClock: @unchecked Sendable {
    /// The stages, in the order of a pod's review. The times of several templates are added up.
    public enum Stage: Int, Sendable, CaseIterable {
        /// Looking up a cached response.
        case lookup
        /// Parsing the body.
        case json
        /// Checking the pod's shape, evaluating the policy, checking annotations.
        case decide
        /// Building the template's data, and executing the template.
        case render
        /// Parsing and decoding the rendered text.
        case yaml
        /// Merging it into the pod, and applying the concerns.
        case merge
        /// Computing the patch.
        case patch
        /// Writing the response.
        case answer

        public var name: String { "\(self)" }
    }

    /// Nanoseconds per stage since `reset`.
    public private(set) var nanoseconds = [UInt64](repeating: 0, count: Stage.allCases.count)
    private var current: Stage?
    private var since: UInt64 = 0

    public init() {}

    /// Ends the current stage and begins another.
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
