import PluginAPI
import Synchronization
import System

/// A line on standard error that is written over, for people who wait at a terminal; elsewhere nothing is written.
final class Progress: Sendable {
    private let isShown: Bool
    private let next: Atomic<UInt64>
    private let hasWritten = Atomic<Bool>(false)

    /// Shown after this long, and updated at this interval.
    private static let patience: UInt64 = 300_000_000
    private static let interval: UInt64 = 100_000_000

    /// - Parameter isOff: where the output itself goes to the terminal meanwhile.
    init(isOff: Bool = false) {
        isShown = standardError.isTerminal && !isOff
        next = Atomic(MonotonicClock.nanoseconds + Self.patience)
    }

    /// What to call before each document of a file: `a.yaml: 130 of 1000 documents`.
    func documents(of file: String) -> (@Sendable (_ document: Int, _ count: Int) -> Void)? {
        guard isShown else { return nil }
        return { [self] document, count in show("\(file): \(document) of \(count) documents") }
    }

    /// What to call before each file: `7 of 24000 files`.
    func files(_ number: Int, of count: Int) {
        guard isShown, count > 1 else { return }
        show("\(number) of \(count) files")
    }

    /// What to call for each pod of a scan: `12000 pods`.
    func pods(_ count: Int) {
        // The clock is not read for each.
        guard isShown, count & 0xff == 0 else { return }
        show("\(count) pods")
    }

    /// What to call before each case of a test: `7 of 120 cases`.
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

    /// Takes the line away.
    func end() {
        if hasWritten.exchange(false, ordering: .relaxed) { standardError.write(styled: "\r\u{1B}[K") }
    }
}
