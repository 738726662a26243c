import Glibc
import PluginAPI

/// Proves from single lines that the output of tainted data stays within its scalars. What is not proven here,
/// `TaintCheck` checks, which renders again and uses libyaml, and costs as much as a whole review.
///
/// There are three proofs, each about the line of a run and not about its meaning:
/// - **A harmless run** contains only letters, digits, `_`, `.`, `/` and `-`, and `=`, `@`, `+`, `$`, `;` and colons
///   between them. It does not begin with `.` or `-` where a scalar may begin. So it is a part of one token anywhere.
/// - **Within quotes**: the line opens a quote where a scalar may begin, and the run does not close or escape anything.
/// - **Within a block scalar**: a line above with less indentation ends in `key: |`, and every line after it is
///   indented at least as deep as the first. Anything printable that stays on its line belongs to the scalar.
///
/// The last two hold only for a text in which no quoted scalar spans several lines: the block reader accepts no others.
struct TaintedLines {
    private let bytes: UnsafeBufferPointer<UInt8>
    /// Whether no quoted or plain scalar spans several lines.
    private let isLineByLine: Bool

    /// The maximum number of lines that are checked above a run.
    private static let heightLimit = 256
    /// The maximum number of bytes between the start of a line and a run. Without it, many runs on one line would cost the
    /// square of their number. Longer lines are left to `TaintCheck`.
    private static let widthLimit = 4096
    /// The maximum length of a capability's name; the longest is 22 bytes.
    private static let capabilityLimit = 64

    init(_ bytes: UnsafeBufferPointer<UInt8>, isLineByLine: Bool) {
        self.bytes = bytes
        self.isLineByLine = isLineByLine
    }

    /// Whether all these runs are proven to stay within their scalars.
    func prove(_ runs: [TaintedRun]) -> Bool {
        var index = 0
        while index < runs.count {
            let run = runs[index].range
            guard run.upperBound <= bytes.count else { return false }
            if !isHarmless(run) {
                guard isLineByLine, isPrintable(run), !mayBeCapability(run),
                    isWithinQuotes(run) || isWithinBlock(run)
                else { return false }
            }
            index += 1
        }
        return true
    }

    // MARK: Harmless runs

    private func isHarmless(_ run: Range<Int>) -> Bool {
        guard !run.isEmpty else { return isEmptyInScalar(at: run.lowerBound) }
        var index = run.lowerBound
        while index < run.upperBound {
            guard Self.isWordByte(bytes[index]) || isInnerByte(at: index, of: run) else { return false }
            index += 1
        }
        let before = run.lowerBound > 0 ? bytes[run.lowerBound - 1] : UInt8(ascii: "\n")
        // A dash or a dot of the template may become the dash of an item or a document marker.
        let continues =
            Self.isWordByte(before) && before != UInt8(ascii: "-") && before != UInt8(ascii: ".")
            || before == UInt8(ascii: "\"") || before == UInt8(ascii: "=")
        if !continues {
            let first = bytes[run.lowerBound]
            if first == UInt8(ascii: "-") || first == UInt8(ascii: ".") { return false }
            // The first bytes of tags, anchors, aliases, block scalars, directives and escapes.
            switch before {
            case UInt8(ascii: "!"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "|"),
                UInt8(ascii: ">"),
                UInt8(ascii: "%"), UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "~"):
                return false
            default: break
            }
        }
        if before != UInt8(ascii: "\""), run.count <= 4, mayMatter(run) { return false }
        return !isKey(endingAt: run.upperBound) && !mayBeCapability(run)
    }

    /// Whether a run may be an item of `capabilities: {add: […]}`, or the end of one, for which `TaintPowers` is needed.
    private func mayBeCapability(_ run: Range<Int>) -> Bool {
        var run = run
        if run.count > 2, Self.isQuote(bytes[run.lowerBound]) {
            run = run.lowerBound + 1..<run.upperBound - 1
        }
        guard !run.isEmpty, run.allSatisfy({ Self.isOfCapability(bytes[$0]) }) else { return false }
        var start = run.lowerBound
        while start > 0, Self.isOfCapability(bytes[start - 1]) {
            start -= 1
            guard run.upperBound - start <= Self.capabilityLimit else { return false }
        }
        guard start > 0 else { return false }
        let before = bytes[start - 1]
        guard
            before == 0x20 || Self.isQuote(before) || before == UInt8(ascii: "[")
                || before == UInt8(ascii: ",")
        else { return false }
        guard var line = lineStart(start) else { return true }
        var lead = skipLead(line, start)
        if lead < start, Self.isQuote(bytes[lead]) { lead += 1 }
        guard lead == start else { return isAdded(lead..<start) }
        for _ in 0..<Self.heightLimit where line > 0 {
            let end = line - 1
            guard let above = lineStart(end) else { return true }
            line = above
            let start = line + indentation(of: line, before: end)
            if start < end, bytes[start] == UInt8(ascii: "-") { continue }
            return end - start == 4 && bytes[start] == UInt8(ascii: "a")
                && bytes[start + 1] == UInt8(ascii: "d")
        }
        return false
    }

    /// Whether the text from the start of a line leads into a list in brackets that is the value of `add`, or of no key.
    private func isAdded(_ text: Range<Int>) -> Bool {
        guard var end = bytes[text].lastIndex(of: UInt8(ascii: "[")) else { return false }
        while end > text.lowerBound, bytes[end - 1] == 0x20 { end -= 1 }
        guard end > text.lowerBound, bytes[end - 1] == UInt8(ascii: ":") else { return true }
        end -= 1
        if end > text.lowerBound, Self.isQuote(bytes[end - 1]) { end -= 1 }
        return bytes[text.lowerBound..<end].suffix(3).elementsEqual("add".utf8)
    }

    private static func isOfCapability(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    /// Whether a byte within a run means nothing to YAML behind another one of the same scalar: `=`, `@`, `+` and a colon
    /// before a word.
    private func isInnerByte(at index: Int, of run: Range<Int>) -> Bool {
        guard index > run.lowerBound else { return false }
        switch bytes[index] {
        case UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "$"), UInt8(ascii: ";"):
            return true
        case UInt8(ascii: ":"): return index + 1 < run.upperBound && Self.isWordByte(bytes[index + 1])
        default: return false
        }
    }

    /// Whether YAML may read a short run as null or as true.
    private func mayMatter(_ run: Range<Int>) -> Bool {
        var index = run.lowerBound
        var isOfNull = true
        while index < run.upperBound {
            let lower = bytes[index] | 0x20
            if lower != UInt8(ascii: "n"), lower != UInt8(ascii: "u"), lower != UInt8(ascii: "l") {
                isOfNull = false
                break
            }
            index += 1
        }
        if isOfNull { return true }
        switch run.count {
        case 1: return bytes[run.lowerBound] | 0x20 == UInt8(ascii: "y")
        case 2: return bytes[run.lowerBound] | 0x20 == UInt8(ascii: "o")
        case 3: return bytes[run.lowerBound] | 0x20 == UInt8(ascii: "y")
        default: return bytes[run.lowerBound] | 0x20 == UInt8(ascii: "t")
        }
    }

    /// Whether the scalar around a run may be a key. Keys must be compared with the template's, which is not done here.
    private func isKey(endingAt end: Int) -> Bool {
        var index = end
        while index < bytes.count, Self.isWordByte(bytes[index]) { index += 1 }
        if index < bytes.count, Self.isQuote(bytes[index]) {
            index += 1
        } else if index < bytes.count, bytes[index] == UInt8(ascii: ",") || bytes[index] == UInt8(ascii: "}")
        {
            // A key of a mapping in braces needs no value.
            return true
        }
        while index < bytes.count, bytes[index] == 0x20 { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return false }
        guard index + 1 < bytes.count else { return true }
        let next = bytes[index + 1]
        return next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09
            || index > 0 && Self.isQuote(bytes[index - 1])
    }

    /// Whether an empty run is next to other text of its scalar.
    private func isEmptyInScalar(at place: Int) -> Bool {
        let before = place > 0 ? bytes[place - 1] : 0x0A
        if before == UInt8(ascii: "=") || Self.isWordByte(before) && before != UInt8(ascii: "-") {
            return !isKey(endingAt: place)
        }
        return place < bytes.count && place > 0 && bytes[place - 1] == UInt8(ascii: "\"")
            && bytes[place] == UInt8(ascii: "\"") && !isKey(endingAt: place)
    }

    // MARK: Quotes

    private enum Token { case start, inQuotes(UInt8), other }

    /// Classifies a place in its line: in a quoted scalar, at the beginning of a scalar, or anywhere else.
    private func token(from line: Int, to place: Int) -> Token {
        var index = skipLead(line, place)
        while index < place {
            let byte = bytes[index]
            if byte == UInt8(ascii: "[") { return itemToken(from: index + 1, to: place) }
            if Self.isQuote(byte) {
                guard let close = closing(byte, from: index + 1, before: place) else {
                    return .inQuotes(byte)
                }
                index = close + 1
            } else if Self.isWordByte(byte) {
                while index < place, Self.isWordByte(bytes[index]) { index += 1 }
            } else {
                return .other
            }
            // The value begins after a key.
            guard index < place else { return .other }
            guard bytes[index] == UInt8(ascii: ":"), index + 1 < place, bytes[index + 1] == 0x20 else {
                return .other
            }
            index += 1
            while index < place, bytes[index] == 0x20 { index += 1 }
        }
        return .start
    }

    /// The same within a list in brackets.
    private func itemToken(from first: Int, to place: Int) -> Token {
        var index = first
        while true {
            while index < place, bytes[index] == 0x20 { index += 1 }
            guard index < place else { return .start }
            if Self.isQuote(bytes[index]) {
                guard let close = closing(bytes[index], from: index + 1, before: place) else {
                    return .inQuotes(bytes[index])
                }
                index = close + 1
            } else {
                while index < place, Self.isWordByte(bytes[index]) { index += 1 }
            }
            while index < place, bytes[index] == 0x20 { index += 1 }
            guard index < place, bytes[index] == UInt8(ascii: ",") else { return .other }
            index += 1
        }
    }

    /// Behind blanks and dashes.
    private func skipLead(_ line: Int, _ end: Int) -> Int {
        var index = line
        while index < end {
            if bytes[index] == 0x20 {
                index += 1
            } else if bytes[index] == UInt8(ascii: "-"), index + 1 < end, bytes[index + 1] == 0x20 {
                index += 2
            } else {
                break
            }
        }
        return index
    }

    private func closing(_ quote: UInt8, from start: Int, before end: Int) -> Int? {
        var index = start
        while index < end {
            if bytes[index] == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                index += 2
            } else if bytes[index] == quote {
                guard quote == UInt8(ascii: "'"), index + 1 < bytes.count, bytes[index + 1] == quote else {
                    return index
                }
                index += 2
            } else {
                index += 1
            }
        }
        return nil
    }

    private func isWithinQuotes(_ run: Range<Int>) -> Bool {
        guard let line = lineStart(run.lowerBound) else { return false }
        switch token(from: line, to: run.lowerBound) {
        case .other: return false
        case .inQuotes(let quote):
            var index = run.lowerBound
            while index < run.upperBound {
                if bytes[index] == quote || bytes[index] == UInt8(ascii: "\\") { return false }
                index += 1
            }
            if run.lowerBound > 0, bytes[run.lowerBound - 1] == UInt8(ascii: "\\") { return false }
            guard let close = closing(quote, from: run.upperBound, before: lineEnd(run.upperBound)) else {
                return false
            }
            return !isKey(endingAt: close)
        case .start:
            // A run with its own quotes, as `quote` writes it. Empty quotes are not accepted: they have no content.
            guard run.count > 2, bytes[run.lowerBound] == UInt8(ascii: "\""),
                closing(UInt8(ascii: "\""), from: run.lowerBound + 1, before: run.upperBound)
                    == run.upperBound - 1
            else { return false }
            var index = run.upperBound
            while index < bytes.count, bytes[index] == 0x20 { index += 1 }
            return index == bytes.count || bytes[index] == 0x0A || bytes[index] == UInt8(ascii: ",")
                || bytes[index] == UInt8(ascii: "]")
        }
    }

    // MARK: Block scalars

    private func isWithinBlock(_ run: Range<Int>) -> Bool {
        // White space at the beginning of the first line would set the indentation of the scalar.
        guard bytes[run.lowerBound] != 0x20 else { return false }
        guard var line = lineStart(run.lowerBound) else { return false }
        var least = indentation(of: line, before: run.lowerBound)
        var first = least
        for _ in 0..<Self.heightLimit {
            guard least > 0, line > 0 else { return false }
            let end = line - 1
            guard let above = lineStart(end) else { return false }
            line = above
            let indentation = indentation(of: line, before: end)
            if line + indentation == end { continue }
            if indentation < least {
                if let key = keyColumn(ofHeader: line..<end), key < first, first == least { return true }
                least = indentation
            }
            first = indentation
        }
        return false
    }

    /// The column of the key in a line that begins a block scalar: `- key: |-`; nil for other lines.
    private func keyColumn(ofHeader line: Range<Int>) -> Int? {
        var end = line.upperBound
        if end > line.lowerBound, bytes[end - 1] == UInt8(ascii: "-") { end -= 1 }
        guard end - 3 > line.lowerBound, bytes[end - 1] == UInt8(ascii: "|"), bytes[end - 2] == 0x20,
            bytes[end - 3] == UInt8(ascii: ":")
        else { return nil }
        let key = skipLead(line.lowerBound, line.upperBound)
        var index = key
        while index < end - 3 {
            guard Self.isWordByte(bytes[index]) else { return nil }
            index += 1
        }
        return index > key ? key - line.lowerBound : nil
    }

    // MARK: Bytes

    /// Returns the start of the line of a place; nil if it is more than `widthLimit` bytes before.
    private func lineStart(_ place: Int) -> Int? {
        let end = max(0, place - Self.widthLimit)
        var index = place
        while index > end, bytes[index - 1] != 0x0A { index -= 1 }
        return index == 0 || bytes[index - 1] == 0x0A ? index : nil
    }

    private func lineEnd(_ place: Int) -> Int {
        guard place < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + place, 0x0A, bytes.count - place)
        else { return bytes.count }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    private func indentation(of line: Int, before end: Int) -> Int {
        var index = line
        while index < end, bytes[index] == 0x20 { index += 1 }
        return index - line
    }

    private func isPrintable(_ run: Range<Int>) -> Bool {
        var strange: UInt8 = 0
        for byte in UnsafeBufferPointer(rebasing: bytes[run]) { strange |= byte &- 0x20 >= 0x5F ? 1 : 0 }
        return strange == 0
    }

    /// Letters, digits, `_`, `-`, `.` and `/`.
    @inline(__always)
    private static func isWordByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "-") < 13 || byte == UInt8(ascii: "_")
    }
}
