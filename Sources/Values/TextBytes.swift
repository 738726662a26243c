#if canImport(Glibc)
    import Glibc
#endif

// Untrusted text is split and compared by bytes, as in Go. Swift's own `split`, `hasPrefix` and similar functions
// compare whole characters: in "../\u{301}" they find no slash, because it forms one character with the combining mark
// after it.

extension StringProtocol {
    /// Splits the string at an ASCII character.
    ///
    /// - Parameters:
    ///   - maxSplits: the maximum number of splits; the last part is the rest.
    ///   - omittingEmptySubsequences: whether empty parts are omitted.
    @inlinable
    public func split(
        byte mark: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Substring] {
        Substring(self).utf8.split(
            separator: UInt8(ascii: mark), maxSplits: maxSplits,
            omittingEmptySubsequences: omittingEmptySubsequences
        ).map { Substring($0) }
    }

    /// Whether the string begins with the bytes of another.
    @inlinable
    public func begins(with prefix: some StringProtocol) -> Bool { utf8.starts(with: prefix.utf8) }

    /// Whether the string ends with the bytes of another.
    @inlinable
    public func ends(with suffix: some StringProtocol) -> Bool {
        let count = suffix.utf8.count
        return utf8.count >= count && utf8.suffix(count).elementsEqual(suffix.utf8)
    }

    /// Whether the string contains an ASCII character.
    @inlinable
    public func contains(byte mark: Unicode.Scalar) -> Bool { utf8.contains(UInt8(ascii: mark)) }

    /// Returns the index of the first occurrence of an ASCII character.
    @inlinable
    public func firstIndex(ofByte mark: Unicode.Scalar) -> Index? { utf8.firstIndex(of: UInt8(ascii: mark)) }

    /// Returns the index of the last occurrence of an ASCII character.
    @inlinable
    public func lastIndex(ofByte mark: Unicode.Scalar) -> Index? {
        Substring(self).utf8.lastIndex(of: UInt8(ascii: mark))
    }
}

// The same functions for whole strings, which most are, with the C library's functions.
extension String {
    public func contains(byte mark: Unicode.Scalar) -> Bool {
        withBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            return memchr(base, Int32(mark.value), bytes.count) != nil
        }
    }

    public func begins(with prefix: String) -> Bool {
        withBytes { bytes in
            prefix.withBytes { prefix in
                guard let start = bytes.baseAddress, let expected = prefix.baseAddress else {
                    return prefix.isEmpty
                }
                return bytes.count >= prefix.count && memcmp(start, expected, prefix.count) == 0
            }
        }
    }

    public func ends(with suffix: String) -> Bool {
        withBytes { bytes in
            suffix.withBytes { suffix in
                guard let start = bytes.baseAddress, let expected = suffix.baseAddress else {
                    return suffix.isEmpty
                }
                let place = bytes.count - suffix.count
                return place >= 0 && memcmp(start + place, expected, suffix.count) == 0
            }
        }
    }
}
