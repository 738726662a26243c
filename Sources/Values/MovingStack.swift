/// A stack whose upper part can be moved to an array without counting references or copying items.
///
/// Parsers build containers with it. The items of all open containers are on one stack, and closing a container moves
/// its items to an array of exactly their number.
public struct MovingStack<Element>: ~Copyable {
    @usableFromInline
    var base: UnsafeMutablePointer<Element>
    @usableFromInline
    var capacity: Int
    @usableFromInline
    var used = 0

    @inlinable
    public var count: Int { used }

    @inlinable
    public init(capacity: Int) {
        self.capacity = max(capacity, 1)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deinitialize(count: used)
        base.deallocate()
    }

    @inlinable
    public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < used)
            return base[index]
        }
        _modify {
            precondition(index >= 0 && index < used)
            yield &base[index]
        }
    }

    @inlinable
    public mutating func push(_ element: consuming Element) {
        if used == capacity { grow() }
        (base + used).initialize(to: element)
        used += 1
    }

    @usableFromInline
    mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: base, count: used)
        base.deallocate()
        base = larger
        capacity *= 2
    }

    /// Moves all items from that index on to an array.
    @inlinable
    public mutating func take(from start: Int) -> [Element] {
        precondition(start >= 0 && start <= used)
        let length = used - start
        let source = base + start
        used = start
        if length == 0 { return [] }
        // Appending single elements to reserved space takes half the time of `Array(unsafeUninitializedCapacity:)`,
        // which looks up the array's type in a table each time.
        var result: [Element] = []
        result.reserveCapacity(length)
        for index in 0..<length { result.append((source + index).move()) }
        return result
    }

    /// Removes all items from that index on.
    @inlinable
    public mutating func drop(to length: Int) {
        precondition(length >= 0 && length <= used)
        (base + length).deinitialize(count: used - length)
        used = length
    }
}
