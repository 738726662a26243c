import Synchronization
import Values

/// One review of a workload, for the reviews of its other pods.
final class KnownReview: Sendable {
    /// The parsed body.
    let body: KnownJSON
    /// The parts of the injected pod, if an API server would accept it unchanged.
    private let checked = Mutex<CheckedParts?>(nil)

    /// The estimated size of a checked pod: an injection adds a few KB of YAML, as values. Storage shared with the body
    /// is counted there.
    private static let checkedBytes = 24 << 10
    /// The maximum size of the rendered text of a pod that is kept.
    private static let renderedLimit = 16 << 10

    init(_ body: KnownJSON) { self.body = body }

    var size: Int { body.size + Self.checkedBytes }

    /// An injected pod of the workload that has no problems, to compare the next one with.
    var checkedPod: CheckedParts? { checked.withLock { $0 } }

    /// Keeps the first pod without problems.
    ///
    /// - Parameter rendered: the number of bytes that the templates rendered for it.
    func keep(checked pod: CheckedParts, rendered: Int) {
        guard rendered <= Self.renderedLimit else { return }
        checked.withLock { if $0 == nil { $0 = pod } }
    }
}
