/// Scans bytes that may or may not be UTF-8.
public enum UTF8Scan {
    /// Returns the length in bytes of the well-formed character at `bytes`, or 0 if it is not well-formed. Overlong
    /// forms, surrogates and values above U+10FFFF are not well-formed. `limit` is the number of bytes that may be
    /// read, at least 1.
    public static func length(_ bytes: UnsafePointer<UInt8>, limit: Int) -> Int {
        let first = bytes[0]
        if first < 0x80 { return 1 }
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, low) = (3, 0xA0)
        case 0xED: (length, high) = (3, 0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, low) = (4, 0x90)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, high) = (4, 0x8F)
        default: return 0
        }
        guard length <= limit, bytes[1] >= low, bytes[1] <= high else { return 0 }
        for index in 2..<max(length, 2) where bytes[index] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
