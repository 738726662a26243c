import Glibc

/// The limit on file descriptors of the process, which connections must not exhaust. If accept(2) finds no free
/// descriptor, libmicrohttpd loops, and the configuration cannot be reloaded without one.
public enum Descriptors {
    /// The number of descriptors reserved for files, logs, threads' pipes and listening sockets.
    private static let kept = 64
    /// The largest limit that is requested, enough for the connections of all listeners.
    private static let wanted: UInt64 = 32_768

    /// The maximum number of open connections of all listeners together.
    public static var forConnections: Int {
        var limit = rlimit()
        guard getrlimit(files, &limit) == 0 else { return .max }
        return max(Int(clamping: limit.rlim_cur) - kept, 16)
    }

    /// Raises the soft limit as far as is allowed and useful. It is low by default for programs that use select(2),
    /// which this one does not.
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
