import Synchronization

/// Ends everything that waits for others: raised once, when the process or a test is about to end.
///
/// Work that is covered is cancelled, pauses end, and nothing new begins.
public final class StopSignal: Sendable {
    private struct State {
        var isRaised = false
        var last = 0
        var cancellations: [Int: @Sendable () -> Void] = [:]
    }
    private let state = Mutex(State())
    /// Never drained, so that it wakes everyone from the signal on.
    private let pipe = WakePipe()

    public init() {}

    /// Readable from the signal on: for poll(2).
    public var descriptor: Int32 { pipe.descriptor }

    public var isRaised: Bool { state.withLock { $0.isRaised } }

    public func raise() {
        state.withLock { state in
            state.isRaised = true
            for cancel in state.cancellations.values { cancel() }
        }
        pipe.wake()
    }

    /// Waits that long, or until the pipe is woken, which drains it.
    ///
    /// - Returns: false if the signal was raised before.
    @discardableResult
    public func pause(milliseconds: Int, orUntil nudge: WakePipe? = nil) -> Bool {
        let end = MonotonicClock.milliseconds + milliseconds
        while !isRaised {
            if nudge?.drain() == true { return true }
            let left = end - MonotonicClock.milliseconds
            guard left > 0 else { return true }
            WakePipe.wait(for: descriptor, nudge?.descriptor ?? -1, milliseconds: left)
        }
        return false
    }

    /// Runs the body. If the signal is raised before or meanwhile, `cancel` is called, on whichever thread.
    public func covering<R, E: Error>(
        cancel: @escaping @Sendable () -> Void, _ body: () throws(E) -> R
    ) throws(E) -> R {
        let number = state.withLock { state in
            state.last += 1
            state.cancellations[state.last] = cancel
            if state.isRaised { cancel() }
            return state.last
        }
        defer { state.withLock { _ = $0.cancellations.removeValue(forKey: number) } }
        return try body()
    }
}
