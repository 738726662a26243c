#if canImport(Glibc)
    import Glibc
#endif

/// Splits a text in YAML's block style into parts by its indentation. It does not parse scalars; only the YAML reader
/// can tell whether a part is what it seems to be.
struct RenderedLines {
    let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var all: Range<Int> { 0..<bytes.count }

    /// The first line of a member.
    struct MemberHead {
        var key: Range<Int>
        /// The lines after it, if nothing follows the colon.
        var nested: Range<Int>?
    }

    /// The column of a place.
    func column(of place: Int) -> Int {
        var start = place
        while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
        return place - start
    }

    /// The column of the first line of a region that is neither blank nor a comment; nil if there is no such line.
    func level(of region: Range<Int>) -> Int? {
        var line = region.lowerBound
        while line < region.upperBound {
            let content = self.content(line, region)
            guard content < region.upperBound else { return nil }
            if bytes[content] != 0x0A, bytes[content] != UInt8(ascii: "#") { return content - line }
            line = endOfLine(content, region)
        }
        return nil
    }

    /// Splits a region into the parts that begin at a column. Each extends to the next.
    ///
    /// - Parameters:
    ///   - startsInLine: whether the region begins with its first part, in the middle of a line.
    ///   - areItems: whether the parts are items of a list; else they are members, and an item at the column belongs to
    ///     the member before it.
    /// - Returns: nil if a line does not fit.
    func parts(
        of region: Range<Int>, at level: Int, startsInLine: Bool, areItems: Bool
    ) -> [Range<Int>]? {
        var starts: [Int] = []
        var line = region.lowerBound
        if startsInLine {
            starts.append(line)
            line = endOfLine(line, region)
        }
        while line < region.upperBound {
            let content = self.content(line, region)
            // Spaces may follow the last line.
            if content == region.upperBound { break }
            if bytes[content] == 0x0A {
                line = content + 1
                continue
            }
            let column = content - line
            // No scalar of a block continues at the block's own column, so this is a comment.
            if column <= level, bytes[content] == UInt8(ascii: "#") {
                line = endOfLine(content, region)
                continue
            }
            guard column >= level else { return nil }
            // No part begins with a bracket that closes: it ends a flow collection of the part before.
            let closes = bytes[content] == UInt8(ascii: "}") || bytes[content] == UInt8(ascii: "]")
            if closes, starts.isEmpty { return nil }
            if column == level, !closes {
                let isItem = bytes[content] == UInt8(ascii: "-") && isBlank(content + 1, region)
                guard isItem == areItems || isItem && !starts.isEmpty else { return nil }
                if isItem == areItems { starts.append(line) }
            }
            line = endOfLine(content, region)
        }
        guard !starts.isEmpty else { return nil }
        let ends = starts.dropFirst() + [region.upperBound]
        return zip(starts, ends).map { $0..<$1 }
    }

    /// The key of a member and the lines below it; nil if the key is not a plain one.
    ///
    /// - Parameter column: the column of the key, if the part begins with its line.
    func memberHead(at part: Range<Int>, column: Int) -> MemberHead? {
        let start = bytes[part.lowerBound] == 0x20 ? part.lowerBound + column : part.lowerBound
        var index = start
        while index < part.upperBound, Self.isKeyByte(bytes[index]) { index += 1 }
        guard index > start, !Self.isDigit(bytes[start]), index < part.upperBound,
            bytes[index] == UInt8(ascii: ":"), isBlank(index + 1, part)
        else { return nil }
        let key = start..<index
        index += 1
        while index < part.upperBound, bytes[index] == 0x20 { index += 1 }
        guard index < part.upperBound, bytes[index] == 0x0A else { return MemberHead(key: key) }
        return MemberHead(key: key, nested: index + 1..<part.upperBound)
    }

    /// The offset of an item's content on its first line; nil if it has no content there.
    func itemStart(_ part: Range<Int>) -> Int? {
        var index = content(part.lowerBound, part) + 1
        while index < part.upperBound, bytes[index] == 0x20 { index += 1 }
        return index < part.upperBound && bytes[index] != 0x0A ? index : nil
    }

    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        one.count == other.count && bytes[one].elementsEqual(bytes[other])
    }

    // MARK: Bytes

    /// The first byte of a line that is not a space.
    private func content(_ line: Int, _ region: Range<Int>) -> Int {
        var index = line
        while index < region.upperBound, bytes[index] == 0x20 { index += 1 }
        return index
    }

    private func endOfLine(_ place: Int, _ region: Range<Int>) -> Int {
        guard place < region.upperBound, let base = bytes.baseAddress,
            let found = memchr(base + place, 0x0A, region.upperBound - place)
        else { return region.upperBound }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base) + 1
    }

    private func isBlank(_ index: Int, _ region: Range<Int>) -> Bool {
        index >= region.upperBound || bytes[index] == 0x20 || bytes[index] == 0x0A
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// Letters, digits, `_`, `-`, `.` and `/`.
    private static func isKeyByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "-") < 13 || byte == UInt8(ascii: "_")
    }
}
