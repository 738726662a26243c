/// Memory that grows like an array and is handed over without a copy, for tokens, nodes and instructions while they are
/// created.
///
/// An array checks with every access whether it is shared and whether the index is valid, which took a third of the
/// time of compiling. Here neither is necessary: a pool has only one owner, and indexes always come from the pool
/// itself.
struct Pool<Element>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = max(capacity, 4)
        base = .allocate(capacity: self.capacity)
    }

    init(repeating element: Element, count: Int) {
        self.init(capacity: count)
        base.initialize(repeating: element, count: count)
        self.count = count
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    /// Hands the contents over to the caller, which must deinitialise and deallocate them.
    consuming func finish() -> UnsafeMutableBufferPointer<Element> {
        let buffer = UnsafeMutableBufferPointer(start: base, count: count)
        discard self
        return buffer
    }

    @inline(__always)
    mutating func append(_ element: consuming Element) {
        if count == capacity { grow(to: capacity * 2) }
        (base + count).initialize(to: element)
        count += 1
    }

    mutating func append(contentsOf elements: UnsafeBufferPointer<Element>) {
        guard let source = elements.baseAddress else { return }
        if count + elements.count > capacity { grow(to: max(capacity * 2, count + elements.count)) }
        (base + count).initialize(from: source, count: elements.count)
        count += elements.count
    }

    @inline(__always)
    subscript(index: Int) -> Element { base[index] }

    mutating func removeAll() {
        base.deinitialize(count: count)
        count = 0
    }

    @inline(never)
    private mutating func grow(to wanted: Int) {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
        memory.moveInitialize(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = wanted
    }
}
