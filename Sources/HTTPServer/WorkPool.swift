import CMicrohttpd
import Glibc
import System

/// Worker threads for slow answers, so that these do not delay other connections of the same thread. The threads start
/// when there is work. Work waits in a bounded queue. If that is full, the caller sheds the request.
final class WorkPool: @unchecked Sendable {
    private let threadCount: Int
    private let waitingLimit: Int
    private let niceness: Int32
    private let monitor = Monitor()
    // Guarded by the monitor.
    private var queue: [Job] = []
    private var busy = 0
    private var threads: [Thread] = []
    private var isStopping = false

    private struct Job {
        var run: @Sendable () -> Void
        /// Whether the result is no longer needed.
        var isStale: @Sendable () -> Bool
    }

    /// - Parameter niceness: the nice value of the threads, as of nice(1). On Linux each thread has its own.
    init(threads: Int, waiting: Int, niceness: Int32) {
        self.niceness = niceness
        threadCount = max(threads, 1)
        waitingLimit = max(waiting, 0)
    }

    /// Queues the work; returns false if the queue is full or the pool has ended.
    func submit(
        isStale: @escaping @Sendable () -> Bool = { false }, _ work: @escaping @Sendable () -> Void
    ) -> Bool {
        monitor.locked {
            let idle = threadCount - busy
            if queue.count >= waitingLimit { queue.removeAll { $0.isStale() } }
            guard !isStopping, queue.count < waitingLimit + max(idle, 0) else { return false }
            queue.append(Job(run: work, isStale: isStale))
            if threads.count < threadCount, threads.count < busy + queue.count,
                let thread = Thread({ self.run() })
            {
                threads.append(thread)
            }
            guard !threads.isEmpty else {
                queue.removeLast()
                return false
            }
            monitor.signalOne()
            return true
        }
    }

    /// Finishes the queued work, then ends the threads.
    func stop() {
        let ending = monitor.locked {
            isStopping = true
            monitor.signal()
            defer { threads = [] }
            return threads
        }
        for thread in ending { thread.join() }
    }

    /// Nanoseconds that a thread of the pool may run at a time. By default all threads have the same 1.4 ms (on two
    /// processors), and one that wakes up for a quick answer waits for the end of the current slice: the p99 of quick
    /// reviews next to a slow template is 1.65 ms. With longer slices here the quick thread goes first: 0.67 ms.
    private static let slice: UInt64 = 20_000_000

    private func yieldToOthers() {
        if pillion_thread_yields(niceness, Self.slice) == 0 || niceness == 0 { return }
        // A sandbox may refuse one call and allow the other.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
    }

    private func run() {
        yieldToOthers()
        while let work = next() {
            work()
            monitor.locked { busy -= 1 }
        }
    }

    /// Waits for work; nil at the end of the pool.
    private func next() -> (@Sendable () -> Void)? {
        monitor.locked {
            while queue.isEmpty {
                if isStopping { return nil }
                monitor.wait()
            }
            busy += 1
            return queue.removeFirst().run
        }
    }
}
