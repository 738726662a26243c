/// A stack whose upper part can be moved out as an array: no counting of references, no copy.
///
/// Readers build containers with it: the parts of all open containers lie on one stack, and closing one takes its
/// share away at exactly the size it has.
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

    /// Moves everything from that index up into an array.
    @inlinable
    public mutating func take(from start: Int) -> [Element] {
        precondition(start >= 0 && start <= used)
        let length = used - start
        let source = base + start
        used = start
        if length == 0 { return [] }
        // Element by element into reserved space takes half the time of `Array(unsafeUninitializedCapacity:)`, which
        // looks the array's type up in a table each time.
        var result: [Element] = []
        result.reserveCapacity(length)
        for index in 0..<length { result.append((source + index).move()) }
        return result
    }

    /// Drops everything from that index up.
    @inlinable
    public mutating func drop(to length: Int) {
        precondition(length >= 0 && length <= used)
        (base + length).deinitialize(count: used - length)
        used = length
    }
}
