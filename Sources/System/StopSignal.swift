import Synchronization

/// A signal to stop everything that waits. It is raised once, when the process or a test is about to end.
///
/// Covered work is cancelled, pauses end, and nothing new begins.
public final class StopSignal: Sendable {
    private struct State {
        var isRaised = false
        var last = 0
        var cancellations: [Int: @Sendable () -> Void] = [:]
    }
    private let state = Mutex(State())
    /// It is never drained, so that it wakes all threads from the signal on.
    private let pipe = WakePipe()

    public init() {}

    /// A descriptor for poll(2) that is readable from the signal on.
    public var descriptor: Int32 { pipe.descriptor }

    public var isRaised: Bool { state.withLock { $0.isRaised } }

    public func raise() {
        state.withLock { state in
            state.isRaised = true
            for cancel in state.cancellations.values { cancel() }
        }
        pipe.wake()
    }

    /// Waits for that time, or until the pipe is woken, and drains the pipe.
    ///
    /// - Returns: false if the signal was raised.
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

    /// Runs the body. If the signal is raised before its end, `cancel` is called, possibly on another thread.
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
