import Synchronization

/// Answers that were made before, by all that they depend on, within a number of bytes.
///
/// Two generations: entries go into the young one; when that is full it becomes the old one, and the old one goes. What
/// is asked for moves to the young one, so that it stays. One lock, held for a lookup only.
final class BoundedCache<Answer: Sendable>: Sendable {
    private struct Generations {
        var young: [CacheKey: (answer: Answer, cost: Int)] = [:]
        var old: [CacheKey: (answer: Answer, cost: Int)] = [:]
        var youngBytes = 0
    }

    private let generations = Mutex(Generations())
    /// Bytes of one generation.
    private let bytes: Int

    /// - Parameter bytes: for keys and answers of both generations; 0 keeps nothing.
    init(bytes: Int) { self.bytes = bytes / 2 }

    func answer(for key: [UInt8]) -> Answer? {
        guard bytes > 0 else { return nil }
        let key = CacheKey(key)
        return generations.withLock { generations in
            if let found = generations.young[key] { return found.answer }
            guard let found = generations.old.removeValue(forKey: key) else { return nil }
            Self.put(found, for: key, into: &generations, limit: bytes)
            return found.answer
        }
    }

    /// - Parameter size: the bytes of the answer.
    func keep(_ answer: Answer, for key: [UInt8], size: Int) {
        let cost = key.count + size + 128
        // An entry that would fill a generation by itself would drive out everything else.
        guard cost <= bytes / 4 else { return }
        let key = CacheKey(key)
        generations.withLock { Self.put((answer, cost), for: key, into: &$0, limit: bytes) }
    }

    func removeAll() { generations.withLock { $0 = Generations() } }

    private static func put(
        _ entry: (answer: Answer, cost: Int), for key: CacheKey, into generations: inout Generations,
        limit: Int
    ) {
        if generations.youngBytes + entry.cost > limit {
            generations.old = generations.young
            generations.young = [:]
            generations.youngBytes = 0
        }
        if let before = generations.young.updateValue(entry, forKey: key) {
            generations.youngBytes -= before.cost
        }
        generations.youngBytes += entry.cost
    }
}

/// Bytes as a key, hashed all at once and outside the lock: an array of bytes as a key is hashed byte by byte, which
/// took 12 % of a repeated review.
private struct CacheKey: Hashable {
    private let bytes: [UInt8]
    private let digest: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        digest = hasher.finalize()
    }

    func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    static func == (left: CacheKey, right: CacheKey) -> Bool {
        left.digest == right.digest && left.bytes == right.bytes
    }
}
