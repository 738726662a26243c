/// Examines runs of bytes, eight at a time.
///
/// A word holds eight bytes, the first one lowest. A mark is the highest bit of a byte. Subtracting carries only to
/// higher bytes, so the lowest mark is exact, and a word without one of the bytes has no mark.
enum YAMLRun {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var high: UInt64 { 0x8080_8080_8080_8080 }

    private static func word(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
    }

    /// Marks the bytes that equal this one.
    private static func marks(_ byte: UInt8, in word: UInt64) -> UInt64 {
        let difference = word ^ ones &* UInt64(byte)
        return (difference &- ones) & ~difference
    }

    /// Whether all bytes are visible ASCII other than `:` and `#`.
    static func isWord(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.baseAddress.map { isWord(bytes, at: $0) } ?? true
    }

    /// Whether there are the same bytes at another place, and all are visible ASCII other than `:` and `#`.
    static func isWord(_ bytes: UnsafeBufferPointer<UInt8>, at other: UnsafePointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        var index = 0
        while index &+ 8 <= bytes.count {
            let word = word(base + index)
            let hidden = word | (word &+ ones) | ((word &- 0x21 &* ones) & ~word)
            let marks = hidden | marks(UInt8(ascii: ":"), in: word) | marks(UInt8(ascii: "#"), in: word)
            guard marks & high == 0, word == Self.word(other + index) else { return false }
            index &+= 8
        }
        while index < bytes.count {
            let byte = base[index]
            guard byte &- 0x21 < 0x5E, byte != UInt8(ascii: ":"), byte != UInt8(ascii: "#"),
                byte == other[index]
            else { return false }
            index &+= 1
        }
        return true
    }

    /// Returns the offset, from `start` on, of the first line break, `:` or `#`; otherwise `end`.
    static func plainEnd(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index &+ 8 <= end {
            let word = word(base + index)
            let stops =
                (marks(0x0A, in: word) | marks(UInt8(ascii: ":"), in: word)
                    | marks(UInt8(ascii: "#"), in: word)) & high
            if stops != 0 { return index &+ stops.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < end, base[index] != 0x0A, base[index] != UInt8(ascii: ":"),
            base[index] != UInt8(ascii: "#")
        {
            index &+= 1
        }
        return index
    }
}
