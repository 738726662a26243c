import Glibc

/// The clock for deadlines and durations. It never goes back, even if the time of day is changed.
public enum MonotonicClock {
    /// The time in nanoseconds since some moment before the process started.
    public static var nanoseconds: UInt64 { Moment(CLOCK_MONOTONIC).nanoseconds }

    /// The time in milliseconds since the same moment.
    public static var milliseconds: Int { Int(nanoseconds / 1_000_000) }
}

/// The CPU time that this thread has used.
public enum ThreadClock {
    public static var nanoseconds: UInt64 { Moment(CLOCK_THREAD_CPUTIME_ID).nanoseconds }
}

/// The time of day, which may be set back.
public enum WallClock {
    /// The time since 1970: whole seconds, and the remaining nanoseconds.
    public static var now: (seconds: Int, nanoseconds: Int) {
        let time = Moment(CLOCK_REALTIME).time
        return (time.tv_sec, time.tv_nsec)
    }

    /// The time since 1970 in whole seconds.
    public static var seconds: Int { now.seconds }
}

private struct Moment {
    var time = timespec()

    init(_ clock: clockid_t) { clock_gettime(clock, &time) }

    var nanoseconds: UInt64 { UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec) }
}
