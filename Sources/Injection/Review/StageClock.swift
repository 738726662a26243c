import Glibc
import System

/// Measures the stages of a review in CPU time of its thread.
///
/// A review carries a clock only if `ReviewOptions.clock` asks for it; for any other, each stage costs one test for nil.
/// One review uses it at a time.
public final class StageClock: @unchecked Sendable {
    /// The stages in the order in which a pod passes them; the stages of several templates add up.
    public enum Stage: Int, Sendable, CaseIterable {
        /// Look for a remembered answer.
        case lookup
        /// Parse the body.
        case json
        /// Check the pod's shape, evaluate the policy, check annotations.
        case decide
        /// Put together the template's data, and execute it.
        case render
        /// Parse and decode the rendered text.
        case yaml
        /// Merge it into the pod, and apply the concerns.
        case merge
        /// Compute the patch.
        case patch
        /// Write the response.
        case answer

        public var name: String { "\(self)" }
    }

    /// Nanoseconds by stage since `reset`.
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
