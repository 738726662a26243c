import Values

/// Splits a stream of JSON into objects (`ObjectStream`). It finds their ends by brackets and quotes; the JSON reader
/// then checks whether they are valid.
struct JSONParts {
    private enum Place {
        /// Between objects.
        case outside
        /// In an object at the top level, whose `items` have not begun.
        case top
        /// Between the items of a list.
        case items
        /// In an item.
        case item
        /// In a list, after its items.
        case tail
    }

    private let name: String
    private var place = Place.outside
    /// The bytes that are not processed completely.
    private var pending: [UInt8] = []
    /// The offset in `pending` up to which it was scanned.
    private var scanned = 0
    /// The offset of the current object.
    private var start = 0
    private var line = 1
    private var startLine = 1
    private var depth = 0
    private var inString = false
    private var isEscaped = false
    /// The offset of the last string in the object at the top level, and whether it was `"items"` and was followed by a
    /// colon.
    private var stringStart = 0
    private var key = Key.other
    /// Whether the items are those of an array at the top level.
    private var isBare = false

    private enum Key { case other, items, itemsColon }

    init(_ name: String) { self.name = name }

    mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>, _ part: (ObjectStream.Part) -> Void
    ) throws(StreamError) {
        pending += bytes
        while scanned < pending.count {
            skipInside()
            if scanned < pending.count { try step(part) }
        }
        let kept = place == .top || place == .item ? start : scanned
        pending.removeFirst(kept)
        scanned -= kept
        stringStart -= kept
        start = 0
        if pending.count > ObjectStream.objectBytes {
            throw StreamError(
                name, line: startLine,
                "an object is too long: found more than \(ObjectStream.objectBytes) bytes, expected at most that"
            )
        }
    }

    func end() throws(StreamError) {
        guard place != .outside else { return }
        throw StreamError(name, line: line, "found the end of the text, expected the rest of an object")
    }

    private static let itemsKey = Array("\"items\"".utf8)

    /// Scans one byte, or the rest of a string.
    private mutating func step(_ part: (ObjectStream.Part) -> Void) throws(StreamError) {
        let byte = pending[scanned]
        if inString { return skipString() }
        if byte == 0x0a { line += 1 }
        switch (place, byte) {
        case (_, 0x20), (_, 0x09), (_, 0x0a), (_, 0x0d): break
        case (.outside, UInt8(ascii: "{")), (.outside, UInt8(ascii: "[")):
            (start, startLine, depth, key) = (scanned, line, 1, .other)
            isBare = byte == UInt8(ascii: "[")
            place = isBare ? .items : .top
        // There may be lines of --- between JSON texts.
        case (.outside, UInt8(ascii: "-")): break
        case (.items, UInt8(ascii: ",")): break
        case (.items, UInt8(ascii: "{")), (.items, UInt8(ascii: "[")):
            (start, startLine, depth) = (scanned, line, 1)
            place = .item
        case (.items, UInt8(ascii: "]")):
            depth = 1
            place = isBare ? .outside : .tail
        case (.items, _):
            throw StreamError(
                name, line: line, "items is not a valid list: found \(Self.shown(byte)), expected an object")
        case (.outside, _):
            throw StreamError(
                name, line: line, "the text is not JSON: found \(Self.shown(byte)), expected an object")
        case (_, UInt8(ascii: "\"")):
            inString = true
            stringStart = scanned
        case (.top, UInt8(ascii: ":")):
            if depth == 1 { key = key == .items ? .itemsColon : .other }
        case (_, UInt8(ascii: "{")), (_, UInt8(ascii: "[")):
            depth += 1
            if place == .top, depth == 2, key == .itemsColon, byte == UInt8(ascii: "[") { place = .items }
            key = .other
        case (_, UInt8(ascii: "}")), (_, UInt8(ascii: "]")):
            depth -= 1
            if depth == 0 { close(part) }
        default: if place == .top { key = .other }
        }
        scanned += 1
    }

    private static func shown(_ byte: UInt8) -> String {
        byte >= 0x21 && byte < 0x7f ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
    }

    private mutating func close(_ part: (ObjectStream.Part) -> Void) {
        defer { place = place == .item ? .items : .outside }
        guard place != .tail else { return }
        let line = startLine
        guard scanned - start < ObjectStream.objectBytes else {
            return part(
                .problem(
                    "\(name):\(line): an object is too long: found more than \(ObjectStream.objectBytes) bytes, "
                        + "expected at most that"))
        }
        pending[start...scanned].withUnsafeBufferPointer { bytes in
            part(.text(ObjectText(bytes: bytes, name: name, line: line)))
        }
    }

    /// Skips to the bracket that closes the item, or the member of an object at the top level: most bytes of a stream
    /// are inside these, and a simple loop takes a tenth of the time of `step`.
    private mutating func skipInside() {
        let floor = place == .top ? 2 : 1
        guard place == .item || place == .top || place == .tail, depth >= floor else { return }
        var (index, depth, line) = (scanned, depth, line)
        var (inString, isEscaped) = (inString, isEscaped)
        pending.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            var seen: UInt64 = 0
            while index < bytes.count {
                if inString, !isEscaped {
                    index = PlainRun.end(base, from: index, to: bytes.count, seen: &seen)
                }
                guard index < bytes.count else { return }
                let byte = bytes[index]
                if inString {
                    if isEscaped {
                        isEscaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        isEscaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        inString = false
                    }
                } else {
                    switch byte {
                    case UInt8(ascii: "\""): inString = true
                    case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                    case UInt8(ascii: "}"), UInt8(ascii: "]"):
                        if depth == floor { return }
                        depth -= 1
                    case 0x0a:
                        line += 1
                        index = Self.endOfBlanks(base, from: index, to: bytes.count)
                    default: break
                    }
                }
                index += 1
            }
        }
        (scanned, self.depth, self.line) = (index, depth, line)
        (self.inString, self.isEscaped) = (inString, isEscaped)
    }

    /// Returns the offset of a run's last blank, or one near it, comparing eight at a time: a third of indented JSON is
    /// blanks.
    private static func endOfBlanks(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index + 8 < end,
            UnsafeRawPointer(base + index + 1).loadUnaligned(as: UInt64.self) == 0x2020_2020_2020_2020
        {
            index += 8
        }
        return index
    }

    /// Skips to the end of the string, or of the bytes.
    private mutating func skipString() {
        var index = scanned
        pending.withUnsafeBufferPointer { bytes in
            while index < bytes.count {
                let byte = bytes[index]
                index += 1
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                    break
                }
            }
        }
        scanned = index
        guard !inString, place == .top, depth == 1 else { return }
        key = pending[stringStart..<index].elementsEqual(Self.itemsKey) ? .items : .other
    }
}
