import CWorkMeter
import Glibc

/// The memory of the process.
public enum ProcessMemory {
    /// The resident memory in bytes; 0 if the system does not report it.
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

    /// Configures the allocator to use little memory: large blocks are allocated from the system one by one, so that
    /// they are returned when they are freed, and there are few arenas, because each keeps the memory that its threads
    /// once used.
    public static func takeLittle() { work_memory_tune() }
}
