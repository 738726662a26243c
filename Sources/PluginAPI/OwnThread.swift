import Glibc

/// A lock with a condition, on the monotonic clock. For threads that wait for each other with a deadline.
final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func locked<R>(_ body: () -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    func signal() { pthread_cond_broadcast(condition) }

    /// Within `locked`: waits for a signal, or until the moment in nanoseconds. False when that has passed.
    func wait(until deadline: UInt64?) -> Bool {
        guard let deadline else { return pthread_cond_wait(condition, mutex) == 0 }
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }
}

/// Work on a thread of its own, that a caller waits for until a deadline and no longer.
enum OwnThread {
    enum Outcome { case done, late, notStarted }

    /// As much as the main thread has: engines recurse.
    private static let stackBytes = 8 << 20

    private final class Job: @unchecked Sendable {
        let monitor = Monitor()
        private var body: (@Sendable () -> Void)?
        /// Called with the end of a body that nobody waits for any more.
        let whenLate: @Sendable () -> Void
        var isDone = false
        var isAbandoned = false

        init(_ body: @escaping @Sendable () -> Void, _ whenLate: @escaping @Sendable () -> Void) {
            self.body = body
            self.whenLate = whenLate
        }

        func run() {
            body?()
            // What the body held is gone before the caller goes on, so that it knows when a template is freed.
            body = nil
            let wasAbandoned = monitor.locked {
                isDone = true
                monitor.signal()
                return isAbandoned
            }
            if wasAbandoned { whenLate() }
        }
    }

    /// Runs the body. When the deadline passes first the answer is `.late`: the body runs on, and `whenLate` is called
    /// at its end, if ever.
    static func run(
        until deadline: UInt64?, whenLate: @escaping @Sendable () -> Void,
        _ body: @escaping @Sendable () -> Void
    ) -> Outcome {
        let job = Job(body, whenLate)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let handed = Unmanaged.passRetained(job)
        guard pthread_create(&thread, &attributes, begin, handed.toOpaque()) == 0 else {
            handed.release()
            return .notStarted
        }
        return job.monitor.locked {
            while !job.isDone {
                guard job.monitor.wait(until: deadline) || job.isDone else {
                    job.isAbandoned = true
                    return .late
                }
            }
            return .done
        }
    }

    private static let begin: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        handed in
        guard let handed else { return nil }
        Unmanaged<Job>.fromOpaque(handed).takeRetainedValue().run()
        return nil
    }
}
