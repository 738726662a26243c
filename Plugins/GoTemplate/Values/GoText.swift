import Glibc
import Values

/// Compares strings byte by byte, as Go does. Swift's own comparison considers two encodings of é equal.
public enum GoText {
    public static func isEqual(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return compare(left, right) == 0
    }

    /// Compares texts that are short and usually differ in length or in the first byte.
    @inline(__always)
    static func isEqual(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        guard let first = left.baseAddress, let second = right.baseAddress, left.count > 0 else {
            return true
        }
        return first.pointee == second.pointee && memcmp(first, second, left.count) == 0
    }

    public static func isLess(_ left: String, _ right: String) -> Bool { compare(left, right) < 0 }

    /// Returns a negative number, zero or a positive number, as memcmp does. A prefix of a text comes before it.
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
