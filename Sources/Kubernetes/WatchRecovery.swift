import Synchronization
import System

/// Ends the pauses of watches that wait after a failure, as soon as one of them works again: after an outage of the API
/// server, all recover together, instead of each after its own pause.
public final class WatchRecovery: Sendable {
    private let waiting = Mutex<[WakePipe]>([])

    public init() {}

    func join(_ pipe: WakePipe) { waiting.withLock { $0.append(pipe) } }

    func leave(_ pipe: WakePipe) { waiting.withLock { $0.removeAll { $0 === pipe } } }

    func wakeOthers(than pipe: WakePipe) {
        waiting.withLock { for other in $0 where other !== pipe { other.wake() } }
    }
}
