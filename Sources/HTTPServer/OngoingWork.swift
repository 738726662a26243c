import Synchronization
import System

/// The work on an answer on another thread than its connection's: who may send the answer, its deadline, and its
/// memory.
final class OngoingWork: Sendable {
    private enum Owner {
        static let nobody = 0
        static let worker = 1
        static let watch = 2
    }

    let meter = WorkMeter()
    /// The deadline in nanoseconds of the monotonic clock; nil for none.
    let deadline: UInt64?
    private let owner = Atomic<Int>(Owner.nobody)
    private let running = Atomic<Bool>(true)
    private let refused = Atomic<Bool>(false)
    private let held = Atomic<Int>(0)

    /// The size up to which answers are not counted.
    private static let smallAnswer = 64 << 10

    init(deadline: UInt64?) { self.deadline = deadline }

    /// Whether the request has been answered.
    var isAnswered: Bool { owner.load(ordering: .acquiring) != Owner.nobody }

    /// Whether a thread of the pool may still use the request.
    var isRunning: Bool { running.load(ordering: .acquiring) }

    func end() { running.store(false, ordering: .releasing) }

    /// Claims the answer for the watch. Returns whether the watch may answer.
    func claimForWatch() -> Bool {
        owner.compareExchange(expected: Owner.nobody, desired: Owner.watch, ordering: .acquiringAndReleasing)
            .exchanged
    }

    /// Claims the answer for the worker. Returns whether the worker may send an answer of that many bytes. If there is
    /// no memory for it (`isRefused`), the worker may send a short one.
    func claimForWorker(bytes: Int) -> Bool {
        let before = owner.compareExchange(
            expected: Owner.nobody, desired: Owner.worker, ordering: .acquiringAndReleasing)
        guard before.exchanged || before.original == Owner.worker else { return false }
        guard bytes > Self.smallAnswer, held.load(ordering: .relaxed) == 0 else { return true }
        guard WorkMemory.process.holdAnswer(bytes) else {
            refused.store(true, ordering: .relaxed)
            return false
        }
        held.store(bytes, ordering: .relaxed)
        return true
    }

    var isRefused: Bool { refused.load(ordering: .relaxed) }

    /// Releases the memory of the answer after it has been sent.
    func releaseAnswer() {
        let bytes = held.exchange(0, ordering: .relaxed)
        if bytes > 0 { WorkMemory.process.releaseAnswer(bytes) }
    }
}
