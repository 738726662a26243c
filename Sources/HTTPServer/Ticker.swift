import CMicrohttpd
import Glibc
import Synchronization

/// A thread that does something at an interval, and sooner where a descriptor can be read, until it is stopped.
/// Stopping does not wait for the interval.
public final class Ticker: Sendable {
    private let milliseconds: Int32
    private let descriptor: Int32
    private let stackBytes: Int
    private let isRunning = Atomic<Bool>(true)
    private let wake: (reading: Int32, writing: Int32)
    private let thread = Mutex<ServerThread?>(nil)

    /// - Parameters:
    ///   - milliseconds: between the end of one call and the next.
    ///   - descriptor: calls sooner while it can be read; the body reads it empty. -1 for none.
    public init(every milliseconds: Int32, reading descriptor: Int32 = -1, stackBytes: Int = 256 << 10) {
        self.milliseconds = milliseconds
        self.descriptor = descriptor
        self.stackBytes = stackBytes
        var ends: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
        wake = (ends[0], ends[1])
    }

    deinit {
        close(wake.reading)
        close(wake.writing)
    }

    /// - Parameter body: called on the ticker's own thread, for the first time when that starts.
    public func start(_ body: @escaping @Sendable () -> Void) {
        thread.withLock { $0 = ServerThread(stackBytes: stackBytes) { self.run(body) } }
    }

    /// Returns when the body is not running any more and will not run again.
    public func stop() {
        isRunning.store(false, ordering: .relaxed)
        write(wake.writing, [0], 1)
        let ending = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        ending?.join()
    }

    /// Waits on the ticker's own thread, for less where it is stopped.
    public func rest(milliseconds: Int32) {
        var stop = pollfd(fd: wake.reading, events: Int16(POLLIN), revents: 0)
        poll(&stop, 1, milliseconds)
    }

    private func run(_ body: () -> Void) {
        while isRunning.load(ordering: .relaxed) {
            body()
            var descriptors = [
                pollfd(fd: wake.reading, events: Int16(POLLIN), revents: 0),
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            ]
            poll(&descriptors, 2, milliseconds)
        }
    }
}
