/// A value on the machine's stack, and whether it is in an interface, as an item of `[]interface {}` is. Go's messages
/// then name the interface instead of the type. A missing value in an interface is a nil interface; outside of one it
/// is no value at all.
struct Slot {
    var value: GoValue
    var isBoxed: Bool
    /// The tainted data from which the value was made. It fits into what would be padding.
    var origin: Origin

    @inline(__always)
    init(_ value: GoValue, boxed: Bool = false, origin: Origin = .clean) {
        self.value = value
        isBoxed = boxed
        self.origin = origin
    }

    /// Whether it is Go's zero reflect.Value.
    var isInvalid: Bool { if case .none = value { !isBoxed } else { false } }

    /// Whether it is a nil interface.
    var isNilInterface: Bool { if case .none = value { isBoxed } else { false } }

    /// The name of the static type, which is that of the interface if the value is in one.
    var typeName: String { isBoxed ? "interface {}" : value.typeName }
}

/// The machine's stack. It is growable raw memory, because the checks of an array would cost as much as the steps
/// themselves.
struct SlotStack: ~Copyable {
    private var base: UnsafeMutablePointer<Slot>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 8)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    private mutating func grow(to least: Int) {
        let larger = max(capacity * 2, least)
        let memory = UnsafeMutablePointer<Slot>.allocate(capacity: larger)
        memory.moveInitialize(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = larger
    }

    @inline(__always)
    mutating func push(_ slot: consuming Slot) {
        if count == capacity { grow(to: count + 1) }
        (base + count).initialize(to: slot)
        count += 1
    }

    /// Removes and returns the top, which must exist.
    @inline(__always)
    mutating func pop() -> Slot {
        count -= 1
        return (base + count).move()
    }

    /// Accesses a slot by its index from the bottom.
    @inline(__always)
    subscript(index: Int) -> Slot {
        get { base[index] }
        set { base[index] = newValue }
    }

    @inline(__always)
    var top: Slot {
        get { base[count - 1] }
        set { base[count - 1] = newValue }
    }

    /// The address of the top, for reading it without retaining a reference.
    @inline(__always)
    var topAddress: UnsafePointer<Slot> { UnsafePointer(base + (count - 1)) }

    /// Returns the topmost slots, lowest first. They are valid until the stack changes.
    @inline(__always)
    func last(_ number: Int) -> UnsafeBufferPointer<Slot> {
        UnsafeBufferPointer(start: base + (count - number), count: number)
    }

    /// Returns the values of the topmost slots, lowest first.
    @inline(__always)
    func values(ofLast number: Int) -> [GoValue] {
        // An array of uninitialised memory would request its type from the runtime each time.
        var values: [GoValue] = []
        values.reserveCapacity(number)
        for slot in last(number) { values.append(slot.value) }
        return values
    }

    /// Removes all slots above that length.
    @inline(__always)
    mutating func shrink(to length: Int) {
        (base + length).deinitialize(count: count - length)
        count = length
    }

    /// Replaces the topmost slots with one.
    @inline(__always)
    mutating func replaceLast(_ number: Int, by slot: consuming Slot) {
        var index = count - number
        while index < count {
            (base + index).deinitialize(count: 1)
            index += 1
        }
        count -= number
        push(slot)
    }

    /// Pushes empty slots up to that length.
    mutating func extend(to length: Int) {
        if length > capacity { grow(to: length) }
        while count < length {
            (base + count).initialize(to: Slot(.none))
            count += 1
        }
    }

    /// Moves the lowest of that many slots to the top.
    mutating func rotate(_ number: Int) {
        guard number > 1 else { return }
        let start = base + (count - number)
        let lowest = start.move()
        start.moveInitialize(from: start + 1, count: number - 1)
        (base + (count - 1)).initialize(to: lowest)
    }
}

/// The values of slots, as the arguments of `print` and `printf`. They are valid as long as the slots.
struct SlotValues: RandomAccessCollection {
    var slots: UnsafeBufferPointer<Slot>

    var startIndex: Int { 0 }
    var endIndex: Int { slots.count }
    subscript(index: Int) -> GoValue { slots[index].value }
    subscript(bounds: Range<Int>) -> Slice<SlotValues> { Slice(base: self, bounds: bounds) }
}
