import Synchronization
import Values

/// One review of a workload, for the reviews of its other pods.
final class KnownReview: Sendable {
    /// The parsed body.
    let body: KnownJSON
    /// An injected pod of the workload.
    let goodPod = GoodPod()

    init(_ body: KnownJSON) { self.body = body }

    var size: Int { body.size + GoodPod.estimatedBytes }
}

/// An injected pod without problems, to compare other pods with.
final class GoodPod: Sendable {
    private let kept = Mutex<CheckedParts?>(nil)

    /// The estimated size of the parts: an injection adds a few KB of YAML, as values. Storage shared with the body of
    /// its review is counted there.
    static let estimatedBytes = 24 << 10
    /// The maximum size of the rendered text of a pod that is kept.
    private static let renderedLimit = 16 << 10

    /// The parts of the pod; nil until there is one.
    var parts: CheckedParts? { kept.withLock { $0 } }

    /// Keeps the first pod without problems.
    ///
    /// - Parameter rendered: the number of bytes that the templates rendered for it.
    func keep(_ pod: CheckedParts, rendered: Int) {
        guard rendered <= Self.renderedLimit else { return }
        kept.withLock { if $0 == nil { $0 = pod } }
    }
}
