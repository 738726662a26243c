/// Go's view of a text: bytes that are decoded rune by rune. A byte that is not valid UTF-8 counts as U+FFFD.
enum Runes {
    static let replacement: UInt32 = 0xFFFD

    /// Decodes the rune at an index, and returns its length. Invalid UTF-8 is U+FFFD with length 1. `index` must be
    /// valid.
    static func decode<Bytes: RandomAccessCollection<UInt8>>(
        _ bytes: Bytes, at index: Int
    ) -> (rune: UInt32, size: Int) where Bytes.Index == Int {
        let first = bytes[index]
        if first < 0x80 { return (UInt32(first), 1) }
        let size: Int
        var rune: UInt32
        let smallest: UInt32
        switch first {
        case 0xC2...0xDF: (size, rune, smallest) = (2, UInt32(first & 0x1F), 0x80)
        case 0xE0...0xEF: (size, rune, smallest) = (3, UInt32(first & 0x0F), 0x800)
        case 0xF0...0xF4: (size, rune, smallest) = (4, UInt32(first & 0x07), 0x10000)
        default: return (replacement, 1)
        }
        guard bytes.endIndex - index >= size else { return (replacement, 1) }
        for offset in 1..<size {
            let next = bytes[index + offset]
            guard next & 0xC0 == 0x80 else { return (replacement, 1) }
            rune = rune << 6 | UInt32(next & 0x3F)
        }
        guard rune >= smallest, rune <= 0x10FFFF, !(0xD800...0xDFFF).contains(rune) else {
            return (replacement, 1)
        }
        return (rune, size)
    }

    static func decode(_ bytes: [UInt8]) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let (rune, size) = decode(bytes, at: index)
            result.append(rune)
            index += size
        }
        return result
    }

    static func append(_ rune: UInt32, to bytes: inout [UInt8]) {
        if rune < 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rune))
        } else {
            bytes.append(contentsOf: String(Unicode.Scalar(rune) ?? "\u{FFFD}").utf8)
        }
    }

    static func encode(_ runes: [UInt32]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(runes.count)
        for rune in runes { append(rune, to: &result) }
        return result
    }

    private static func properties(_ rune: UInt32) -> Unicode.Scalar.Properties? {
        Unicode.Scalar(rune)?.properties
    }

    static func isSpace(_ rune: UInt32) -> Bool {
        switch rune {
        case 0x09...0x0D, 0x20, 0x85, 0xA0: true
        case 0..<0x100: false
        default: properties(rune)?.isWhitespace ?? false
        }
    }

    static func isLetter(_ rune: UInt32) -> Bool {
        if rune < 0x80 { return (0x41...0x5A).contains(rune) || (0x61...0x7A).contains(rune) }
        switch properties(rune)?.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
        default: return false
        }
    }

    /// Whether it is a decimal digit (category Nd).
    static func isDigit(_ rune: UInt32) -> Bool {
        if rune < 0x80 { return (0x30...0x39).contains(rune) }
        return properties(rune)?.generalCategory == .decimalNumber
    }

    /// Whether it is a number (category N).
    static func isNumber(_ rune: UInt32) -> Bool {
        if rune < 0x80 { return (0x30...0x39).contains(rune) }
        switch properties(rune)?.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    /// Whether it is punctuation (category P).
    static func isPunctuation(_ rune: UInt32) -> Bool {
        switch properties(rune)?.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return true
        default: return false
        }
    }

    static func isUpper(_ rune: UInt32) -> Bool {
        if rune < 0x80 { return (0x41...0x5A).contains(rune) }
        return properties(rune)?.generalCategory == .uppercaseLetter
    }

    static func isLower(_ rune: UInt32) -> Bool {
        if rune < 0x80 { return (0x61...0x7A).contains(rune) }
        return properties(rune)?.generalCategory == .lowercaseLetter
    }

    static func isTitle(_ rune: UInt32) -> Bool {
        properties(rune)?.generalCategory == .titlecaseLetter
    }

    // Go maps each rune to one rune. Swift has the full mappings, which are longer for about a hundred runes. These
    // have no simple mapping, except those whose title case is one rune (ᾀ → ᾈ), and İ.

    static func toUpper(_ rune: UInt32) -> UInt32 {
        if rune < 0x80 { return (0x61...0x7A).contains(rune) ? rune - 0x20 : rune }
        guard let properties = properties(rune) else { return rune }
        return single(properties.uppercaseMapping) ?? single(properties.titlecaseMapping) ?? rune
    }

    static func toLower(_ rune: UInt32) -> UInt32 {
        if rune < 0x80 { return (0x41...0x5A).contains(rune) ? rune + 0x20 : rune }
        if rune == 0x130 { return 0x69 }
        guard let properties = properties(rune) else { return rune }
        return single(properties.lowercaseMapping) ?? rune
    }

    static func toTitle(_ rune: UInt32) -> UInt32 {
        if rune < 0x80 { return toUpper(rune) }
        guard let properties = properties(rune) else { return rune }
        return single(properties.titlecaseMapping) ?? rune
    }

    private static func single(_ text: String) -> UInt32? {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, scalars.index(after: scalars.startIndex) == scalars.endIndex else {
            return nil
        }
        return first.value
    }

    static func map(_ bytes: [UInt8], _ transform: (UInt32) -> UInt32) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let (rune, size) = decode(bytes, at: index)
            append(transform(rune), to: &result)
            index += size
        }
        return result
    }

    static func upper(_ bytes: [UInt8]) -> [UInt8] {
        mapASCII(bytes, from: 0x61...0x7A) ?? map(bytes, toUpper)
    }
    static func lower(_ bytes: [UInt8]) -> [UInt8] {
        mapASCII(bytes, from: 0x41...0x5A) ?? map(bytes, toLower)
    }

    /// Changes the case of the letters in a range; nil if the text is not ASCII.
    private static func mapASCII(_ bytes: [UInt8], from letters: ClosedRange<UInt8>) -> [UInt8]? {
        var isASCII = true
        var mapped: [UInt8] = []
        mapped.reserveCapacity(bytes.count)
        for byte in bytes {
            if byte >= 0x80 { isASCII = false }
            mapped.append(letters.contains(byte) ? byte ^ 0x20 : byte)
        }
        return isASCII ? mapped : nil
    }
}
