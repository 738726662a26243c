#if canImport(Glibc)
    import Glibc
#endif

/// The items of an array that somebody else holds for as long as this is used: looking at them counts no references.
///
/// An item that is read out of an array, or through a pointer, is held for the time of its use: two atomic operations
/// for each key and each value, a fifth of the time of writing JSON. A type that cannot be copied is borrowed where it
/// stands.
public struct Borrowed<Element> {
    /// One item, in the array's own memory.
    public struct Item: ~Copyable {
        public let content: Element
    }

    @usableFromInline
    let items: UnsafePointer<Item>

    /// Where no item is looked for.
    @usableFromInline
    static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: MemoryLayout<Element>.alignment)! }

    public let count: Int

    /// - Precondition: the array is held, and not changed, for as long as this is used.
    @inlinable
    public init(_ array: [Element]) {
        count = array.count
        // A structure of one member lies in memory as that member does.
        items = array.withUnsafeBufferPointer { buffer in
            let base = buffer.baseAddress.map { UnsafeRawPointer($0) }
            return (base ?? Self.nowhere).assumingMemoryBound(to: Item.self)
        }
    }

    @inlinable
    public subscript(index: Int) -> Item {
        @inline(__always)
        unsafeAddress {
            precondition(index >= 0 && index < count)
            return items + index
        }
    }

    /// Whether both hold the same bits at that place, and so equal values. Bits that differ say nothing.
    func hasSameBits(as other: Borrowed, at place: Int) -> Bool {
        precondition(place >= 0 && place < count && place < other.count)
        return memcmp(items + place, other.items + place, MemoryLayout<Element>.size) == 0
    }
}
