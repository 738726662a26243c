/// Decodes padded base64 and base32 as Go's encoding packages do: line breaks are skipped, and an error gives the
/// offset of the invalid byte.
enum GoDecode {
    struct Failure: Error { var message: String }

    static func base64(_ text: [UInt8]) throws(Failure) -> [UInt8] {
        try decode(text) { byte in
            switch byte {
            case 0x41...0x5A: byte - 0x41
            case 0x61...0x7A: byte - 0x61 + 26
            case 0x30...0x39: byte - 0x30 + 52
            case 0x2B: 62
            case 0x2F: 63
            default: nil
            }
        }
    }

    /// Decodes base32. The error of a text that ends within a group is at the group's first byte. Text after the
    /// padding of the last group is not checked.
    static func base32(_ text: [UInt8]) throws(Failure) -> [UInt8] {
        let text = text.filter { $0 != 0x0A && $0 != 0x0D }
        func failure(_ offset: Int) -> Failure {
            Failure(message: "illegal base32 data at input byte \(offset)")
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count * 5 / 8)
        var index = 0
        while index < text.count {
            let start = index
            var register: UInt64 = 0
            var digits = 0
            while digits < 8 {
                guard index < text.count else { throw failure(start) }
                let byte = text[index]
                index += 1
                let left = text.count - index
                if byte == 0x3D, digits >= 2, left < 8 {
                    guard left + digits >= 7 else { throw failure(text.count) }
                    for place in 0..<(7 - digits) where place < left && text[index + place] != 0x3D {
                        throw failure(index + place - 1)
                    }
                    guard digits != 3, digits != 6 else { throw failure(index - 1) }
                    append(register, digits, to: &output)
                    return output
                }
                switch byte {
                case 0x41...0x5A: register = register << 5 | UInt64(byte - 0x41)
                case 0x32...0x37: register = register << 5 | UInt64(byte - 0x32 + 26)
                default: throw failure(index - 1)
                }
                digits += 1
            }
            append(register, 8, to: &output)
        }
        return output
    }

    private static func append(_ register: UInt64, _ digits: Int, to output: inout [UInt8]) {
        let bits = digits * 5
        let bytes = bits / 8
        let register = register >> UInt64(bits - bytes * 8)
        for place in stride(from: bytes - 1, through: 0, by: -1) {
            output.append(UInt8(truncatingIfNeeded: register >> UInt64(place * 8)))
        }
    }

    private static func decode(
        _ text: [UInt8], _ value: (UInt8) -> UInt8?
    ) throws(Failure) -> [UInt8] {
        func failure(_ offset: Int) -> Failure {
            Failure(message: "illegal base64 data at input byte \(offset)")
        }
        func isBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
        var output: [UInt8] = []
        output.reserveCapacity(text.count * 6 / 8)
        var index = 0
        while index < text.count {
            var taken = 0
            var register: UInt64 = 0
            var isLast = false
            while taken < 4 {
                while index < text.count, isBreak(text[index]) { index += 1 }
                guard index < text.count else {
                    if taken == 0 { return output }
                    throw failure(index - taken)
                }
                let byte = text[index]
                index += 1
                if byte == 0x3D {
                    try padding(taken: taken, at: &index, text, failure)
                    isLast = true
                    break
                }
                guard let digit = value(byte) else { throw failure(index - 1) }
                register = register << 6 | UInt64(digit)
                taken += 1
            }
            let whole = taken * 6 / 8
            register >>= UInt64(taken * 6 - whole * 8)
            for place in stride(from: whole - 1, through: 0, by: -1) {
                output.append(UInt8(truncatingIfNeeded: register >> UInt64(place * 8)))
            }
            if isLast { return output }
        }
        return output
    }

    /// Checks the `=` signs, the first of which has been read, and that nothing follows them.
    private static func padding(
        taken: Int, at index: inout Int, _ text: [UInt8], _ failure: (Int) -> Failure
    ) throws(Failure) {
        guard taken == 2 || taken == 3 else { throw failure(index - 1) }
        for _ in 0..<(3 - taken) {
            while index < text.count, text[index] == 0x0A || text[index] == 0x0D { index += 1 }
            guard index < text.count else { throw failure(text.count) }
            guard text[index] == 0x3D else { throw failure(index - 1) }
            index += 1
        }
        while index < text.count, text[index] == 0x0A || text[index] == 0x0D { index += 1 }
        if index < text.count { throw failure(index) }
    }

    /// Encodes as base32 with padding (RFC 4648).
    static func encodeBase32(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let part = bytes[index..<min(index + 5, bytes.count)]
            var register: UInt64 = 0
            for place in 0..<5 {
                register = register << 8 | (place < part.count ? UInt64(part[index + place]) : 0)
            }
            let digits = (part.count * 8 + 4) / 5
            for place in 0..<8 {
                output.append(place < digits ? alphabet[Int(register >> UInt64(35 - place * 5) & 31)] : 0x3D)
            }
            index += 5
        }
        return output
    }
}
