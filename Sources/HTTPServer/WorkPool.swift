import CMicrohttpd
import Glibc

/// Threads for answers that take long, so that one of them does not hold up the connections that share its thread.
/// They start with the first such answer. Work waits in a queue with an end: past it the caller sheds.
final class WorkPool: @unchecked Sendable {
    private let threadCount: Int
    private let waitingLimit: Int
    private let niceness: Int32
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    // Behind the mutex.
    private var queue: [@Sendable () -> Void] = []
    private var busy = 0
    private var threads: [ServerThread] = []
    private var isStopping = false

    /// - Parameter niceness: as nice(1) has it; on Linux each thread has its own.
    init(threads: Int, waiting: Int, niceness: Int32) {
        self.niceness = niceness
        threadCount = max(threads, 1)
        waitingLimit = max(waiting, 0)
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Has the work done on some thread of the pool; false where too much waits already or the pool has ended.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let idle = threadCount - busy
        guard !isStopping, queue.count < waitingLimit + max(idle, 0) else { return false }
        queue.append(work)
        if threads.count < threadCount, threads.count < busy + queue.count,
            let thread = ServerThread(stackBytes: HTTPServer.stackBytes, { self.run() })
        {
            threads.append(thread)
        }
        guard !threads.isEmpty else {
            queue.removeLast()
            return false
        }
        pthread_cond_signal(condition)
        return true
    }

    /// Does what waits still, then ends the threads.
    func stop() {
        pthread_mutex_lock(mutex)
        isStopping = true
        let ending = threads
        threads = []
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
        for thread in ending { thread.join() }
    }

    /// Nanoseconds that a thread of the pool may run at a time. Where nobody asks for anything, all threads have the same
    /// 1.4 ms (on two processors), and one that wakes up to answer something quick waits for the end of the slice at hand:
    /// 1.65 ms of the p99 of quick reviews beside a slow template. With longer ones it goes first: 0.67 ms.
    private static let slice: UInt64 = 20_000_000

    private func yieldToOthers() {
        if pillion_thread_yields(niceness, Self.slice) == 0 || niceness == 0 { return }
        // A sandbox may refuse the one and not the other.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
    }

    private func run() {
        yieldToOthers()
        pthread_mutex_lock(mutex)
        while true {
            if !queue.isEmpty {
                let work = queue.removeFirst()
                busy += 1
                pthread_mutex_unlock(mutex)
                work()
                pthread_mutex_lock(mutex)
                busy -= 1
            } else if isStopping {
                break
            } else {
                pthread_cond_wait(condition, mutex)
            }
        }
        pthread_mutex_unlock(mutex)
    }
}
