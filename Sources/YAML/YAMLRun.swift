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

    /// Up to seven bytes, some of them twice, without reading others.
    private static func shortWord(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        let raw = UnsafeRawPointer(bytes)
        if count >= 4 {
            let end = raw.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
            return UInt64(raw.loadUnaligned(as: UInt32.self)) | UInt64(end) &<< 32
        }
        // The first, the middle and the last of one to three bytes.
        let (first, middle, last) = (bytes[0], bytes[count &>> 1], bytes[count &- 1])
        let three = UInt64(first) | UInt64(middle) &<< 8 | UInt64(last) &<< 16
        return three | three &<< 24 | UInt64(first) &<< 48 | UInt64(first) &<< 56
    }

    /// Whether all bytes of a word are visible ASCII other than `:` and `#`.
    private static func isPlain(_ word: UInt64) -> Bool {
        let hidden = word | (word &+ ones) | ((word &- 0x21 &* ones) & ~word)
        return (hidden | marks(UInt8(ascii: ":"), in: word) | marks(UInt8(ascii: "#"), in: word)) & high == 0
    }

    /// Whether all bytes are visible ASCII other than `:` and `#`.
    static func isWord(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.baseAddress.map { isWord(bytes, at: $0) } ?? true
    }

    /// Whether there are the same bytes at another place, and all are visible ASCII other than `:` and `#`.
    static func isWord(_ bytes: UnsafeBufferPointer<UInt8>, at other: UnsafePointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return true }
        let count = bytes.count
        guard count >= 8 else {
            let word = shortWord(base, count)
            return isPlain(word) && word == shortWord(other, count)
        }
        // The last word may overlap the one before.
        var index = 0
        while true {
            let word = word(base + index)
            guard isPlain(word), word == Self.word(other + index) else { return false }
            if index == count &- 8 { return true }
            index = min(index &+ 8, count &- 8)
        }
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
