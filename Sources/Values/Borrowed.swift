/// The items of an array during a call of `withBorrowedItems`. Reading them does not count references.
///
/// An item that is read from an array, or through a pointer, is retained while it is used. This takes two atomic
/// operations for each key and each value, a fifth of the time of writing JSON. A type that cannot be copied is
/// borrowed in place, and cannot escape from the call.
public struct Borrowed<Element>: ~Copyable {
    /// One item in the array's memory.
    public struct Item: ~Copyable {
        public let content: Element
    }

    @usableFromInline
    let items: UnsafePointer<Item>

    /// An address for an empty array, from which nothing is read.
    @usableFromInline
    static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: MemoryLayout<Element>.alignment)! }

    public let count: Int

    @inlinable
    init(_ buffer: UnsafeBufferPointer<Element>) {
        count = buffer.count
        let base = buffer.baseAddress.map { UnsafeRawPointer($0) }
        // A struct of one member has the same memory layout as that member.
        items = (base ?? Self.nowhere).assumingMemoryBound(to: Item.self)
    }

    @inlinable
    public subscript(index: Int) -> Item {
        @inline(__always)
        unsafeAddress {
            precondition(index >= 0 && index < count)
            return items + index
        }
    }

    /// The items after the call, for code that keeps the array alive by other means.
    public struct Lasting {
        @usableFromInline
        let items: UnsafePointer<Item>
        public let count: Int

        @inlinable
        init(_ items: UnsafePointer<Item>, _ count: Int) { (self.items, self.count) = (items, count) }

        @inlinable
        public subscript(index: Int) -> Item {
            @inline(__always)
            unsafeAddress {
                precondition(index >= 0 && index < count)
                return items + index
            }
        }
    }

    @inlinable
    @inline(__always)
    public var lasting: Lasting { Lasting(items, count) }

    /// Whether both have the same bits at that index, and so equal values. Values with different bits can still be
    /// equal.
    @inlinable
    public func hasSameBits(as other: borrowing Borrowed, at place: Int) -> Bool {
        hasSameBits(at: place, as: other, at: place)
    }

    /// The same for items at two indexes.
    @inlinable
    public func hasSameBits(at place: Int, as other: borrowing Borrowed, at otherPlace: Int) -> Bool {
        precondition(place >= 0 && place < count && otherPlace >= 0 && otherPlace < other.count)
        let (own, other) = (UnsafeRawPointer(items + place), UnsafeRawPointer(other.items + otherPlace))
        let size = MemoryLayout<Element>.size
        // Compares words, because a call of `memcmp` takes 40 instructions for 33 bytes. The size is known when this is
        // inlined.
        var offset = 0
        while offset + 8 <= size {
            if own.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        while offset < size {
            if own.load(fromByteOffset: offset, as: UInt8.self)
                != other.load(fromByteOffset: offset, as: UInt8.self)
            {
                return false
            }
            offset += 1
        }
        return true
    }
}

extension Array {
    /// Calls a closure with the borrowed items. Meanwhile the array is retained and cannot be changed.
    @inlinable
    public func withBorrowedItems<R, E: Error>(
        _ body: (borrowing Borrowed<Element>) throws(E) -> R
    ) throws(E) -> R {
        try withUnsafeBufferPointer { (buffer) throws(E) -> R in try body(Borrowed(buffer)) }
    }

    /// Whether both have the same bits at every index, and so equal items. Items with different bits can still be
    /// equal.
    @inlinable
    public func hasSameBits(as other: [Element]) -> Bool {
        guard count == other.count else { return false }
        return withBorrowedItems { own in
            other.withBorrowedItems { other in
                for place in 0..<own.count where !own.hasSameBits(as: other, at: place) { return false }
                return true
            }
        }
    }
}
