import CWorkMeter

/// Why work should stop before its end.
public enum WorkStop: Int32, Sendable {
    case deadline = 1
    case clientGone = 2
    /// The process has too little memory for all that goes on.
    case overload = 3
    /// The work itself holds more than it may.
    case memory = 4

    /// What a message says.
    public var sentence: String {
        switch self {
        case .deadline: "the time for the rendering is over"
        case .clientGone: "nobody waits for the answer any more"
        case .overload: "there is too little memory for all that goes on, try again later"
        case .memory: "the work holds more memory than it may"
        }
    }

    /// Of the work that this thread does; nil if it goes on, or if nothing is metered.
    @inline(__always)
    public static var current: WorkStop? {
        let stop = work_stops()
        return stop == 0 ? nil : WorkStop(rawValue: stop)
    }
}

/// One piece of work: what it holds, and a way to stop it from another thread.
///
/// While `run` runs its body, the program's allocator charges to it what the thread allocates and releases what it frees
/// (unless a sanitizer owns the allocator). The body asks `WorkStop.current` every so often: parsers with each container,
/// engines with each call. What runs on another thread for it (`Thread.run`) counts too.
public final class WorkMeter: @unchecked Sendable {
    private let meter: UnsafeMutablePointer<work_meter>

    /// - Parameter pool: is charged with what the work holds.
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

    /// Bytes that it holds, without what it held before; read from any thread.
    public var live: Int { max(work_meter_live(meter), 0) }

    /// Why it was told to stop, if it was.
    public var stopped: WorkStop? {
        let stop = work_meter_stopped(meter)
        return stop == 0 ? nil : WorkStop(rawValue: stop)
    }

    /// Tells it to stop, from any thread. The first reason stays.
    public func stop(_ reason: WorkStop) { work_meter_stop(meter, reason.rawValue) }
}

/// How much this thread's work may hold from now on, until `end`, to be called once. Nested limits only get tighter.
public struct WorkAllowance {
    private let meter: UnsafeMutablePointer<work_meter>?
    private let limit: Int
    /// Whether this bound the meter itself, as nobody had.
    private let isOwn: Bool

    /// - Parameter bytes: `.max` limits nothing and costs nothing.
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
