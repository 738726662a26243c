import Glibc

/// File descriptors of the process, which connections must not use up: libmicrohttpd spins where accept(2) finds none,
/// and a configuration cannot be read again without one.
public enum Descriptors {
    /// Kept back for files, logs, threads' pipes and listening sockets.
    private static let kept = 64
    /// More than that are not asked for: as many as the connections of all listeners can be.
    private static let wanted: UInt64 = 32_768

    /// How many connections may be open at once, on all listeners together.
    public static var forConnections: Int {
        var limit = rlimit()
        guard getrlimit(files, &limit) == 0 else { return .max }
        return max(Int(clamping: limit.rlim_cur) - kept, 16)
    }

    /// Takes as many as the process is allowed: the soft limit is low for programs that use select(2), which this one
    /// does not.
    public static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(files, &limit) == 0, limit.rlim_cur < min(limit.rlim_max, rlim_t(wanted)) else {
            return
        }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(wanted))
        setrlimit(files, &limit)
    }

    private static let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
}
