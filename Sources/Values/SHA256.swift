/// SHA-256 (FIPS 180-4), implemented here so that no library is needed.
public enum SHA256 {
    /// Returns the digest in hexadecimal digits.
    public static func hex(_ text: String) -> String { hex(Array(text.utf8)) }

    public static func hex(_ bytes: [UInt8]) -> String {
        let digest = digest(bytes)
        return String(unsafeUninitializedCapacity: 64) { text in
            var count = 0
            for word in digest {
                for shift in stride(from: UInt32(28), through: 0, by: -4) {
                    let digit = UInt8(truncatingIfNeeded: word >> shift & 15)
                    text[count] = digit < 10 ? 0x30 + digit : 0x57 + digit
                    count += 1
                }
            }
            return count
        }
    }

    /// Returns the eight words of the digest.
    static func digest(_ bytes: [UInt8]) -> [UInt32] {
        var state: [UInt32] = [
            0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
        ]
        // The bytes after the last whole block, a mark, zeros, and the length in bits.
        let whole = bytes.count / 64 * 64
        var rest: [UInt8] = []
        rest.reserveCapacity(128)
        rest.append(contentsOf: bytes[whole...])
        rest.append(0x80)
        while rest.count % 64 != 56 { rest.append(0) }
        let bits = UInt64(bytes.count) &* 8
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            rest.append(UInt8(truncatingIfNeeded: bits >> shift))
        }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
            words.initialize(repeating: 0)
            mix(bytes, blocks: whole / 64, words, into: &state)
            mix(rest, blocks: rest.count / 64, words, into: &state)
        }
        return state
    }

    private static func mix(
        _ bytes: [UInt8], blocks: Int, _ words: UnsafeMutableBufferPointer<UInt32>, into state: inout [UInt32]
    ) {
        func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word &>> count | word &<< (32 &- count) }
        bytes.withUnsafeBufferPointer { bytes in
            constants.withUnsafeBufferPointer { constants in
                for block in 0..<blocks {
                    for index in 0..<16 {
                        let at = block * 64 + index * 4
                        words[index] =
                            UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16
                            | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
                    }
                    for index in 16..<64 {
                        let (early, late) = (words[index - 15], words[index - 2])
                        let first = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
                        let second = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
                        words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
                    }
                    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
                    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
                    func round(
                        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32,
                        _ e: UInt32, _ f: UInt32, _ g: UInt32, _ h: inout UInt32, _ index: Int
                    ) {
                        let sum = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
                        let first = h &+ sum &+ (g ^ (e & (f ^ g))) &+ constants[index] &+ words[index]
                        let other = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
                        d &+= first
                        h = first &+ other &+ ((a & b) | (c & (a | b)))
                    }
                    // After eight rounds each variable has its original role again, so no values need to be moved.
                    for index in stride(from: 0, to: 64, by: 8) {
                        round(a, b, c, &d, e, f, g, &h, index)
                        round(h, a, b, &c, d, e, f, &g, index + 1)
                        round(g, h, a, &b, c, d, e, &f, index + 2)
                        round(f, g, h, &a, b, c, d, &e, index + 3)
                        round(e, f, g, &h, a, b, c, &d, index + 4)
                        round(d, e, f, &g, h, a, b, &c, index + 5)
                        round(c, d, e, &f, g, h, a, &b, index + 6)
                        round(b, c, d, &e, f, g, h, &a, index + 7)
                    }
                    state[0] &+= a
                    state[1] &+= b
                    state[2] &+= c
                    state[3] &+= d
                    state[4] &+= e
                    state[5] &+= f
                    state[6] &+= g
                    state[7] &+= h
                }
            }
        }
    }

    private static let constants: [UInt32] = [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ]
}
