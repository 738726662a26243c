import Glibc

/// The clock of deadlines and durations: it never goes back, whatever happens to the time of day.
public enum MonotonicClock {
    /// Nanoseconds since some moment before the process began.
    public static var nanoseconds: UInt64 { Moment(CLOCK_MONOTONIC).nanoseconds }

    /// Milliseconds since the same moment.
    public static var milliseconds: Int { Int(nanoseconds / 1_000_000) }
}

/// The processor's time that this thread has used.
public enum ThreadClock {
    public static var nanoseconds: UInt64 { Moment(CLOCK_THREAD_CPUTIME_ID).nanoseconds }
}

/// The time of day, which may be set back.
public enum WallClock {
    /// Since 1970: whole seconds, and the nanoseconds after them.
    public static var now: (seconds: Int, nanoseconds: Int) {
        let time = Moment(CLOCK_REALTIME).time
        return (time.tv_sec, time.tv_nsec)
    }

    /// Whole seconds since 1970.
    public static var seconds: Int { now.seconds }
}

private struct Moment {
    var time = timespec()

    init(_ clock: clockid_t) { clock_gettime(clock, &time) }

    var nanoseconds: UInt64 { UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec) }
}
