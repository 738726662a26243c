import Values

/// Searches, splits and joins byte strings as Go's `strings` package does.
enum ByteText {
    /// Returns the first offset of `needle` in `text`, at `start` or later.
    static func index(of needle: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
        ByteSearch.index(of: needle, in: text, from: start)
    }

    static func contains(_ needle: [UInt8], in text: [UInt8]) -> Bool { index(of: needle, in: text) != nil }

    static func contains(_ needle: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> Bool {
        needle.withUnsafeBufferPointer { ByteSearch.index(of: $0, in: text) != nil }
    }

    /// Returns the parts between separators; an empty separator splits into runes. A negative `limit` returns all
    /// parts; otherwise there are at most `limit` parts, and the last one is the rest.
    static func split(_ text: [UInt8], by separator: [UInt8], limit: Int = -1) -> [[UInt8]] {
        guard limit != 0 else { return [] }
        var result: [[UInt8]] = []
        var start = 0
        if separator.isEmpty {
            while start < text.count {
                if limit > 0 && result.count == limit - 1 {
                    result.append(Array(text[start...]))
                    return result
                }
                let size = Runes.decode(text, at: start).size
                result.append(Array(text[start..<start + size]))
                start += size
            }
            return result
        }
        while limit < 0 || result.count < limit - 1 {
            guard let hit = index(of: separator, in: text, from: start) else { break }
            result.append(Array(text[start..<hit]))
            start = hit + separator.count
        }
        result.append(Array(text[start...]))
        return result
    }

    static func join(_ parts: [[UInt8]], with separator: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(parts.reduce(0) { $0 + $1.count + separator.count })
        for (index, part) in parts.enumerated() {
            if index > 0 { result.append(contentsOf: separator) }
            result.append(contentsOf: part)
        }
        return result
    }

    /// Returns the number of occurrences of `needle` in `text`. An empty one occurs before each rune and at the end.
    static func count(_ needle: [UInt8], in text: [UInt8]) -> Int {
        if needle.isEmpty { return Runes.decode(text).count + 1 }
        var count = 0
        var start = 0
        while let hit = index(of: needle, in: text, from: start) {
            count += 1
            start = hit + needle.count
        }
        return count
    }

    static func replaceAll(_ old: [UInt8], with new: [UInt8], in text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var start = 0
        if old.isEmpty {
            while true {
                result.append(contentsOf: new)
                guard start < text.count else { return result }
                let size = Runes.decode(text, at: start).size
                result.append(contentsOf: text[start..<start + size])
                start += size
            }
        }
        while let hit = index(of: old, in: text, from: start) {
            result.append(contentsOf: text[start..<hit])
            result.append(contentsOf: new)
            start = hit + old.count
        }
        result.append(contentsOf: text[start...])
        return result
    }

    /// Removes the runes of `cutset` from both ends.
    static func trim(_ text: [UInt8], of cutset: [UInt8]) -> [UInt8] {
        let runes = Set(Runes.decode(cutset))
        return trim(text) { runes.contains($0) }
    }

    static func trimSpace(_ text: [UInt8]) -> [UInt8] { trim(text, where: Runes.isSpace) }

    private static func trim(_ text: [UInt8], where drops: (UInt32) -> Bool) -> [UInt8] {
        var start = 0
        while start < text.count {
            let (rune, size) = Runes.decode(text, at: start)
            guard drops(rune) else { break }
            start += size
        }
        var end = text.count
        while end > start {
            var begin = end - 1
            while begin > start && end - begin < 4 && text[begin] & 0xC0 == 0x80 { begin -= 1 }
            var (rune, size) = Runes.decode(text, at: begin)
            if begin + size != end { (rune, size) = (Runes.replacement, 1) }
            guard drops(rune) else { break }
            end -= size
        }
        return Array(text[start..<end])
    }

    static func hasPrefix(_ text: [UInt8], _ prefix: [UInt8]) -> Bool { text.starts(with: prefix) }

    static func hasSuffix(_ text: [UInt8], _ suffix: [UInt8]) -> Bool {
        text.count >= suffix.count && text[(text.count - suffix.count)...].elementsEqual(suffix)
    }

    /// Indents every line by `count` spaces.
    ///
    /// - Parameters:
    ///   - lines: the number of lines of the text.
    ///   - onNewLine: whether to put a line feed before the text.
    static func indented(
        _ text: UnsafeBufferPointer<UInt8>, by count: Int, lines: Int, firstLine: Bool, onNewLine: Bool
    ) -> GoValue {
        let size = text.count + (firstLine ? lines : lines - 1) * count + (onNewLine ? 1 : 0)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(size, 1)) { result in
            guard let base = result.baseAddress else { return .string("") }
            var target = base
            func pad() {
                target.update(repeating: 0x20, count: count)
                target += count
            }
            if onNewLine {
                target.pointee = 0x0A
                target += 1
            }
            if firstLine { pad() }
            for byte in text {
                target.pointee = byte
                target += 1
                if byte == 0x0A { pad() }
            }
            return .text(UnsafeBufferPointer(start: base, count: target - base))
        }
    }

    static func lineCount(_ text: some Sequence<UInt8>) -> Int {
        text.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
    }

    /// Returns the bytes as lower-case hexadecimal.
    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            result.append(digits[Int(byte >> 4)])
            result.append(digits[Int(byte & 15)])
        }
        return String(decoding: result, as: UTF8.self)
    }
}
