/// A value on the machine's stack, and whether it stands in an interface: an item of `[]interface {}` does, and
/// Go's messages then name the interface instead of the type. Nothing in an interface is a nil interface; nothing
/// outside of one is no value at all.
struct Slot {
    var value: GoValue
    var isBoxed: Bool
    /// Which tainted data the value was made from; fits in what would be padding.
    var origin: Origin

    @inline(__always)
    init(_ value: GoValue, boxed: Bool = false, origin: Origin = .clean) {
        self.value = value
        isBoxed = boxed
        self.origin = origin
    }

    /// Go's zero reflect.Value.
    var isInvalid: Bool { if case .none = value { !isBoxed } else { false } }

    /// A nil interface.
    var isNilInterface: Bool { if case .none = value { isBoxed } else { false } }

    /// The static type: the interface where it stands in one.
    var typeName: String { isBoxed ? "interface {}" : value.typeName }
}

/// The machine's stack: raw memory that grows, for the checks that an array makes with every step cost as much as
/// the steps themselves.
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

    /// Takes the top; there must be one.
    @inline(__always)
    mutating func pop() -> Slot {
        count -= 1
        return (base + count).move()
    }

    /// From the bottom.
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

    /// Where the top lies, to be looked at without taking a reference.
    @inline(__always)
    var topAddress: UnsafePointer<Slot> { UnsafePointer(base + (count - 1)) }

    /// The uppermost so many, lowest first; valid until the stack changes.
    @inline(__always)
    func last(_ number: Int) -> UnsafeBufferPointer<Slot> {
        UnsafeBufferPointer(start: base + (count - number), count: number)
    }

    /// The values of the uppermost so many, lowest first.
    @inline(__always)
    func values(ofLast number: Int) -> [GoValue] {
        // An array of uninitialised memory would ask the runtime for its type each time.
        var values: [GoValue] = []
        values.reserveCapacity(number)
        for slot in last(number) { values.append(slot.value) }
        return values
    }

    /// Drops all above so many.
    @inline(__always)
    mutating func shrink(to length: Int) {
        (base + length).deinitialize(count: count - length)
        count = length
    }

    /// A slot in the place of the uppermost so many.
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

    /// Pushes empty slots up to so many.
    mutating func extend(to length: Int) {
        if length > capacity { grow(to: length) }
        while count < length {
            (base + count).initialize(to: Slot(.none))
            count += 1
        }
    }

    /// Of the uppermost so many, the lowest becomes the top.
    mutating func rotate(_ number: Int) {
        guard number > 1 else { return }
        let start = base + (count - number)
        let lowest = start.move()
        start.moveInitialize(from: start + 1, count: number - 1)
        (base + (count - 1)).initialize(to: lowest)
    }
}

/// The values of slots, as the arguments of `print` and `printf`; valid as long as the slots.
struct SlotValues: RandomAccessCollection {
    var slots: UnsafeBufferPointer<Slot>

    var startIndex: Int { 0 }
    var endIndex: Int { slots.count }
    subscript(index: Int) -> GoValue { slots[index].value }
    subscript(bounds: Range<Int>) -> Slice<SlotValues> { Slice(base: self, bounds: bounds) }
}
