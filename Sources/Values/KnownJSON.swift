#if canImport(Glibc)
    import Glibc
#endif

/// A JSON text that was parsed before, with the value of each of its arrays and objects.
///
/// It speeds up the parsing of similar texts, such as the pods of one workload. If the known text contains the same
/// bytes of a container at the same place of the tree, its value is reused. This costs one comparison of memory, while
/// parsing costs 30 instructions per byte, including the release of the value.
public final class KnownJSON: Sendable {
    /// One container. Parts are in the order of their opening brackets.
    struct Part: Sendable {
        /// The range of its text.
        var start: Int
        var end: Int
        /// The index of the first part after this one and its content.
        var next: Int
        var value: Value
    }

    let bytes: [UInt8]
    let parts: [Part]
    /// The depth limit with which it was parsed. A reader with a smaller limit cannot use it.
    let depthLimit: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, parts: [Part], depthLimit: Int) {
        self.bytes = Array(bytes)
        self.parts = parts
        self.depthLimit = depthLimit
    }

    /// The approximate size in bytes: twice the text, because its strings contain it once more, and the containers.
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

    /// Whether another text begins with that part's text.
    func begins(_ text: UnsafePointer<UInt8>, count: Int, with part: Int) -> Bool {
        let start = parts[part].start
        let length = parts[part].end - start
        guard length <= count else { return false }
        return bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + start, text, length) == 0 }
    }
}

/// The place in a known text that corresponds to the position in the parsed text.
struct KnownPlace {
    /// The index of the enclosing container's next container, and the end of its containers.
    var next: Int
    var end: Int

    static let nowhere = KnownPlace(next: 0, end: 0)

    /// Searches for the container that opens in the parsed text: compares the one at the same place, and the one after
    /// it, in case a container was removed.
    ///
    /// - Parameter inner: set to the place inside the container if it has no match.
    /// - Returns: the index of the part with the same text, or nil.
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
