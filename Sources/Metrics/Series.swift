import Synchronization

/// A number that only increases.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    init() {}

    public func increment(by amount: Int = 1) {
        guard amount > 0 else { return }
        count.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    public var value: UInt64 { count.load(ordering: .relaxed) }
}

/// A number that can increase and decrease.
public final class Gauge: Sendable {
    private let number = AtomicDouble()

    init() {}

    public func set(_ value: Double) { number.store(value) }
    public func add(_ amount: Double) { number.add(amount) }
    public func increment() { number.add(1) }
    public func decrement() { number.add(-1) }

    public var value: Double { number.load() }
}

/// The distribution of values over buckets.
public final class Histogram: Sendable {
    /// The upper bounds of the buckets, finite and in ascending order; a last bucket without bound follows.
    let bounds: [Double]
    private let counts: AtomicCounts
    private let sum = AtomicDouble()

    init(buckets: [Double]) {
        precondition(zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }, "buckets must rise")
        bounds = buckets.filter(\.isFinite)
        counts = AtomicCounts(bounds.count + 1)
    }

    /// Counts a value in the first bucket whose bound it does not exceed. NaN has no bucket and is ignored.
    public func observe(_ value: Double) {
        guard !value.isNaN else { return }
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        counts.increment(low)
        sum.add(value)
    }

    /// The count of each bucket, and the sum of all values.
    var state: (counts: [UInt64], sum: Double) { (counts.values, sum.load()) }

    /// The number of observed values.
    public var count: UInt64 { counts.values.reduce(0, &+) }
}

/// A floating-point number that threads add to atomically.
private final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var current = bits.load(ordering: .relaxed)
        while true {
            let next = (Double(bitPattern: current) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(
                expected: current, desired: next, ordering: .relaxed)
            if exchanged { return }
            current = original
        }
    }
}

/// A fixed number of atomic counters in contiguous memory.
private final class AtomicCounts: @unchecked Sendable {
    private let base: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    init(_ count: Int) {
        self.count = count
        base = .allocate(capacity: count)
        for index in 0..<count { (base + index).initialize(to: Atomic(0)) }
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    func increment(_ index: Int) { base[index].wrappingAdd(1, ordering: .relaxed) }

    var values: [UInt64] { (0..<count).map { base[$0].load(ordering: .relaxed) } }
}
