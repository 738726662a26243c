import Glibc
import HTTPServer
import Synchronization

/// Touches a file at an interval while the server is ready, for `pillion probe` and exec probes: the file's age
/// says whether the process still runs. A disk that is full costs the touch, not the server.
final class HealthFile: Sendable {
    private let path: String
    private let milliseconds: Int32
    private let health: Health
    private let isRunning = Atomic<Bool>(true)
    private let wake: (reading: Int32, writing: Int32)
    private let thread = Mutex<ServerThread?>(nil)

    init(path: String, seconds: Double, health: Health) {
        self.path = path
        milliseconds = Int32(min(max(seconds * 1_000, 10), 86_400_000))
        self.health = health
        var ends: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
        wake = (ends[0], ends[1])
    }

    deinit {
        close(wake.reading)
        close(wake.writing)
    }

    func start() { thread.withLock { $0 = ServerThread(stackBytes: 256 << 10) { self.run() } } }

    /// Stops touching and removes the file: nobody is alive behind it any more.
    func stop() {
        isRunning.store(false, ordering: .relaxed)
        write(wake.writing, [0], 1)
        let thread = self.thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
        unlink(path)
    }

    private func run() {
        while isRunning.load(ordering: .relaxed) {
            if health.isReady { touch() }
            var descriptor = pollfd(fd: wake.reading, events: Int16(POLLIN), revents: 0)
            poll(&descriptor, 1, milliseconds)
        }
    }

    private func touch() {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { return }
        futimens(file, nil)
        close(file)
    }
}
