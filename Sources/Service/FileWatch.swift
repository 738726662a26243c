import Glibc
import HTTPServer
import Synchronization

/// Says when files may have changed, on a thread of its own.
///
/// Kubernetes changes a mounted volume by swapping the symbolic link `..data` beside the files, so the folders are
/// watched, not the files. A look every few seconds is the net below: inotify misses what another machine writes.
final class FileWatch: Sendable {
    /// After an event: changes of one update that come within that time are one.
    private static let debounceMilliseconds: Int32 = 100
    private static let pollMilliseconds: Int32 = 10_000

    private let folders: Set<String>
    private let changed: @Sendable () -> Void
    private let isRunning = Atomic<Bool>(true)
    private let wake: (reading: Int32, writing: Int32)
    private let thread = Mutex<ServerThread?>(nil)

    /// - Parameters:
    ///   - paths: the files, whether they are there or not.
    ///   - changed: called on the watch's thread; often enough without a change, so it looks for itself.
    init(_ paths: [String], changed: @escaping @Sendable () -> Void) {
        folders = Set(
            paths.map { path in
                guard let slash = path.lastIndex(of: "/") else { return "." }
                return slash == path.startIndex ? "/" : String(path[..<slash])
            })
        self.changed = changed
        var ends: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
        wake = (ends[0], ends[1])
    }

    deinit {
        close(wake.reading)
        close(wake.writing)
    }

    func start() {
        guard !folders.isEmpty else { return }
        thread.withLock { $0 = ServerThread(stackBytes: HTTPServer.stackBytes) { self.run() } }
    }

    func stop() {
        isRunning.store(false, ordering: .relaxed)
        write(wake.writing, [0], 1)
        let thread = self.thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    private func run() {
        let events = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        defer { if events >= 0 { close(events) } }
        let mask = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE
        for folder in folders { inotify_add_watch(events, folder, UInt32(mask)) }
        while isRunning.load(ordering: .relaxed) {
            var descriptors = [
                pollfd(fd: wake.reading, events: Int16(POLLIN), revents: 0),
                pollfd(fd: events, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, Self.pollMilliseconds)
            guard isRunning.load(ordering: .relaxed) else { return }
            if count > 0 {
                poll(&descriptors, 1, Self.debounceMilliseconds)
                drain(events)
            }
            changed()
        }
    }

    private func drain(_ events: Int32) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while read(events, &buffer, buffer.count) > 0 {}
    }
}
