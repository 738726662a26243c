import Synchronization

/// Calls a body at an interval on a thread of its own, and sooner when a descriptor can be read, until it is stopped.
/// Stopping does not wait for the interval.
public final class Ticker: Sendable {
    private let milliseconds: Int
    private let descriptor: Int32
    private let stackBytes: Int
    private let isRunning = Atomic<Bool>(true)
    private let stopping = WakePipe()
    private let thread = Mutex<Thread?>(nil)

    /// - Parameters:
    ///   - milliseconds: between the end of one call and the next.
    ///   - descriptor: calls sooner while it can be read; the body drains it. -1 for none.
    public init(every milliseconds: Int, reading descriptor: Int32 = -1, stackBytes: Int = 256 << 10) {
        self.milliseconds = milliseconds
        self.descriptor = descriptor
        self.stackBytes = stackBytes
    }

    /// - Parameter body: called on the ticker's own thread, the first time at once.
    public func start(_ body: @escaping @Sendable () -> Void) {
        thread.withLock { $0 = Thread(stackBytes: stackBytes) { self.run(body) } }
    }

    /// Returns when the body is not running any more and will not run again.
    public func stop() {
        isRunning.store(false, ordering: .relaxed)
        stopping.wake()
        let ending = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        ending?.join()
    }

    /// On the ticker's own thread: waits, and less if it is stopped meanwhile.
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
