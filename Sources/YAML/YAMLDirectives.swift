#if canImport(Glibc)
    import Glibc
#endif

/// Counts the directives (`%YAML`, `%TAG`) before libyaml parses a text. libyaml compares each with all previous ones:
/// 40,000 tags took 3.6 s, during which parsing could not be stopped.
enum YAMLDirectives {
    /// The maximum number of directives of one document. YAML itself defines two directives, and nobody declares many
    /// tags.
    static let limit = 16

    /// - Returns: the offset of the first directive above the limit; nil if there are not too many.
    static func excess(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let base = bytes.baseAddress, memchr(base, 0x25, bytes.count) != nil else { return nil }
        var count = 0
        var index = YAMLParser.markLength(bytes)
        while index < bytes.count {
            if bytes[index] == 0x25 {
                count += 1
                if count > limit { return index }
            } else if !isBlankOrComment(bytes, index) {
                // Content, or a marker. Directives after it belong to another document.
                count = 0
            }
            index = nextLine(bytes, from: index)
        }
        return nil
    }

    private static func isBlankOrComment(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Bool {
        var index = start
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        // A byte order mark is ignored.
        if index + 2 < bytes.count, bytes[index] == 0xEF, bytes[index + 1] == 0xBB, bytes[index + 2] == 0xBF {
            index += 3
        }
        return index >= bytes.count || bytes[index] == 0x23 || lineEnd(bytes, at: index) > 0
    }

    private static func nextLine(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            let length = lineEnd(bytes, at: index)
            index += max(length, 1)
            if length > 0 { return index }
        }
        return index
    }

    /// Returns the length of a line break of YAML 1.1 (CR, LF, U+0085, U+2028, U+2029); 0 if there is no line break.
    private static func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
        switch bytes[index] {
        case 0x0A, 0x0D: return 1
        case 0xC2: return index + 1 < bytes.count && bytes[index + 1] == 0x85 ? 2 : 0
        case 0xE2:
            guard index + 2 < bytes.count, bytes[index + 1] == 0x80 else { return 0 }
            return bytes[index + 2] == 0xA8 || bytes[index + 2] == 0xA9 ? 3 : 0
        default: return 0
        }
    }
}
