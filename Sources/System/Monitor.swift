import Glibc

/// A lock with a condition, on the monotonic clock: for threads that wait for each other, with a deadline or without.
public final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    public init() {
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

    public func locked<R>(_ body: () -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Wakes all threads that wait.
    public func signal() { pthread_cond_broadcast(condition) }

    /// Wakes one of them.
    public func signalOne() { pthread_cond_signal(condition) }

    /// Within `locked`: waits for a signal.
    public func wait() { pthread_cond_wait(condition, mutex) }

    /// Within `locked`: waits for a signal, or until the moment in nanoseconds; nil is no deadline.
    ///
    /// - Returns: false if the deadline has passed.
    public func wait(until deadline: UInt64?) -> Bool {
        guard let deadline else { return pthread_cond_wait(condition, mutex) == 0 }
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }
}
