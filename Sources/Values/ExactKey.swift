#if canImport(Glibc)
    import Glibc
#endif

/// A key that is compared byte by byte. Swift strings are also equal if they are canonically equivalent in Unicode,
/// which JSON keys are not.
public struct ExactKey: Hashable, Sendable {
    public let text: String

    @inlinable
    public init(_ text: String) { self.text = text }

    public static func == (left: ExactKey, right: ExactKey) -> Bool { left.text.hasSameBytes(as: right.text) }

    public func hash(into hasher: inout Hasher) {
        text.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both have the same UTF-8. `==` is also true for canonically equivalent strings.
    @inlinable
    public func hasSameBytes(as other: String) -> Bool {
        let (left, right) = (words, other.words)
        if left == right { return true }
        if left.1 & right.1 & Self.heldInWords != 0 { return false }
        return utf8.count == other.utf8.count && hasSameStoredBytes(as: other)
    }

    /// The 16 bytes of a string in memory. If they are the same, the strings are equal: strings of up to 15 bytes are
    /// stored in them, and long ones share storage.
    @inlinable
    var words: (UInt64, UInt64) {
        @inline(__always) get { unsafeBitCast(self, to: (UInt64, UInt64).self) }
    }

    /// The bit of the second word that is set if the words contain the string itself. If it is set in two strings,
    /// different words mean different strings. So the keys of an object, which are nearly all short, are compared in a
    /// few instructions. A test checks this for every length.
    @inlinable
    static var heldInWords: UInt64 { 1 << 61 }

    @usableFromInline
    func hasSameStoredBytes(as other: String) -> Bool {
        withBytes { left in
            other.withBytes { right in
                guard left.count == right.count else { return false }
                guard let left = left.baseAddress, let other = right.baseAddress else { return true }
                return memcmp(left, other, right.count) == 0
            }
        }
    }

    /// Calls a closure with the string's UTF-8. `withUTF8` would need a mutable copy, and so retain and release the
    /// string.
    @inlinable
    public func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = self
        return copy.withUTF8(body)
    }
}

extension Object {
    /// The number of members up to which keys are compared in pairs. Larger objects use hashing, because the number of
    /// pairs grows quadratically.
    static var scanLimit: Int { 16 }

    /// Creates an object from members in which a key may be repeated. The last value is used, at the position of the
    /// first.
    public init(lastWins members: [Member]) {
        self.init(Object.hasRepeatedKey(members) ? Object.withoutRepeats(members) : members)
    }

    /// Whether two of the members have the same key.
    public static func hasRepeatedKey(_ members: [Member]) -> Bool {
        if members.count <= scanLimit {
            for right in members.indices.dropFirst() {
                for left in 0..<right where members[left].key.hasSameBytes(as: members[right].key) {
                    return true
                }
            }
            return false
        }
        var seen = Set<ExactKey>(minimumCapacity: members.count)
        for member in members where !seen.insert(ExactKey(member.key)).inserted { return true }
        return false
    }

    static func withoutRepeats(_ members: [Member]) -> [Member] {
        var places: [ExactKey: Int] = [:]
        var result: [Member] = []
        for member in members {
            if let place = places[ExactKey(member.key)] {
                result[place].value = member.value
            } else {
                places[ExactKey(member.key)] = result.count
                result.append(member)
            }
        }
        return result
    }
}
