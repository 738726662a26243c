#if canImport(Glibc)
    import Glibc
#endif
import Synchronization

/// A cache of answers by everything that they depend on, limited by its size in bytes.
///
/// It has two generations. Entries are added to the young one. When that is full, it becomes the old one, and the
/// previous old one is evicted. A hit moves an entry to the young one, so that it is kept. One lock is held during each
/// operation.
///
/// It is inlinable, so that the code is specialised for each type of answer. Without that, half of the time of a lookup
/// was spent on searching for type metadata.
public final class BoundedCache<Answer: Sendable>: @unchecked Sendable {
    @usableFromInline
    typealias Entries = [CacheKey: (answer: Answer, cost: Int)]

    // Guarded by the lock.
    @usableFromInline
    var young: Entries = [:]
    @usableFromInline
    var old: Entries = [:]
    @usableFromInline
    var youngBytes = 0
    @usableFromInline
    var oldBytes = 0
    @usableFromInline
    let lock = CacheLock()
    /// The maximum size of one generation in bytes.
    @usableFromInline
    let bytes: Int
    @usableFromInline
    let counter: CacheCounter

    /// The size of an entry besides its key and answer: the headers of two allocations and a slot in the table.
    @inlinable
    static var overhead: Int { 128 }

    /// - Parameter bytes: the maximum size of the keys and answers of both generations; 0 disables the cache.
    @inlinable
    public init(bytes: Int, _ counter: CacheCounter = CacheCounter()) {
        self.bytes = bytes / 2
        self.counter = counter
    }

    @inlinable
    deinit { counter.add(bytes: -youngBytes - oldBytes) }

    @inlinable
    public var isOn: Bool { bytes > 0 }

    @inlinable
    public func answer(for key: CacheKey) -> Answer? {
        guard isOn else { return nil }
        let found = lock.locked { find(key) }
        counter.count(isHit: found.answer != nil)
        // Evicted entries are released here, after the lock.
        return found.answer
    }

    /// - Parameter size: the size of the answer in bytes.
    @inlinable
    public func keep(_ answer: Answer, for key: CacheKey, size: Int) {
        guard isOn else { return }
        let cost = key.bytes.count + size + Self.overhead
        // A large entry would evict too many others.
        guard cost <= bytes / 4 else { return }
        _ = lock.locked { put((answer, cost), for: key) }
    }

    /// Removes one answer.
    public func remove(_ key: CacheKey) {
        let gone = lock.locked {
            let gone = (young.removeValue(forKey: key), old.removeValue(forKey: key))
            youngBytes -= gone.0?.cost ?? 0
            oldBytes -= gone.1?.cost ?? 0
            counter.add(bytes: -(gone.0?.cost ?? 0) - (gone.1?.cost ?? 0))
            return gone
        }
        // Released here, after the lock.
        _ = gone
    }

    /// Removes all answers.
    public func removeAll() {
        let gone = lock.locked {
            let gone = (young, old)
            counter.add(bytes: -youngBytes - oldBytes)
            young = [:]
            old = [:]
            youngBytes = 0
            oldBytes = 0
            return gone
        }
        // Released here, after the lock.
        _ = gone
    }

    @inlinable
    func find(_ key: CacheKey) -> (answer: Answer?, dropped: Entries?) {
        if let found = young[key] { return (found.answer, nil) }
        guard let found = old.removeValue(forKey: key) else { return (nil, nil) }
        oldBytes -= found.cost
        counter.add(bytes: -found.cost)
        return (found.answer, put(found, for: key))
    }

    /// - Returns: the evicted generation, if any.
    @inlinable
    func put(_ entry: (answer: Answer, cost: Int), for key: CacheKey) -> Entries? {
        var dropped: Entries?
        if youngBytes + entry.cost > bytes {
            dropped = old
            counter.add(bytes: -oldBytes)
            old = young
            oldBytes = youngBytes
            young = [:]
            youngBytes = 0
        }
        if let before = young.updateValue(entry, forKey: key) {
            youngBytes -= before.cost
            counter.add(bytes: -before.cost)
        }
        youngBytes += entry.cost
        counter.add(bytes: entry.cost)
        return dropped
    }
}

/// A lock that does not own a value.
@usableFromInline
final class CacheLock: Sendable {
    private let mutex = Mutex<Void>(())

    @usableFromInline
    init() {}

    @usableFromInline
    func acquire() { mutex._unsafeLock() }

    @usableFromInline
    func release() { mutex._unsafeUnlock() }

    @inlinable
    func locked<R>(_ body: () -> R) -> R {
        acquire()
        defer { release() }
        return body()
    }
}

/// The hits, misses and size of one kind of cache.
public final class CacheCounter: Sendable {
    private let hitCount = Atomic<UInt64>(0)
    private let missCount = Atomic<UInt64>(0)
    private let byteCount = Atomic<Int>(0)

    public init() {}

    public var hits: UInt64 { hitCount.load(ordering: .relaxed) }
    public var misses: UInt64 { missCount.load(ordering: .relaxed) }
    public var bytes: Int { byteCount.load(ordering: .relaxed) }

    @usableFromInline
    func count(isHit: Bool) {
        if isHit {
            hitCount.wrappingAdd(1, ordering: .relaxed)
        } else {
            missCount.wrappingAdd(1, ordering: .relaxed)
        }
    }

    @usableFromInline
    func add(bytes: Int) { byteCount.wrappingAdd(bytes, ordering: .relaxed) }
}

/// A key of bytes that is hashed as a whole and outside the lock. An array of bytes as a key would be hashed byte by
/// byte, which took 12 % of a repeated review. One key can be used both to look up and to store.
public struct CacheKey: Hashable, Sendable {
    public let bytes: [UInt8]
    @usableFromInline
    let digest: UInt64

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        digest = bytes.withUnsafeBytes { ByteHash.hash($0) }
    }

    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    public static func == (left: CacheKey, right: CacheKey) -> Bool {
        guard left.digest == right.digest, left.bytes.count == right.bytes.count else { return false }
        return left.bytes.withUnsafeBytes { left in
            right.bytes.withUnsafeBytes { right in
                left.count == 0 || memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
            }
        }
    }
}
