import CWorkMeter

#if canImport(Glibc)
    import Glibc
#endif

/// Parses one JSON text with a loop over explicit stacks.
///
/// The items and members of all open containers are on two flat stacks. Closing a container moves its part into an
/// array of exactly that size. So depth costs heap memory, but no thread stack.
struct JSONReader: ~Copyable {
    private let base: UnsafePointer<UInt8>
    private let end: Int
    private let depthLimit: Int
    private let valueLimit: Int
    /// The number of values that may still follow.
    private var valuesLeft: Int
    private var position = 0

    private var frames: [Frame] = []
    private var items = MovingStack<Value>(capacity: 32)
    private var members = MovingStack<Member>(capacity: 64)
    /// A cheap hash of each key in `members`. Keys are only compared if their hashes are equal, or one is 0.
    private var marks = MovingStack<UInt64>(capacity: 64)
    private var scratch = ByteBuffer(capacity: 64)

    /// A text that was parsed before, and the current place in it.
    private let known: KnownJSON?
    private var place: KnownPlace
    /// The number of bytes of this text that are also in the known one.
    private(set) var knownBytes = 0
    /// Whether the containers of this text are recorded, and the record.
    private let keepsParts: Bool
    private var parts: [KnownJSON.Part] = []

    /// An open container, and the start of its part of the stack.
    private struct Frame {
        var isObject: Bool
        var start: Int
        /// The place in the known text after this container.
        var outer: KnownPlace
        /// Its index in `parts`.
        var part: Int
    }

    init(
        base: UnsafePointer<UInt8>, count: Int, limits: JSONLimits, beside known: KnownJSON? = nil,
        keepsParts: Bool = false
    ) {
        self.base = base
        self.end = count
        depthLimit = limits.depth
        valueLimit = limits.values
        valuesLeft = limits.values
        self.known = known.flatMap { $0.depthLimit <= limits.depth ? $0 : nil }
        place = KnownPlace(next: 0, end: known?.parts.count ?? 0)
        self.keepsParts = keepsParts
    }

    mutating func read() throws(JSONError) -> Value {
        while true {
            // A value begins here. An opened container continues the loop, until a value is complete.
            var value = Value.null
            valuesLeft &-= 1
            if valuesLeft < 0 { throw tooManyValues() }
            if valuesLeft & Self.stopInterval == 0, work_stops() != 0 { throw stopped() }
            let byte = skipBlanks()
            switch byte {
            case UInt8(ascii: "\""):
                value = .string(try string())
            case UInt8(ascii: "{"):
                if let known = try open(isObject: true) {
                    value = known
                } else if skipBlanks() == UInt8(ascii: "}") {
                    value = .object(Object())
                    close(value)
                } else {
                    try key(expected: "a key or '}'")
                    continue
                }
            case UInt8(ascii: "["):
                if let known = try open(isObject: false) {
                    value = known
                } else if skipBlanks() == UInt8(ascii: "]") {
                    value = .array([])
                    close(value)
                } else {
                    continue
                }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = try number()
            case UInt8(ascii: "t"):
                try literal("true")
                value = .bool(true)
            case UInt8(ascii: "f"):
                try literal("false")
                value = .bool(false)
            case UInt8(ascii: "n"):
                try literal("null")
            default:
                let closes = frames.last?.isObject == false && items.count == frames.last?.start
                throw unexpected(expected: closes ? "a value or ']'" : "a value")
            }

            // A value is complete. It may close enclosing containers.
            complete: while true {
                guard let frame = frames.last else {
                    _ = skipBlanks()
                    guard position == end else { throw unexpected(expected: "the end of the text") }
                    return value
                }
                if frame.isObject {
                    members[members.count - 1].value = consume value
                    switch skipBlanks() {
                    case UInt8(ascii: ","):
                        position += 1
                        try key(expected: "a key")
                        break complete
                    case UInt8(ascii: "}"):
                        value = .object(closeObject(start: frame.start))
                    default:
                        throw unexpected(expected: "',' or '}'")
                    }
                } else {
                    items.push(consume value)
                    switch skipBlanks() {
                    case UInt8(ascii: ","):
                        position += 1
                        break complete
                    case UInt8(ascii: "]"):
                        value = .array(items.take(from: frame.start))
                    default:
                        throw unexpected(expected: "',' or ']'")
                    }
                }
                close(value)
            }
        }
    }

    /// Returns the text with its containers after parsing, if the reader records them.
    func kept() -> KnownJSON {
        KnownJSON(UnsafeBufferPointer(start: base, count: end), parts: parts, depthLimit: depthLimit)
    }

    /// The number of values between two checks whether the work was stopped: a power of two, less one.
    private static let stopInterval = 1_023

    @inline(never)
    private func stopped() -> JSONError {
        JSONError(code: .stopped, offset: position, message: "reading was stopped before its end")
    }

    @inline(never)
    private func tooManyValues() -> JSONError {
        JSONError(
            code: .tooManyValues, offset: position,
            message: "found more than \(valueLimit) values, expected at most that")
    }

    // MARK: Containers

    /// Opens a container, or returns its value if its text is known.
    private mutating func open(isObject: Bool) throws(JSONError) -> Value? {
        guard frames.count < depthLimit else {
            throw JSONError(
                code: .tooDeep, offset: position,
                message: "found arrays and objects nested deeper than \(depthLimit), expected at most that")
        }
        var inner = KnownPlace.nowhere
        if let known {
            if let part = place.match(base + position, count: end - position, in: known, inner: &inner) {
                let length = known.parts[part].end - known.parts[part].start
                position += length
                knownBytes += length
                return known.parts[part].value
            }
        }
        if keepsParts { parts.append(KnownJSON.Part(start: position, end: 0, next: 0, value: .null)) }
        position += 1
        frames.append(
            Frame(
                isObject: isObject, start: isObject ? members.count : items.count, outer: place,
                part: parts.count - 1))
        place = inner
        return nil
    }

    /// Closes the innermost container, which has that value. The position is at its closing bracket.
    private mutating func close(_ value: borrowing Value) {
        position += 1
        guard let frame = frames.popLast() else { return }
        place = frame.outer
        guard keepsParts else { return }
        parts[frame.part].end = position
        parts[frame.part].next = parts.count
        parts[frame.part].value = copy value
    }

    /// Parses `"key":` and pushes a member without a value.
    private mutating func key(expected: StaticString) throws(JSONError) {
        guard skipBlanks() == UInt8(ascii: "\"") else { throw unexpected(expected: "\(expected)") }
        let from = position
        let text = try string()
        marks.push(mark(from: from))
        members.push(Member(text, .null))
        guard skipBlanks() == UInt8(ascii: ":") else { throw unexpected(expected: "':'") }
        position += 1
    }

    /// Returns a hash of the key between `from` and the current position. Equal keys must have equal hashes. So a key
    /// with several possible spellings (escapes, repaired bytes) gets 0, which is treated as equal to every other hash.
    private func mark(from: Int) -> UInt64 {
        let length = position - from - 2
        if spelling == .repaired { return 0 }
        var result = UInt64(truncatingIfNeeded: length)
        let text = base + from + 1
        if length >= 8 {
            result ^= UnsafeRawPointer(text + length - 8).loadUnaligned(as: UInt64.self)
            result ^= UnsafeRawPointer(text).loadUnaligned(as: UInt64.self) &* 0x9E37_79B9_7F4A_7C15
        } else {
            for index in 0..<length { result = result << 8 ^ UInt64(text[index]) }
            result ^= UInt64(length) << 56
        }
        return result == 0 ? 1 : result
    }

    private mutating func closeObject(start: Int) -> Object {
        let count = members.count - start
        if count <= Object.scanLimit {
            for right in stride(from: start + 1, to: start + count, by: 1) {
                for left in start..<right
                where marks[left] == marks[right] || marks[left] == 0 || marks[right] == 0 {
                    if members[left].key.hasSameBytes(as: members[right].key) {
                        return closeRepeated(start: start)
                    }
                }
            }
        } else {
            let closed = members.take(from: start)
            marks.drop(to: start)
            return Object(lastWins: closed)
        }
        marks.drop(to: start)
        return Object(members.take(from: start))
    }

    /// Closes an object with repeated keys.
    private mutating func closeRepeated(start: Int) -> Object {
        marks.drop(to: start)
        return Object(Object.withoutRepeats(members.take(from: start)))
    }

    // MARK: Strings

    private enum Spelling {
        /// The text is in the source unchanged.
        case plain
        /// Escapes were decoded or bytes repaired.
        case repaired
    }

    /// The spelling in the source of the string that was parsed last.
    private var spelling = Spelling.plain

    /// Parses a string. The position is at its opening quote.
    private mutating func string() throws(JSONError) -> String {
        let start = position + 1
        var seen: UInt64 = 0
        var index = PlainRun.end(base, from: start, to: end, seen: &seen)
        while index < end {
            let byte = base[index]
            if byte == UInt8(ascii: "\"") {
                let run = UnsafeBufferPointer(start: base + start, count: index - start)
                if seen & PlainRun.highBits == 0 {
                    position = index + 1
                    spelling = .plain
                    return String(decoding: run, as: UTF8.self)
                }
                guard let text = String(validating: run, as: UTF8.self) else { break }
                position = index + 1
                spelling = .plain
                return text
            }
            if byte == UInt8(ascii: "\\") { break }
            if byte < 0x20 { throw control(at: index) }
            seen |= UInt64(byte)
            index += 1
        }
        return try repairedString(from: start)
    }

    /// Parses a string with escapes, with bytes to repair, or without an end.
    private mutating func repairedString(from start: Int) throws(JSONError) -> String {
        scratch.truncate(to: 0)
        spelling = .repaired
        var index = start
        while index < end {
            let byte = base[index]
            switch byte {
            case UInt8(ascii: "\""):
                position = index + 1
                return scratch.text
            case UInt8(ascii: "\\"):
                index = try escape(at: index)
            case 0..<0x20:
                throw control(at: index)
            case 0x20..<0x80:
                scratch.append(byte)
                index += 1
            default:
                let length = UTF8Scan.length(base + index, limit: end - index)
                if length == 0 {
                    scratch.append("\u{FFFD}")
                    index += 1
                } else {
                    scratch.append(UnsafeBufferPointer(start: base + index, count: length))
                    index += length
                }
            }
        }
        throw JSONError.end(at: end, expected: "'\"' at the end of a string")
    }

    /// Decodes the escape at that index and returns the index after it.
    private mutating func escape(at start: Int) throws(JSONError) -> Int {
        guard start + 1 < end else { throw JSONError.end(at: end, expected: "an escape") }
        switch base[start + 1] {
        case UInt8(ascii: "\""): scratch.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): scratch.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): scratch.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0C)
        case UInt8(ascii: "n"): scratch.append(0x0A)
        case UInt8(ascii: "r"): scratch.append(0x0D)
        case UInt8(ascii: "t"): scratch.append(0x09)
        case UInt8(ascii: "u"):
            let first = try hexadecimal(at: start + 2)
            var next = start + 6
            var scalar = Unicode.Scalar(first)
            if (0xD800..<0xDC00).contains(first), next + 1 < end, base[next] == UInt8(ascii: "\\"),
                base[next + 1] == UInt8(ascii: "u")
            {
                let second = try hexadecimal(at: next + 2)
                if (0xDC00..<0xE000).contains(second) {
                    scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
                    next += 6
                }
            }
            for byte in UTF8.encode(scalar ?? "\u{FFFD}").unsafelyUnwrapped { scratch.append(byte) }
            return next
        case let other:
            throw JSONError(
                code: .badEscape, offset: start,
                message:
                    "found '\\' before \(JSONError.name(other)), expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"
            )
        }
        return start + 2
    }

    private func hexadecimal(at start: Int) throws(JSONError) -> UInt32 {
        var result: UInt32 = 0
        for index in start..<start + 4 {
            guard index < end else { throw JSONError.end(at: end, expected: "four hexadecimal digits") }
            guard let digit = JSONReader.hexadecimalDigit(base[index]) else {
                throw JSONError(
                    code: .badEscape, offset: index,
                    message:
                        "found \(JSONError.name(base[index])), expected four hexadecimal digits after \\u")
            }
            result = result << 4 | UInt32(digit)
        }
        return result
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    // MARK: Numbers and literals

    private mutating func number() throws(JSONError) -> Value {
        let start = position
        var index = position
        let negative = base[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        guard index < end else { throw JSONError.end(at: end, expected: "a digit") }
        guard isDigit(base[index]) else { throw badNumber(at: index, expected: "a digit after '-'") }

        var magnitude: UInt64 = 0
        var overflows = false
        if base[index] == UInt8(ascii: "0") {
            index += 1
            if index < end, isDigit(base[index]) {
                throw badNumber(at: index, expected: "no digit after a leading zero")
            }
        } else {
            while index < end, isDigit(base[index]) {
                let (product, high) = magnitude.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(base[index] & 15))
                magnitude = sum
                overflows = overflows || high || carry
                index += 1
            }
        }
        var isInteger = true
        if index < end, base[index] == UInt8(ascii: ".") {
            isInteger = false
            index = try digits(from: index + 1, expected: "a digit after '.'")
        }
        if index < end, base[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if index < end, base[index] == UInt8(ascii: "+") || base[index] == UInt8(ascii: "-") {
                index += 1
            }
            index = try digits(from: index, expected: "a digit of the exponent")
        }
        position = index
        if isInteger, !overflows {
            if !negative, magnitude <= UInt64(Int64.max) { return .int(Int64(magnitude)) }
            if negative, magnitude <= UInt64(Int64.max) + 1 {
                return .int(Int64(truncatingIfNeeded: 0 &- magnitude))
            }
        }
        let text = UnsafeBufferPointer(start: base + start, count: index - start)
        guard let value = NumberFormat.double(text), value.isFinite else {
            throw badNumber(at: start, expected: "a number of at most 1.7976931348623157e308")
        }
        return .double(value)
    }

    private func digits(from start: Int, expected: String) throws(JSONError) -> Int {
        var index = start
        guard index < end else { throw JSONError.end(at: end, expected: expected) }
        guard isDigit(base[index]) else { throw badNumber(at: index, expected: expected) }
        while index < end, isDigit(base[index]) { index += 1 }
        return index
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private mutating func literal(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard position + index < end else { throw JSONError.end(at: end, expected: "'\(word)'") }
            guard base[position + index] == word.utf8Start[index] else {
                position += index
                throw unexpected(expected: "'\(word)'")
            }
        }
        position += word.utf8CodeUnitCount
    }

    // MARK: Positions and errors

    /// Moves to the next byte that is not white space and returns it; 0 at the end.
    private mutating func skipBlanks() -> UInt8 {
        while position < end {
            let byte = base[position]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return 0
    }

    private func unexpected(expected: String) -> JSONError {
        guard position < end else { return .end(at: end, expected: expected) }
        if position == 0, end >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF {
            return JSONError(
                code: .unexpectedByte, offset: 0, message: "found a byte order mark, expected \(expected)")
        }
        return JSONError(
            code: .unexpectedByte, offset: position,
            message: "found \(JSONError.name(base[position])), expected \(expected)")
    }

    private func control(at index: Int) -> JSONError {
        JSONError(
            code: .controlCharacter, offset: index,
            message: "found \(JSONError.name(base[index])) in a string, expected it escaped")
    }

    private func badNumber(at index: Int, expected: String) -> JSONError {
        JSONError(
            code: .badNumber, offset: index,
            message: "found \(JSONError.name(base[index])), expected \(expected)")
    }
}

extension JSONError {
    static func end(at offset: Int, expected: String) -> JSONError {
        JSONError(
            code: .unexpectedEnd, offset: offset, message: "found the end of the text, expected \(expected)")
    }

    /// Returns a byte for a message: in quotes if it is printable, otherwise as a number.
    static func name(_ byte: UInt8) -> String {
        if byte == UInt8(ascii: "'") { return "\"'\"" }
        if (0x20..<0x7F).contains(byte) { return "'\(Unicode.Scalar(byte))'" }
        let digits = String(byte, radix: 16)
        return "byte 0x" + (digits.utf8.count == 1 ? "0" : "") + digits
    }
}
