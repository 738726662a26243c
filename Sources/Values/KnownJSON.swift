#if canImport(Glibc)
    import Glibc
#endif

/// A JSON text that was read before, with the value of each array and object in it.
///
/// Texts that come again with little changed (the pods of one workload) are read next to one that is known: a container
/// whose text is there too, byte for byte and in the same place of the tree, has the value that was made then.
/// That costs one comparison of memory where reading costs 30 instructions a byte, freeing included.
public final class KnownJSON: Sendable {
    /// One container, in the order in which they open.
    struct Part: Sendable {
        /// Where its text begins and ends.
        var start: Int
        var end: Int
        /// The first part after this one and all that it holds.
        var next: Int
        var value: Value
    }

    let bytes: [UInt8]
    let parts: [Part]
    /// The limit that it was read under: a text read under a narrower one cannot use it.
    let depthLimit: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, parts: [Part], depthLimit: Int) {
        self.bytes = Array(bytes)
        self.parts = parts
        self.depthLimit = depthLimit
    }

    /// About how many bytes it holds: twice the text, which its strings hold once more, and the containers' places.
    public var size: Int {
        parts.reduce(bytes.count * 2) { size, part in
            switch part.value {
            case .array(let items):
                size + MemoryLayout<Part>.stride + 48 + items.count * MemoryLayout<Value>.stride
            case .object(let object):
                size + MemoryLayout<Part>.stride + 48 + object.count * MemoryLayout<Member>.stride
            default: size
            }
        }
    }

    /// Whether the other text begins with that part's text.
    func begins(_ text: UnsafePointer<UInt8>, count: Int, with part: Int) -> Bool {
        let start = parts[part].start
        let length = parts[part].end - start
        guard length <= count else { return false }
        return bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + start, text, length) == 0 }
    }
}

/// Follows a known text while another one is read: returns which of its containers may be at the current place.
struct KnownPlace {
    /// The next container of those that the enclosing one holds, and where they end.
    var next: Int
    var end: Int

    static let nowhere = KnownPlace(next: 0, end: 0)

    /// A container opens in the text that is read: the one in the same place, or, if one more or one
    /// fewer is before it, the one after that.
    ///
    /// - Parameter inner: where to go on inside the container, if it has no match.
    /// - Returns: the part with the same text, or nil.
    mutating func match(
        _ text: UnsafePointer<UInt8>, count: Int, in known: KnownJSON, inner: inout KnownPlace
    ) -> Int? {
        let first = next
        guard first < end else { return nil }
        let second = known.parts[first].next
        if known.begins(text, count: count, with: first) {
            next = second
            return first
        }
        if second < end, known.begins(text, count: count, with: second) {
            next = known.parts[second].next
            return second
        }
        inner = KnownPlace(next: first + 1, end: second)
        next = second
        return nil
    }
}
