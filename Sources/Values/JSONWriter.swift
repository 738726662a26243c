/// Writes a value as JSON with a loop over the open containers.
struct JSONWriter {
    private let indent: Int
    private let escapesHTML: Bool

    init(style: JSONStyle, escapesHTML: Bool) {
        switch style {
        case .compact: indent = -1
        case .pretty(let blanks): indent = max(blanks, 0)
        }
        self.escapesHTML = escapesHTML
    }

    /// An open container, and the index of its next part. Only `write(_:into:)` creates frames, and the value that it
    /// writes keeps all containers alive. Retaining each of them took 3 % of the instructions of a new review.
    private enum Frame {
        case array(Borrowed<Value>.Lasting, next: Int)
        case object(Borrowed<Member>.Lasting, next: Int)
    }

    func write(_ value: Value, into output: inout ByteBuffer) {
        withExtendedLifetime(value) {
            guard let outermost = begin(value, into: &output) else { return }
            write(outermost, into: &output)
        }
    }

    private func write(_ outermost: Frame, into output: inout ByteBuffer) {
        var frame = outermost
        // The enclosing containers.
        var frames: [Frame] = []
        while true {
            var inner: Frame?
            switch frame {
            case .array(let items, var next):
                while next < items.count, inner == nil {
                    separate(first: next == 0, depth: frames.count + 1, into: &output)
                    inner = begin(items[next].content, into: &output)
                    next += 1
                }
                if inner == nil {
                    close(UInt8(ascii: "]"), depth: frames.count, into: &output)
                } else {
                    frames.append(.array(items, next: next))
                }
            case .object(let members, var next):
                while next < members.count, inner == nil {
                    separate(first: next == 0, depth: frames.count + 1, into: &output)
                    inner = begin(members[next], into: &output)
                    next += 1
                }
                if inner == nil {
                    close(UInt8(ascii: "}"), depth: frames.count, into: &output)
                } else {
                    frames.append(.object(members, next: next))
                }
            }
            guard let next = inner ?? frames.popLast() else { return }
            frame = next
        }
    }

    private func begin(_ member: borrowing Borrowed<Member>.Item, into output: inout ByteBuffer) -> Frame? {
        write(string: member.content.key, into: &output)
        output.append(UInt8(ascii: ":"))
        if indent >= 0 { output.append(UInt8(ascii: " ")) }
        return begin(member.content.value, into: &output)
    }

    /// Writes a scalar or an empty container. Opens any other container and returns its frame.
    private func begin(_ value: Value, into output: inout ByteBuffer) -> Frame? {
        switch value {
        case .null: output.append("null")
        case .bool(true): output.append("true")
        case .bool(false): output.append("false")
        case .int(let number): NumberFormat.append(number, into: &output)
        case .double(let number): NumberFormat.appendJSON(number, into: &output)
        case .string(let text): write(string: text, into: &output)
        case .array(let items):
            output.append(UInt8(ascii: "["))
            if !items.isEmpty { return .array(items.withBorrowedItems { $0.lasting }, next: 0) }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            if !object.isEmpty { return .object(object.members.withBorrowedItems { $0.lasting }, next: 0) }
            output.append(UInt8(ascii: "}"))
        }
        return nil
    }

    private func separate(first: Bool, depth: Int, into output: inout ByteBuffer) {
        if !first { output.append(UInt8(ascii: ",")) }
        if indent >= 0 { newLine(depth: depth, into: &output) }
    }

    private func close(_ byte: UInt8, depth: Int, into output: inout ByteBuffer) {
        if indent >= 0 { newLine(depth: depth, into: &output) }
        output.append(byte)
    }

    private func newLine(depth: Int, into output: inout ByteBuffer) {
        output.append(0x0A)
        output.append(repeating: UInt8(ascii: " "), count: depth * indent)
    }

    func write(string text: String, into output: inout ByteBuffer) {
        text.withBytes { bytes in
            // Almost no string needs an escape. It is copied and checked in one pass, and written again if it needs
            // one.
            let before = output.count
            output.append(upTo: bytes.count + 2) { target in
                target[0] = UInt8(ascii: "\"")
                var start = 0
                if let source = bytes.baseAddress {
                    // Eight bytes at a time take two thirds of the time of single bytes.
                    while start + 8 <= bytes.count {
                        let word = UnsafeRawPointer(source + start).loadUnaligned(as: UInt64.self)
                        if stops(word) != 0 { return 0 }
                        UnsafeMutableRawPointer(target + start + 1).storeBytes(of: word, as: UInt64.self)
                        start += 8
                    }
                }
                for index in start..<bytes.count {
                    let byte = bytes[index]
                    if mayNeedEscape(byte) { return 0 }
                    target[index + 1] = byte
                }
                target[bytes.count + 1] = UInt8(ascii: "\"")
                return bytes.count + 2
            }
            if output.count == before { writeEscaped(bytes, into: &output) }
        }
    }

    private func stops(_ word: UInt64) -> UInt64 {
        escapesHTML ? PlainRun.stops(word) | PlainRun.stopsForHTML(word) : PlainRun.stops(word)
    }

    private func mayNeedEscape(_ byte: UInt8) -> Bool {
        if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return true }
        guard escapesHTML else { return false }
        // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
        return byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&")
            || byte == 0xE2
    }

    private func writeEscaped(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        output.append(UInt8(ascii: "\""))
        var plain = 0
        var index = 0
        while index < bytes.count {
            if index + 8 <= bytes.count {
                let word = UnsafeRawPointer(bytes.baseAddress! + index).loadUnaligned(as: UInt64.self)
                let stops = stops(UInt64(littleEndian: word))
                index += stops == 0 ? 8 : stops.trailingZeroBitCount >> 3
                if stops == 0 { continue }
            }
            let byte = bytes[index]
            guard mayNeedEscape(byte) else {
                index += 1
                continue
            }
            if byte == 0xE2 {
                let isSeparator =
                    index + 2 < bytes.count && bytes[index + 1] == 0x80 && bytes[index + 2] & 0xFE == 0xA8
                guard isSeparator else {
                    index += 1
                    continue
                }
                output.append(UnsafeBufferPointer(rebasing: bytes[plain..<index]))
                output.append(bytes[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
                index += 3
            } else {
                output.append(UnsafeBufferPointer(rebasing: bytes[plain..<index]))
                writeEscape(byte, into: &output)
                index += 1
            }
            plain = index
        }
        output.append(UnsafeBufferPointer(rebasing: bytes[plain...]))
        output.append(UInt8(ascii: "\""))
    }

    private func writeEscape(_ byte: UInt8, into output: inout ByteBuffer) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        case 0x08: output.append("\\b")
        case 0x0C: output.append("\\f")
        case 0x0A: output.append("\\n")
        case 0x0D: output.append("\\r")
        case 0x09: output.append("\\t")
        default:
            output.append("\\u00")
            for digit in [byte >> 4, byte & 15] {
                output.append(digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a"))
            }
        }
    }
}
