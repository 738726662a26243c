import Glibc
import HTTPServer
import System
import Values

/// Reports when files may have changed, on a thread of its own.
///
/// Kubernetes changes a mounted volume by replacing the symbolic link `..data` next to the files, so the folders are
/// watched, not the files. They are also checked every few seconds, because inotify misses changes by another machine.
final class FileWatch: Sendable {
    /// The time in which further changes are treated as the same update.
    private static let debounceMilliseconds = 100
    private static let pollMilliseconds = 10_000

    private let folders: Set<String>
    private let changed: @Sendable () -> Void
    private let events: Int32
    private let ticker: Ticker

    /// - Parameters:
    ///   - paths: the files, whether they exist or not.
    ///   - changed: called on the watch's thread, often without a change, so it must check for itself.
    init(_ paths: [String], changed: @escaping @Sendable () -> Void) {
        folders = Set(paths.map(Self.folder))
        self.changed = changed
        events = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        ticker = Ticker(
            every: Self.pollMilliseconds, reading: events, stackBytes: Thread.wholeStack)
        let mask = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE
        for folder in folders { inotify_add_watch(events, folder, UInt32(mask)) }
    }

    deinit { if events >= 0 { close(events) } }

    func start() {
        if !folders.isEmpty { ticker.start { self.look() } }
    }

    func stop() { ticker.stop() }

    private func look() {
        if WakePipe.drain(events) {
            ticker.rest(milliseconds: Self.debounceMilliseconds)
            _ = WakePipe.drain(events)
        }
        changed()
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(ofByte: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
