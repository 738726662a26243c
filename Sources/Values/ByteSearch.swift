#if canImport(Glibc)
    import Glibc
#endif

/// Searches for bytes in bytes, in time proportional to the sum of both lengths.
public enum ByteSearch {
    /// Returns the index of the first occurrence of `needle` in `text` from `start` on. An empty needle is found at
    /// `start`.
    public static func index(
        of needle: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, from start: Int = 0
    ) -> Int? {
        guard let first = needle.first else { return start <= text.count ? start : nil }
        guard start >= 0, text.count - start >= needle.count, let base = text.baseAddress,
            let wanted = needle.baseAddress
        else { return nil }
        // Comparing at every index takes time proportional to the product of both lengths for text such as `aaa…ab`.
        if needle.count > 64 { return longIndex(of: needle, in: text, from: start) }
        var at = start
        while at + needle.count <= text.count {
            let places = text.count - needle.count - at + 1
            guard let hit = memchr(base + at, Int32(first), places) else { return nil }
            at = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
            if memcmp(base + at, wanted, needle.count) == 0 { return at }
            at += 1
        }
        return nil
    }

    /// Returns the index of the first occurrence of a byte in `text` from `start` on.
    public static func index(
        of byte: UInt8, in text: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Int? {
        guard start >= 0, start < text.count, let base = text.baseAddress,
            let hit = memchr(base + start, Int32(byte), text.count - start)
        else { return nil }
        return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }

    /// Returns the index of the first occurrence of `needle` in `text` from `start` on.
    public static func index(of needle: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
        needle.withUnsafeBufferPointer { needle in
            text.withUnsafeBufferPointer { index(of: needle, in: $0, from: start) }
        }
    }

    /// Searches with the Knuth-Morris-Pratt algorithm.
    private static func longIndex(
        of needle: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Int? {
        var fallback = [Int](repeating: 0, count: needle.count)
        var matched = 0
        for index in 1..<needle.count {
            while matched > 0 && needle[index] != needle[matched] { matched = fallback[matched - 1] }
            if needle[index] == needle[matched] { matched += 1 }
            fallback[index] = matched
        }
        matched = 0
        for index in start..<text.count {
            while matched > 0 && text[index] != needle[matched] { matched = fallback[matched - 1] }
            if text[index] == needle[matched] { matched += 1 }
            if matched == needle.count { return index - needle.count + 1 }
        }
        return nil
    }
}

extension String {
    /// Whether the string contains the bytes of another.
    public func holds(_ part: String) -> Bool { firstRange(ofBytes: part, from: startIndex) != nil }

    /// Returns the range of the first occurrence of another string's bytes from `start` on.
    public func firstRange(ofBytes part: String, from start: Index) -> Range<Index>? {
        var (text, part) = (self, part)
        let offset = utf8.distance(from: startIndex, to: start)
        let found = text.withUTF8 { text in
            part.withUTF8 { ByteSearch.index(of: $0, in: text, from: offset) }
        }
        return found.map { found in
            let lower = utf8.index(startIndex, offsetBy: found)
            return lower..<utf8.index(lower, offsetBy: part.utf8.count)
        }
    }
}
