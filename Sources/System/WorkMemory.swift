import CWorkMeter

/// The memory that all metered work holds, including answers that wait to be sent, and its limit. It can be used on any
/// thread.
public struct WorkMemory: @unchecked Sendable {
    let pool: UnsafeMutablePointer<work_pool>

    /// The memory of the process. It is unlimited until a limit is set.
    public static let process = WorkMemory(pool: work_pool_shared())

    private init(pool: UnsafeMutablePointer<work_pool>) { self.pool = pool }

    /// Creates a separate one, for tests. It lives as long as the process, or until `deallocate`.
    public init(limit: Int) {
        pool = .allocate(capacity: 1)
        pool.initialize(to: work_pool(total: 0, answers: 0, limit: limit))
    }

    /// Frees one that a test has created. No work may be charged to it afterwards.
    public func deallocate() { pool.deallocate() }

    /// The limit in bytes. If it is exceeded, work that holds much memory is stopped (`WorkStop.overload`).
    public var limit: Int {
        get { work_pool_limit(pool) }
        nonmutating set { work_pool_set_limit(pool, newValue) }
    }

    /// The used part of `limit`.
    public var used: Int { work_pool_total(pool) }

    /// Charges an answer that waits to be sent. These answers may use at most half of `limit`, so that other work can
    /// continue.
    ///
    /// - Returns: false if there is no room for that many bytes.
    public func holdAnswer(_ bytes: Int) -> Bool { work_hold_answer(pool, bytes) != 0 }

    public func releaseAnswer(_ bytes: Int) { work_release_answer(pool, bytes) }
}
