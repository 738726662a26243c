import Glibc

/// A lock with a condition variable, for threads that wait for each other, with or without a deadline of the monotonic
/// clock.
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

    /// Wakes all waiting threads.
    public func signal() { pthread_cond_broadcast(condition) }

    /// Wakes one waiting thread.
    public func signalOne() { pthread_cond_signal(condition) }

    /// Waits for a signal. Must be called within `locked`.
    public func wait() { pthread_cond_wait(condition, mutex) }

    /// Waits for a signal, or until the deadline in nanoseconds; nil for no deadline. Must be called within `locked`.
    ///
    /// - Returns: false if the deadline has passed.
    public func wait(until deadline: UInt64?) -> Bool {
        guard let deadline else { return pthread_cond_wait(condition, mutex) == 0 }
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }
}
