import Glibc

/// Wakes a thread that waits in poll(2). Its descriptor is readable from `wake` on, until it is drained.
public final class WakePipe: Sendable {
    private let ends: (reading: Int32, writing: Int32)

    public init() { ends = SocketPair.make(isBlocking: false) ?? (-1, -1) }

    deinit {
        close(ends.reading)
        close(ends.writing)
    }

    /// The descriptor for poll(2).
    public var descriptor: Int32 { ends.reading }

    /// Makes the descriptor readable. Can be called on any thread.
    public func wake() { write(ends.writing, [0], 1) }

    /// - Returns: whether it was woken since the last call.
    public func drain() -> Bool { Self.drain(ends.reading) }

    /// Reads a non-blocking descriptor until it is empty. Returns whether there was anything to read.
    public static func drain(_ descriptor: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        var isFound = false
        while read(descriptor, &bytes, bytes.count) > 0 { isFound = true }
        return isFound
    }

    /// Waits until one of the descriptors is readable, at most that time. -1 is ignored.
    public static func wait(for descriptors: Int32..., milliseconds: Int) {
        var watched = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&watched, nfds_t(watched.count), Int32(clamping: milliseconds))
    }
}

/// Creates two sockets that are connected to each other and are closed in child processes.
public enum SocketPair {
    /// Returns the two sockets; nil, with `errno`, if the system cannot create them.
    public static func make(isBlocking: Bool = true) -> (Int32, Int32)? {
        var pair: [Int32] = [-1, -1]
        var kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
        if !isBlocking { kind |= SOCK_NONBLOCK.rawValue }
        guard socketpair(AF_UNIX, Int32(kind), 0, &pair) == 0 else { return nil }
        return (pair[0], pair[1])
    }
}
