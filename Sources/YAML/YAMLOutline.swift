public import Values

/// Some values of a YAML text, with a quick check whether another text has the same values at the same places.
///
/// A template usually writes the text that it wrote before, with other scalars. Two texts have the same outline if they
/// differ only after `key: ` on some lines, and both have plain or quoted scalars there that end on their line and that
/// a YAML parser treats alike wherever the line is: in a mapping, a flow collection, a block scalar or a comment. The
/// check costs a hundredth of parsing.
public struct YAMLOutline: Sendable {
    /// The outermost mapping, with at least the wanted values.
    public let value: Value
    private let text: [UInt8]
    /// The ranges of the wanted values with their keys.
    private let places: [Range<Int>]

    /// Returns nil if the text is not of the simple kind that `YAMLBlockReader` parses.
    ///
    /// - Parameter paths: the keys that lead to each wanted value.
    public init?(of text: [UInt8], paths: [[String]]) {
        let read = text.withUnsafeBufferPointer { bytes -> (Value, [Range<Int>])? in
            guard var reader = YAMLBlockReader(bytes, YAMLLimits()) else { return nil }
            reader.wanted = paths.map { $0[...] }
            guard let value = try? reader.root() else { return nil }
            return (value, reader.wantedRanges)
        }
        guard let read else { return nil }
        self.text = text
        (value, places) = read
    }

    /// The approximate size in memory in bytes.
    public var size: Int { text.count + 256 }

    /// Whether another text certainly has the same outline.
    public func holds(for other: [UInt8]) -> Bool {
        guard other.count < YAMLLimits().nodes else { return false }
        return text.withUnsafeBufferPointer { own in
            other.withUnsafeBufferPointer { other in
                var (index, place) = (0, 0)
                while true {
                    let same = Self.samePrefix(own, index, other, place)
                    index += same
                    place += same
                    if index == own.count, place == other.count { return true }
                    // After a line that differs, both texts continue with a line feed.
                    guard same > 0, let start = Self.scalarStart(in: own, before: index),
                        !places.contains(where: { $0.contains(start) })
                    else { return false }
                    let ends = (Self.lineEnd(in: own, from: index), Self.lineEnd(in: other, from: place))
                    let inOther = start - index + place
                    guard Self.isSafeScalar(UnsafeBufferPointer(rebasing: own[start..<ends.0])),
                        Self.isSafeScalar(UnsafeBufferPointer(rebasing: other[inOther..<ends.1]))
                    else { return false }
                    (index, place) = ends
                }
            }
        }
    }

    /// Returns the number of equal bytes from two offsets on.
    private static func samePrefix(
        _ one: UnsafeBufferPointer<UInt8>, _ first: Int, _ other: UnsafeBufferPointer<UInt8>, _ second: Int
    ) -> Int {
        let count = min(one.count - first, other.count - second)
        let (raw, otherRaw) = (UnsafeRawBufferPointer(one), UnsafeRawBufferPointer(other))
        var same = 0
        // Eight bytes at a time, then the rest one by one.
        while same + 8 <= count,
            raw.loadUnaligned(fromByteOffset: first + same, as: UInt64.self)
                == otherRaw.loadUnaligned(fromByteOffset: second + same, as: UInt64.self)
        {
            same += 8
        }
        while same < count, one[first + same] == other[second + same] { same += 1 }
        return same
    }

    /// Returns the start of the scalar after the first `: ` on the line of an offset; nil if that is not before the
    /// offset.
    private static func scalarStart(in text: UnsafeBufferPointer<UInt8>, before place: Int) -> Int? {
        var start = place
        while start > 0, text[start - 1] != 0x0A { start -= 1 }
        while start + 2 <= place {
            if text[start] == UInt8(ascii: ":"), text[start + 1] == 0x20 { return start + 2 }
            start += 1
        }
        return nil
    }

    private static func lineEnd(in text: UnsafeBufferPointer<UInt8>, from place: Int) -> Int {
        ByteSearch.index(of: 0x0A, in: text, from: place) ?? text.count
    }

    /// Whether the text is a scalar in any context, up to the end of its line, and its value is valid.
    private static func isSafeScalar(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = text.first, let last = text.last else { return false }
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            return text.count >= 2 && last == first
                && text[1..<text.count - 1].allSatisfy {
                    (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'")
                        && $0 != UInt8(ascii: "\\")
                }
        }
        guard isWord(first), last != 0x20, last != UInt8(ascii: ":") else { return false }
        for index in text.indices where !isWord(text[index]) {
            switch text[index] {
            case 0x20, UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "-"): break
            case UInt8(ascii: ":"): if text[index + 1] == 0x20 { return false }
            default: return false
            }
        }
        guard YAMLScalar.mayResolve(text) else { return true }
        guard let scalar = try? YAMLScalar(text, tag: nil) else { return false }
        if case .double(let number) = scalar.value { return number.isFinite }
        return true
    }

    /// Whether a byte may begin a plain scalar here: letters, digits and a few others.
    private static func isWord(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
    }
}
