import CWorkMeter
import Glibc

/// Memory of the process.
public enum ProcessMemory {
    /// Bytes that are resident; 0 where the system does not say.
    public static var resident: Int {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(file, &text, text.count)
        guard count > 0 else { return 0 }
        let fields = text[..<count].split(separator: 0x20)
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Returns free memory to the system.
    public static func giveBack() { work_memory_trim() }

    /// Sets how the allocator takes memory: large blocks from the system, one by one, so that they go back to it when they
    /// are freed; and few arenas, of which each keeps what its threads once used.
    public static func takeLittle() { work_memory_tune() }
}
