import PluginAPI
import Synchronization
import System

/// A line of progress on standard error that is overwritten, on a terminal only.
final class Progress: Sendable {
    private let isShown = standardError.isTerminal
    private let next: Atomic<UInt64>
    private let hasWritten = Atomic<Bool>(false)

    /// Shown after this long, and updated at this interval.
    private static let patience: UInt64 = 300_000_000
    private static let interval: UInt64 = 100_000_000

    init() { next = Atomic(MonotonicClock.nanoseconds + Self.patience) }

    /// What to call before each document of a file: `file 2 of 7: 130 of 1000 documents`.
    func documents(
        of file: String, files: (index: Int, count: Int)
    ) -> (@Sendable (_ document: Int, _ count: Int) -> Void)? {
        guard isShown else { return nil }
        return { [self] document, count in
            let now = MonotonicClock.nanoseconds
            guard now >= next.load(ordering: .relaxed) else { return }
            next.store(now + Self.interval, ordering: .relaxed)
            hasWritten.store(true, ordering: .relaxed)
            let place = files.count > 1 ? " (\(files.index + 1) of \(files.count))" : ""
            standardError.write(styled: "\r\u{1B}[K\(file)\(place): \(document) of \(count) documents")
        }
    }

    /// Takes the line away.
    func end() {
        if hasWritten.exchange(false, ordering: .relaxed) { standardError.write(styled: "\r\u{1B}[K") }
    }
}
