import Glibc
import Values

/// Comparing texts as Go does, byte by byte; Swift's own comparison takes two spellings of é for equal.
public enum GoText {
    public static func isEqual(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return compare(left, right) == 0
    }

    /// Of texts that are short and mostly differ in their length or first byte.
    @inline(__always)
    static func isEqual(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        guard let first = left.baseAddress, let second = right.baseAddress, left.count > 0 else {
            return true
        }
        return first.pointee == second.pointee && memcmp(first, second, left.count) == 0
    }

    public static func isLess(_ left: String, _ right: String) -> Bool { compare(left, right) < 0 }

    /// Negative, zero or positive, as memcmp; a text that begins another comes first.
    public static func compare(_ left: String, _ right: String) -> Int {
        left.withBytes { first in right.withBytes { second in compare(first, second) } }
    }

    public static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int
    {
        let shared = min(left.count, right.count)
        if shared > 0, let first = left.baseAddress, let second = right.baseAddress {
            let order = memcmp(first, second, shared)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }
}
