import Testing
import Values

@Suite("Bounded caches")
struct BoundedCacheTests {
    private static func key(_ number: Int) -> CacheKey { CacheKey(Array("key \(number)".utf8)) }

    @Test("a removed entry frees its bytes")
    func removal() {
        let counter = CacheCounter()
        let cache = BoundedCache<Int>(bytes: 64 << 10, counter)
        for number in 0..<200 { cache.keep(number, for: Self.key(number), size: 100) }
        // By now, some are in the old generation.
        let held = (0..<200).filter { cache.answer(for: Self.key($0)) != nil }
        #expect(held.count > 50 && held.contains(199) && counter.bytes > 0)
        for number in 0..<200 { cache.remove(Self.key(number)) }
        #expect(counter.bytes == 0)
        #expect((0..<200).allSatisfy { cache.answer(for: Self.key($0)) == nil })
        cache.remove(Self.key(0))
        #expect(counter.bytes == 0)
    }

    @Test("a cache never exceeds its bytes")
    func bound() {
        let counter = CacheCounter()
        let cache = BoundedCache<Int>(bytes: 16 << 10, counter)
        for number in 0..<5_000 {
            cache.keep(number, for: Self.key(number), size: number % 3_000)
            if number % 7 == 0 { _ = cache.answer(for: Self.key(number / 2)) }
            #expect(counter.bytes <= 16 << 10)
        }
    }
}
