import Glibc
import HTTPServer
import Synchronization
import System
import Values

/// Touches a file at an interval while the server is ready, for `pillion probe` and exec probes: the file's age shows
/// whether the process still runs. If touching fails, for example because the disk is full, the server continues; the
/// failure is logged once, and its end once.
final class HealthFile: Sendable {
    private let path: String
    private let health: Health
    private let log: Log
    private let isFailing = Atomic<Bool>(false)
    private let ticker: Ticker

    init(path: String, seconds: Double, health: Health, log: Log) {
        self.path = path
        self.health = health
        self.log = log
        ticker = Ticker(every: Int(min(max(seconds * 1_000, 10), 86_400_000)))
    }

    func start() { ticker.start { self.touch() } }

    /// Stops touching and removes the file: the process no longer runs.
    func stop() {
        ticker.stop()
        unlink(path)
    }

    private func touch() {
        guard health.isReady else { return }
        let failure: String?
        do throws(FileError) {
            try File.touch(path)
            failure = nil
        } catch {
            failure = error.reason
        }
        let wasFailing = isFailing.exchange(failure != nil, ordering: .relaxed)
        if let failure, !wasFailing {
            log.warning(
                "the health file cannot be touched",
                [Member("file", .string(path)), Member("error", .string(failure))])
        } else if failure == nil, wasFailing {
            log.info("the health file is touched again", [Member("file", .string(path))])
        }
    }
}
