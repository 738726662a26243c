import Synchronization
import Values

/// One review of a workload, for the reviews of its other pods.
final class KnownReview: Sendable {
    /// The body.
    let body: KnownJSON
    /// The parts of the pod that it became, if an API server takes it as it is.
    private let checked = Mutex<CheckedParts?>(nil)

    /// Bytes of a checked pod: what an injection adds to the pod, a few KB of YAML as values. What it shares with the body
    /// is counted there.
    private static let checkedBytes = 24 << 10
    /// A pod with more rendered text is not kept.
    private static let renderedLimit = 16 << 10

    init(_ body: KnownJSON) { self.body = body }

    var size: Int { body.size + Self.checkedBytes }

    /// An injected pod of the workload that was found good, to compare the next one with.
    var checkedPod: CheckedParts? { checked.withLock { $0 } }

    /// Keeps the first pod that is found good.
    ///
    /// - Parameter rendered: bytes that the templates rendered for it.
    func keep(checked pod: CheckedParts, rendered: Int) {
        guard rendered <= Self.renderedLimit else { return }
        checked.withLock { if $0 == nil { $0 = pod } }
    }
}
