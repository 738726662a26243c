/// The encoding of a text that begins with a byte order mark, as Windows programs write it.
public enum TextEncoding: Sendable, Equatable {
    case utf8, utf16LittleEndian, utf16BigEndian

    /// The reason why a text is not in the encoding of its mark.
    public struct Problem: Error, Sendable {
        public var message: String
    }

    /// Determines the encoding from the mark; nil if there is no mark, as in UTF-8.
    public init?(markIn bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count >= 2 else { return nil }
        switch (bytes[0], bytes[1]) {
        case (0xFF, 0xFE): self = .utf16LittleEndian
        case (0xFE, 0xFF): self = .utf16BigEndian
        case (0xEF, 0xBB) where bytes.count >= 3 && bytes[2] == 0xBF: self = .utf8
        default: return nil
        }
    }

    public init?(markIn bytes: [UInt8]) {
        guard let encoding = bytes.withUnsafeBufferPointer({ TextEncoding(markIn: $0) }) else { return nil }
        self = encoding
    }

    /// Returns the text in UTF-8, without its mark.
    ///
    /// - Throws: an error if the text ends within a character or has an unpaired surrogate.
    public func decode(_ bytes: UnsafeBufferPointer<UInt8>) throws(Problem) -> [UInt8] {
        if self == .utf8 { return Array(bytes.dropFirst(3)) }
        guard bytes.count.isMultiple(of: 2) else {
            throw Problem(message: "found \(bytes.count) bytes of UTF-16, expected an even number")
        }
        let isLittle = self == .utf16LittleEndian
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count / 2 + bytes.count / 8)
        var index = 2
        while index < bytes.count {
            let unit = Self.unit(bytes, index, isLittle)
            index += 2
            var scalar = UInt32(unit)
            if unit >= 0xD800, unit < 0xE000 {
                let low = index < bytes.count ? Self.unit(bytes, index, isLittle) : 0
                guard unit < 0xDC00, low >= 0xDC00, low < 0xE000 else {
                    throw Problem(
                        message: "found half of a surrogate pair at byte \(index - 2), expected UTF-16")
                }
                scalar = 0x10000 + (UInt32(unit) - 0xD800) << 10 + UInt32(low) - 0xDC00
                index += 2
            }
            if scalar < 0x80 {
                result.append(UInt8(scalar))
            } else if let scalar = Unicode.Scalar(scalar) {
                result.append(contentsOf: UTF8.encode(scalar)!)
            }
        }
        return result
    }

    public func decode(_ bytes: [UInt8]) throws(Problem) -> [UInt8] {
        try bytes.withUnsafeBufferPointer { bytes throws(Problem) in try decode(bytes) }
    }

    private static func unit(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, _ isLittle: Bool) -> UInt16 {
        let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
        return isLittle ? second << 8 | first : first << 8 | second
    }

    /// Converts a UTF-8 text to this encoding, with its mark.
    public func encode(_ text: [UInt8]) -> [UInt8] {
        if self == .utf8 { return [0xEF, 0xBB, 0xBF] + text }
        let isLittle = self == .utf16LittleEndian
        var result: [UInt8] = isLittle ? [0xFF, 0xFE] : [0xFE, 0xFF]
        result.reserveCapacity(2 * text.count + 2)
        for unit in String(decoding: text, as: UTF8.self).utf16 {
            let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
            result.append(isLittle ? low : high)
            result.append(isLittle ? high : low)
        }
        return result
    }
}
