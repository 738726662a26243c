import CMicrohttpd
import Glibc
import Synchronization
import System

/// Ensures answers in time, independently of the threads of a pool. It answers requests whose deadline has passed,
/// stops the work of requests whose client is gone, ends bodies that wait too long, and stops the largest work if the
/// process has too little memory. It runs on a separate thread, which checks less often while there is no work.
final class WorkWatch: @unchecked Sendable {
    private let monitor = Monitor()
    private let bodies: BodyBudget
    private let processBytes: Int?
    private let overloaded = Atomic<Bool>(false)
    // Guarded by the monitor.
    private var ongoing: [ObjectIdentifier: Exchange] = [:]
    private var isStarted = false

    /// The interval in nanoseconds between checks of deadlines, while there is work.
    private static let interval: UInt64 = 10_000_000
    /// The interval in nanoseconds between checks of the clients, the bodies and the memory of the process.
    private static let slowInterval: UInt64 = 100_000_000

    init(bodies: BodyBudget, processBytes: Int?) {
        self.bodies = bodies
        self.processBytes = processBytes
    }

    /// Whether the process has too little memory for new work.
    var isOverloaded: Bool { overloaded.load(ordering: .relaxed) }

    /// Starts the thread, once. The thread ends when the watch is released.
    ///
    /// - Returns: false if the system cannot start a thread.
    func start() -> Bool {
        monitor.locked {
            if isStarted { return true }
            isStarted = Thread.detach(stackBytes: 1 << 20) { [weak self] in WorkWatch.run { self } }
            return isStarted
        }
    }

    func add(_ exchange: Exchange) {
        monitor.locked {
            ongoing[ObjectIdentifier(exchange)] = exchange
            if ongoing.count == 1 { monitor.signal() }
        }
    }

    func remove(_ exchange: Exchange) {
        monitor.locked { _ = ongoing.removeValue(forKey: ObjectIdentifier(exchange)) }
    }

    private static func run(_ watch: () -> WorkWatch?) {
        var last: UInt64 = 0
        while let watch = watch() {
            watch.rest()
            let now = MonotonicClock.nanoseconds
            let isSlow = now - last >= slowInterval
            if isSlow { last = now }
            watch.look(now: now, isSlow: isSlow)
        }
    }

    private func rest() {
        let now = MonotonicClock.nanoseconds
        let isIdle = monitor.locked {
            guard ongoing.isEmpty else { return false }
            _ = monitor.wait(until: now + Self.slowInterval)
            return true
        }
        if !isIdle { Thread.sleep(milliseconds: Int(Self.interval / 1_000_000)) }
    }

    private func look(now: UInt64, isSlow: Bool) {
        let exchanges = monitor.locked { Array(ongoing.values) }
        for exchange in exchanges { exchange.look(now: now, asksClient: isSlow) }
        guard isSlow else { return }
        bodies.sweep(now: now)
        if let processBytes { look(atMemory: processBytes, exchanges) }
    }

    private func look(atMemory limit: Int, _ exchanges: [Exchange]) {
        let isOver = ProcessMemory.resident > limit
        overloaded.store(isOver, ordering: .relaxed)
        guard isOver else { return }
        exchanges.compactMap(\.meter).max { $0.live < $1.live }?.stop(.overload)
        ProcessMemory.giveBack()
    }
}
