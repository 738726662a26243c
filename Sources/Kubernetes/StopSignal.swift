import Glibc
import Synchronization

/// Ends everything that waits on the API server: raised once, by whoever ends the process or a test.
///
/// Requests under way are cut off, pauses end, and nothing new begins.
public final class StopSignal: Sendable {
    private struct State {
        var isRaised = false
        var transports: [ObjectIdentifier: Transport] = [:]
    }
    private let state = Mutex(State())
    /// A pair of sockets: readable from the signal on.
    private let ends: (reading: Int32, writing: Int32)

    public init() {
        var pair: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair)
        ends = (pair[0], pair[1])
    }

    deinit {
        close(ends.reading)
        close(ends.writing)
    }

    /// Readable from the signal on, and never read: for poll(2).
    var descriptor: Int32 { ends.reading }

    public var isRaised: Bool { state.withLock { $0.isRaised } }

    public func raise() {
        state.withLock { state in
            state.isRaised = true
            for transport in state.transports.values { transport.cancel() }
        }
        write(ends.writing, [0], 1)
    }

    /// Waits that long, or until the nudge is given; false where the signal was raised before.
    @discardableResult
    public func pause(milliseconds: Int, orUntil nudge: Nudge? = nil) -> Bool {
        var watched = [ends.reading, nudge?.descriptor ?? -1].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let end = MonotonicMilliseconds.now + milliseconds
        while !isRaised {
            if nudge?.take() == true { return true }
            let left = end - MonotonicMilliseconds.now
            guard left > 0 else { return true }
            poll(&watched, 2, Int32(clamping: left))
        }
        return false
    }

    /// While the body runs, the signal cancels the transport.
    func covering<R, E: Error>(_ transport: Transport, _ body: () throws(E) -> R) throws(E) -> R {
        state.withLock { state in
            state.transports[ObjectIdentifier(transport)] = transport
            if state.isRaised { transport.cancel() }
        }
        defer { state.withLock { _ = $0.transports.removeValue(forKey: ObjectIdentifier(transport)) } }
        return try body()
    }
}

/// A clock that does not jump.
public enum MonotonicMilliseconds {
    public static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}
