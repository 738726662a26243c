import PluginAPI
import Synchronization
import System

/// Shows progress in a line on standard error that is overwritten, if that is a terminal; otherwise nothing is written.
final class Progress: Sendable {
    private let isShown: Bool
    private let next: Atomic<UInt64>
    private let hasWritten = Atomic<Bool>(false)

    /// The delay before the line is shown, and the interval of updates.
    private static let patience: UInt64 = 300_000_000
    private static let interval: UInt64 = 100_000_000

    /// - Parameter isOff: whether to show nothing, because the output itself is written to the terminal.
    init(isOff: Bool = false) {
        isShown = standardError.isTerminal && !isOff
        next = Atomic(MonotonicClock.nanoseconds + Self.patience)
    }

    /// Returns the function to call before each document of a file: `a.yaml: 130 of 1000 documents`.
    func documents(of file: String) -> (@Sendable (_ document: Int, _ count: Int) -> Void)? {
        guard isShown else { return nil }
        return { [self] document, count in show("\(file): \(document) of \(count) documents") }
    }

    /// Shows the number of a file: `7 of 24000 files`.
    func files(_ number: Int, of count: Int) {
        guard isShown, count > 1 else { return }
        show("\(number) of \(count) files")
    }

    /// Shows the number of pods of a scan, called for each: `12000 pods`.
    func pods(_ count: Int) {
        // The clock is read only for every 256th pod.
        guard isShown, count & 0xff == 0 else { return }
        show("\(count) pods")
    }

    /// Shows the number of a case of a test: `7 of 120 cases`.
    func cases(_ number: Int, of count: Int) {
        guard isShown, count > 1 else { return }
        show("\(number) of \(count) cases")
    }

    private func show(_ text: String) {
        let now = MonotonicClock.nanoseconds
        guard now >= next.load(ordering: .relaxed) else { return }
        next.store(now + Self.interval, ordering: .relaxed)
        hasWritten.store(true, ordering: .relaxed)
        standardError.write(styled: "\r\u{1B}[K\(text)")
    }

    /// Removes the line.
    func end() {
        if hasWritten.exchange(false, ordering: .relaxed) { standardError.write(styled: "\r\u{1B}[K") }
    }
}
