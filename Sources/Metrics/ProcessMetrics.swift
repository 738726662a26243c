#if canImport(Glibc)
    import Glibc
#endif
import System
import Values

/// The standard metrics of a process (`process_*`), read from /proc at each exposition. Values that cannot be read are
/// omitted.
public enum ProcessMetrics {
    public static func register(in registry: MetricsRegistry) {
        registry.counter("process_cpu_seconds_total", "User and system CPU time in seconds.") {
            stat().map { ($0.user + $0.system) / ticksPerSecond }
        }
        registry.gauge("process_resident_memory_bytes", "Resident memory, in bytes.") {
            stat().map { $0.residentPages * Double(sysconf(Int32(_SC_PAGESIZE))) }
        }
        registry.gauge("process_virtual_memory_bytes", "Virtual memory, in bytes.") {
            stat().map(\.virtualBytes)
        }
        registry.gauge("process_open_fds", "Open file descriptors.") { openDescriptors() }
        registry.gauge("process_max_fds", "Limit of open file descriptors.") {
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
            return Double(limit.rlim_cur)
        }
        registry.gauge(
            "process_start_time_seconds", "Start of the process, in seconds since 1970."
        ) {
            guard let stat = stat(), let boot = bootTime() else { return nil }
            return boot + stat.start / ticksPerSecond
        }
    }

    private static var ticksPerSecond: Double { Double(max(sysconf(Int32(_SC_CLK_TCK)), 1)) }

    private struct Stat {
        var user: Double
        var system: Double
        var start: Double
        var virtualBytes: Double
        var residentPages: Double
    }

    /// Reads fields of /proc/self/stat (proc(5)), counted after the name in parentheses, which may contain any
    /// characters.
    private static func stat() -> Stat? {
        guard let bytes = contents("/proc/self/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " ")).map {
            NumberFormat.double(String(decoding: $0, as: UTF8.self)) ?? 0
        }
        // The first field after the name is field 3.
        guard fields.count > 21 else { return nil }
        return Stat(
            user: fields[11], system: fields[12], start: fields[19], virtualBytes: fields[20],
            residentPages: fields[21])
    }

    private static func bootTime() -> Double? {
        guard let bytes = contents("/proc/stat") else { return nil }
        for line in bytes.split(separator: 0x0A) where line.starts(with: "btime ".utf8) {
            return NumberFormat.double(String(decoding: line.dropFirst(6), as: UTF8.self))
        }
        return nil
    }

    private static func openDescriptors() -> Double? {
        // The folder itself is open while it is read.
        (try? Folder.names(in: "/proc/self/fd")).map { Double(max($0.count - 1, 0)) }
    }

    /// Reads a file of /proc, up to 64 KiB: in /proc/stat, the boot time comes after a line for each processor.
    private static func contents(_ path: String) -> [UInt8]? {
        try? File.beginning(of: path, atMost: 64 << 10)
    }
}
