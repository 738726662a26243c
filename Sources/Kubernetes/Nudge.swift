import Glibc

/// Ends another thread's pause early: there is something to do.
public final class Nudge: Sendable {
    private let ends: (reading: Int32, writing: Int32)

    public init() {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        socketpair(AF_UNIX, kind, 0, &pair)
        ends = (pair[0], pair[1])
    }

    deinit {
        close(ends.reading)
        close(ends.writing)
    }

    public func give() { write(ends.writing, [0], 1) }

    var descriptor: Int32 { ends.reading }

    /// Whether one was given since the last time.
    func take() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 256)
        var isGiven = false
        while read(ends.reading, &bytes, bytes.count) > 0 { isGiven = true }
        return isGiven
    }
}
