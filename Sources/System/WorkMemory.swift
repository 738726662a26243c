import CWorkMeter

/// What all metered work holds at one time, with the answers that wait to be sent, and the most of it; safe from any thread.
public struct WorkMemory: @unchecked Sendable {
    let pool: UnsafeMutablePointer<work_pool>

    /// The one of the process; limits nothing until it gets a limit.
    public static let process = WorkMemory(pool: work_pool_shared())

    private init(pool: UnsafeMutablePointer<work_pool>) { self.pool = pool }

    /// One of its own, for tests; it lives as long as the process, or until `deallocate`.
    public init(limit: Int) {
        pool = .allocate(capacity: 1)
        pool.initialize(to: work_pool(total: 0, answers: 0, limit: limit))
    }

    /// Frees a test's own. No work may be charged to it any more.
    public func deallocate() { pool.deallocate() }

    /// Bytes; past it, work that holds much is stopped (`WorkStop.overload`).
    public var limit: Int {
        get { work_pool_limit(pool) }
        nonmutating set { work_pool_set_limit(pool, newValue) }
    }

    /// What of `limit` is used.
    public var used: Int { work_pool_total(pool) }

    /// Answers that wait to be sent may use no more than half of `limit`, so that work can go on.
    ///
    /// - Returns: false if there is no room for that many bytes.
    public func holdAnswer(_ bytes: Int) -> Bool { work_hold_answer(pool, bytes) != 0 }

    public func releaseAnswer(_ bytes: Int) { work_release_answer(pool, bytes) }
}
