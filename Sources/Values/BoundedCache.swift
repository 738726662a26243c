#if canImport(Glibc)
    import Glibc
#endif
import Synchronization

/// Answers that were made before, by all that they depend on, within a number of bytes.
///
/// Two generations: entries go into the young one; when that is full it becomes the old one, and the old one goes. What
/// is asked for moves to the young one, so that it stays. One lock, held for a lookup only.
///
/// Inlinable, so that each kind of answer has code of its own: without that, half of a lookup was a search for metadata.
public final class BoundedCache<Answer: Sendable>: @unchecked Sendable {
    @usableFromInline
    typealias Entries = [CacheKey: (answer: Answer, cost: Int)]

    // Behind the lock.
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
    /// Bytes of one generation.
    @usableFromInline
    let bytes: Int
    @usableFromInline
    let counter: CacheCounter

    /// Bytes of an entry besides its key and answer: heads of two pieces of memory and a place in the table.
    @inlinable
    static var overhead: Int { 128 }

    /// - Parameter bytes: for keys and answers of both generations; 0 keeps nothing.
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
        // What goes is released here, after the lock.
        return found.answer
    }

    /// - Parameter size: the bytes of the answer.
    @inlinable
    public func keep(_ answer: Answer, for key: CacheKey, size: Int) {
        guard isOn else { return }
        let cost = key.bytes.count + size + Self.overhead
        // An entry that would fill a generation by itself would drive out everything else.
        guard cost <= bytes / 4 else { return }
        _ = lock.locked { put((answer, cost), for: key) }
    }

    /// Forgets one answer.
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

    /// Forgets everything.
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

    /// - Returns: the generation that goes, where one does.
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

/// A lock without a value of its own.
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

/// How often one kind of cache was asked and had the answer, and what it holds.
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

/// Bytes as a key, hashed all at once and outside the lock: an array of bytes as a key is hashed byte by byte, which
/// took 12 % of a repeated review. Made once to ask and to keep.
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
