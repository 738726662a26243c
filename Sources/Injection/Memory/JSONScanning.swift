import Values

/// Scans JSON text without parsing it: the scan handles the members of interest, and skips everything else by its
/// brackets and quotes. It takes about a millisecond for each MB and allocates no memory.
///
/// Skipped text is not checked. It has an effect only as a part of a key that equals the key of a parsed text.
protocol JSONScanning {
    var base: UnsafePointer<UInt8> { get }
    var end: Int { get }
    var position: Int { get set }
}

extension JSONScanning {
    /// Scans an object. Calls `member` with the range of each key; it must skip the value.
    mutating func object(_ member: (inout Self, Range<Int>) -> Bool) -> Bool {
        guard skipBlanks() == UInt8(ascii: "{") else { return false }
        position += 1
        if skipBlanks() == UInt8(ascii: "}") {
            position += 1
            return true
        }
        while true {
            guard skipBlanks() == UInt8(ascii: "\""), let key = string(), base.isPlain(key),
                skipBlanks() == UInt8(ascii: ":")
            else { return false }
            position += 1
            guard member(&self, key) else { return false }
            switch skipBlanks() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return true
            default: return false
            }
        }
    }

    mutating func skipBlanks() -> UInt8 {
        while position < end {
            let byte = base[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return 0
    }

    /// Skips a string.
    ///
    /// - Returns: the range of its content; nil if it does not end.
    mutating func string() -> Range<Int>? {
        let start = position + 1
        var index = start
        var seen: UInt64 = 0
        while true {
            index = PlainRun.end(base, from: index, to: end, seen: &seen)
            guard index < end else { return nil }
            let byte = base[index]
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return start..<index
            }
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
    }

    /// Skips any value up to the `,` or bracket after it.
    mutating func skipValue() -> Bool {
        var depth = 0
        while position < end {
            switch base[position] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
            case UInt8(ascii: ","):
                if depth == 0 { return true }
            default: break
            }
            position += 1
        }
        return false
    }

    /// Skips a value. If it is a string, reports the range of its content.
    mutating func skipValue(noting note: (inout Self, Range<Int>) -> Void) -> Bool {
        guard skipBlanks() == UInt8(ascii: "\"") else { return skipValue() }
        guard let text = string() else { return false }
        note(&self, text)
        return true
    }
}

/// These are methods of the bytes, not of the scan, which would be copied for each key.
extension UnsafePointer<UInt8> {
    func isPlain(_ text: Range<Int>) -> Bool {
        text.allSatisfy { self[$0] &- 0x20 < 0x5F && self[$0] != UInt8(ascii: "\\") }
    }

    func has(_ name: StaticString, at text: Range<Int>) -> Bool {
        guard text.count == name.utf8CodeUnitCount else { return false }
        return text.allSatisfy { self[$0] == name.utf8Start[$0 - text.lowerBound] }
    }
}
