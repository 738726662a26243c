#if canImport(Glibc)
    import Glibc
#endif

/// A key that equals another only byte for byte. Strings also equal where Unicode holds two spellings for the
/// same text; JSON does not.
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
    /// Whether both are the same UTF-8; `==` would also let canonically equivalent texts pass.
    @inlinable
    public func hasSameBytes(as other: String) -> Bool {
        let (left, right) = (words, other.words)
        if left == right { return true }
        if left.1 & right.1 & Self.heldInWords != 0 { return false }
        return utf8.count == other.utf8.count && hasSameStoredBytes(as: other)
    }

    /// The 16 bytes of a string in memory. Two strings that have the same are one text: texts of up to 15 bytes are
    /// held in them, long ones share storage.
    @inlinable
    var words: (UInt64, UInt64) {
        @inline(__always) get { unsafeBitCast(self, to: (UInt64, UInt64).self) }
    }

    /// Set in the second word where the words hold the text; where two have it, other words are other texts. So the keys
    /// of an object, nearly all short, are compared in a few instructions. A test holds it against every length.
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

    /// Its UTF-8, for the time of the call. `withUTF8` needs a copy that can be changed, which costs counting up and
    /// down who holds the text.
    @inlinable
    public func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = self
        return copy.withUTF8(body)
    }
}

extension Object {
    /// Up to this many members, keys are compared pair by pair; above, by hashing, as pairs grow with the square.
    static var scanLimit: Int { 16 }

    /// Members from outside, in which a key may occur more than once: the last value wins, at the first place.
    public init(lastWins members: [Member]) {
        self.init(Object.hasRepeatedKey(members) ? Object.withoutRepeats(members) : members)
    }

    static func hasRepeatedKey(_ members: [Member]) -> Bool {
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
