import CWorkMeter

/// The reason why work should stop early.
public enum WorkStop: Int32, Sendable {
    case deadline = 1
    case clientGone = 2
    /// The process has too little memory for all current work.
    case overload = 3
    /// The work itself exceeds its memory limit.
    case memory = 4

    /// The text for messages.
    public var sentence: String {
        switch self {
        case .deadline: "the time for the rendering is over"
        case .clientGone: "the client has disconnected"
        case .overload: "there is too little memory for all current work, try again later"
        case .memory: "the work holds more memory than it may"
        }
    }

    /// The reason for which this thread's work should stop; nil if it should continue, or is not metered.
    @inline(__always)
    public static var current: WorkStop? {
        let stop = work_stops()
        return stop == 0 ? nil : WorkStop(rawValue: stop)
    }
}

/// Meters the memory of one piece of work, and can stop it from another thread.
///
/// While `run` runs its body, the program's allocator charges the thread's allocations to the meter, and releases what
/// it frees (unless a sanitizer replaces the allocator). The body must check `WorkStop.current` regularly, as parsers
/// and engines do. Work on another thread with `Thread.run` is included.
public final class WorkMeter: @unchecked Sendable {
    private let meter: UnsafeMutablePointer<work_meter>

    /// - Parameter pool: the memory to which the work is charged.
    public init(pool: WorkMemory = .process) {
        meter = .allocate(capacity: 1)
        meter.initialize(to: work_meter())
        meter.pointee.limit = .max
        meter.pointee.pool = pool.pool
    }

    deinit { meter.deallocate() }

    public func run<R>(_ body: () -> R) -> R {
        let before = work_meter_bind(meter)
        defer {
            _ = work_meter_bind(before)
            work_meter_leave(meter)
        }
        return body()
    }

    /// Whether this thread's work is metered.
    public static var isBound: Bool { work_meter_current() != nil }

    /// The number of bytes that the work has allocated and not freed. Can be read on any thread.
    public var live: Int { max(work_meter_live(meter), 0) }

    /// The reason for which the work was stopped, if it was.
    public var stopped: WorkStop? {
        let stop = work_meter_stopped(meter)
        return stop == 0 ? nil : WorkStop(rawValue: stop)
    }

    /// Requests the work to stop. Can be called on any thread. The first reason is kept.
    public func stop(_ reason: WorkStop) { work_meter_stop(meter, reason.rawValue) }
}

/// A limit on the memory that this thread's work may allocate from now on until `end`, which must be called once. A
/// nested limit cannot exceed the outer one.
public struct WorkAllowance {
    private let meter: UnsafeMutablePointer<work_meter>?
    private let limit: Int
    /// Whether it has bound its own meter, because there was none.
    private let isOwn: Bool

    /// - Parameter bytes: the limit; `.max` for no limit, which has no cost.
    public init(bytes: Int) {
        guard bytes < .max else {
            (meter, limit, isOwn) = (nil, .max, false)
            return
        }
        if let current = work_meter_current() {
            (meter, limit, isOwn) = (current, current.pointee.limit, false)
            let most = current.pointee.live.addingReportingOverflow(bytes)
            current.pointee.limit = min(limit, most.overflow ? .max : most.partialValue)
        } else {
            let own = UnsafeMutablePointer<work_meter>.allocate(capacity: 1)
            own.initialize(to: work_meter())
            own.pointee.limit = bytes
            own.pointee.pool = WorkMemory.process.pool
            (meter, limit, isOwn) = (own, .max, true)
            _ = work_meter_bind(own)
        }
    }

    public func end() {
        guard let meter else { return }
        guard isOwn else {
            meter.pointee.limit = limit
            return
        }
        _ = work_meter_bind(nil)
        work_meter_leave(meter)
        meter.deallocate()
    }
}
