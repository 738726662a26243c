import Synchronization

/// Calls a body at an interval on a separate thread, and earlier if a descriptor becomes readable, until it is stopped.
/// Stopping does not wait for the interval.
public final class Ticker: Sendable {
    private let milliseconds: Int
    private let descriptor: Int32
    private let stackBytes: Int
    private let isRunning = Atomic<Bool>(true)
    private let stopping = WakePipe()
    private let thread = Mutex<Thread?>(nil)

    /// - Parameters:
    ///   - milliseconds: the time between the end of one call and the next.
    ///   - descriptor: a descriptor that causes calls while it is readable; the body must drain it. -1 for none.
    public init(every milliseconds: Int, reading descriptor: Int32 = -1, stackBytes: Int = 256 << 10) {
        self.milliseconds = milliseconds
        self.descriptor = descriptor
        self.stackBytes = stackBytes
    }

    /// - Parameter body: called on the ticker's own thread, the first time immediately.
    public func start(_ body: @escaping @Sendable () -> Void) {
        thread.withLock { $0 = Thread(stackBytes: stackBytes) { self.run(body) } }
    }

    /// Stops the ticker. When this returns, the body is not running and will not run again.
    public func stop() {
        isRunning.store(false, ordering: .relaxed)
        stopping.wake()
        let ending = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        ending?.join()
    }

    /// Waits for that time, or until the ticker is stopped. Must be called on the ticker's own thread.
    public func rest(milliseconds: Int) {
        WakePipe.wait(for: stopping.descriptor, milliseconds: milliseconds)
    }

    private func run(_ body: () -> Void) {
        while isRunning.load(ordering: .relaxed) {
            body()
            WakePipe.wait(for: stopping.descriptor, descriptor, milliseconds: milliseconds)
        }
    }
}
