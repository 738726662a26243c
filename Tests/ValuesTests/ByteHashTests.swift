import Testing

@testable import Values

@Suite("Hashing bytes")
struct ByteHashTests {
    private func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { ByteHash.hash($0) } }

    @Test("equal bytes have equal hashes at any alignment")
    func places() {
        let text = (0..<120).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for start in 0..<9 {
            let moved = [UInt8](repeating: 1, count: start) + text
            let other = moved.withUnsafeBytes {
                ByteHash.hash(UnsafeRawBufferPointer(rebasing: $0[start...]))
            }
            #expect(other == hash(text))
        }
    }

    @Test("the hash depends on every byte and on the length")
    func differences() {
        var seen: Set<UInt64> = []
        for count in 0..<100 {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(seen.insert(hash(zeros)).inserted, "\(count) zeros")
            for place in 0..<count {
                for bit in [UInt8(1), 0x80] {
                    var changed = zeros
                    changed[place] = bit
                    #expect(seen.insert(hash(changed)).inserted, "\(bit) at \(place) of \(count)")
                }
            }
        }
    }
}
