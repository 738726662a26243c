/// Decompresses gzip (RFC 1952) and DEFLATE (RFC 1951), up to a number of bytes.
///
/// Only chart archives are decompressed, each once, which does not justify a dependency on zlib.
struct Inflate: ~Copyable {
    struct Problem: Error {
        var message: String
        /// Whether the result would exceed the given size.
        var isTooLong = false
    }

    private let input: UnsafeBufferPointer<UInt8>
    private var position: Int
    private var bits: UInt64 = 0
    private var bitCount = 0
    private var output: [UInt8] = []
    private let most: Int

    /// - Parameter most: the maximum size of the result in bytes.
    static func gunzip(_ bytes: [UInt8], most: Int) throws(Problem) -> [UInt8] {
        try bytes.withUnsafeBufferPointer { buffer throws(Problem) in
            var result: [UInt8] = []
            var start = 0
            // A stream can have several members. Bytes after the last one are ignored.
            repeat {
                let header = try headerEnd(buffer, start)
                var inflate = Inflate(buffer, from: header, most: most - result.count)
                try inflate.run()
                let end = inflate.position
                guard end + 8 <= buffer.count else {
                    throw Problem(message: "the gzip stream ends within its trailer")
                }
                let sum = (0..<4).reduce(UInt32(0)) { $0 | UInt32(buffer[end + $1]) << UInt32(8 * $1) }
                guard CRC32.sum(inflate.output) == sum else {
                    throw Problem(message: "the gzip stream has a wrong checksum")
                }
                if result.isEmpty { result = inflate.take() } else { result += inflate.take() }
                start = end + 8
            } while start + 2 <= buffer.count && buffer[start] == 0x1F && buffer[start + 1] == 0x8B
            return result
        }
    }

    private static func headerEnd(
        _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int
    ) throws(Problem) -> Int {
        let truncated = Problem(message: "the gzip stream ends within its header")
        guard bytes.count >= start + 18 else { throw truncated }
        guard bytes[start] == 0x1F, bytes[start + 1] == 0x8B, bytes[start + 2] == 8 else {
            throw Problem(message: "the archive is not gzip: expected the bytes 1f 8b 08 at its beginning")
        }
        let flags = bytes[start + 3]
        var index = start + 10
        if flags & 4 != 0 {
            guard index + 2 <= bytes.count else { throw truncated }
            index += 2 + Int(bytes[index]) + Int(bytes[index + 1]) << 8
        }
        for flag: UInt8 in [8, 16] where flags & flag != 0 {
            while index < bytes.count, bytes[index] != 0 { index += 1 }
            index += 1
        }
        if flags & 2 != 0 { index += 2 }
        guard index < bytes.count else { throw truncated }
        return index
    }

    private init(_ input: UnsafeBufferPointer<UInt8>, from start: Int, most: Int) {
        self.input = input
        position = start
        self.most = most
    }

    private mutating func take() -> [UInt8] {
        var result: [UInt8] = []
        swap(&result, &output)
        return result
    }

    // MARK: Bits

    private mutating func need(_ count: Int) throws(Problem) {
        while bitCount < count {
            guard position < input.count else { throw Problem(message: "the gzip stream ends early") }
            bits |= UInt64(input[position]) << UInt64(bitCount)
            position += 1
            bitCount += 8
        }
    }

    private mutating func read(_ count: Int) throws(Problem) -> Int {
        if count == 0 { return 0 }
        try need(count)
        let value = Int(bits & (UInt64(1) << UInt64(count) - 1))
        bits >>= UInt64(count)
        bitCount -= count
        return value
    }

    // MARK: Blocks

    private mutating func run() throws(Problem) {
        var isLast = false
        while !isLast {
            isLast = try read(1) == 1
            switch try read(2) {
            case 0: try stored()
            case 1: try compressed(Inflate.fixedLengths, Inflate.fixedDistances)
            case 2:
                let (lengths, distances) = try tables()
                try compressed(lengths, distances)
            default: throw Problem(message: "the gzip stream has a block of no known kind")
            }
        }
        // Whole bytes that were read ahead are returned to the input.
        position -= bitCount / 8
    }

    private func checkRoom(_ count: Int) throws(Problem) {
        if output.count + count > most {
            throw Problem(message: "the archive unpacks to more than it may", isTooLong: true)
        }
    }

    private mutating func stored() throws(Problem) {
        _ = try read(bitCount % 8)
        let length = try read(16)
        let check = try read(16)
        guard length == ~check & 0xFFFF else {
            throw Problem(message: "the gzip stream has a stored block of a wrong length")
        }
        try checkRoom(length)
        position -= bitCount / 8
        (bits, bitCount) = (0, 0)
        guard position + length <= input.count else { throw Problem(message: "the gzip stream ends early") }
        output.append(contentsOf: input[position..<(position + length)])
        position += length
    }

    /// A prefix code. A table for all 15-bit codes would be large, so codes of more than nine bits are decoded from the
    /// number of codes of each length.
    private struct Code {
        var counts = [UInt16](repeating: 0, count: 16)
        var symbols: [UInt16] = []
        /// The symbol and length of the code for each value of the next nine bits; 0 if the code is longer.
        var quick = [UInt16](repeating: 0, count: 512)

        init(_ lengths: [UInt8]) throws(Problem) {
            for length in lengths { counts[Int(length)] += 1 }
            counts[0] = 0
            var left = 1
            for length in 1...15 {
                left = left * 2 - Int(counts[length])
                if left < 0 { throw Problem(message: "the gzip stream has an impossible code") }
            }
            var offsets = [Int](repeating: 0, count: 17)
            for length in 1...15 { offsets[length + 1] = offsets[length] + Int(counts[length]) }
            symbols = [UInt16](repeating: 0, count: lengths.count)
            var nextCode = [Int](repeating: 0, count: 17)
            for length in 1...15 { nextCode[length + 1] = (nextCode[length] + Int(counts[length])) << 1 }
            for (symbol, length) in lengths.enumerated() where length > 0 {
                symbols[offsets[Int(length)]] = UInt16(symbol)
                offsets[Int(length)] += 1
                let code = nextCode[Int(length)]
                nextCode[Int(length)] += 1
                guard length <= 9 else { continue }
                var reversed = 0
                for bit in 0..<Int(length) where code >> bit & 1 == 1 {
                    reversed |= 1 << (Int(length) - 1 - bit)
                }
                var place = reversed
                while place < 512 {
                    quick[place] = UInt16(symbol) << 4 | UInt16(length)
                    place += 1 << Int(length)
                }
            }
        }
    }

    private mutating func symbol(_ code: borrowing Code) throws(Problem) -> Int {
        if bitCount < 15, position < input.count {
            while bitCount <= 48, position < input.count {
                bits |= UInt64(input[position]) << UInt64(bitCount)
                position += 1
                bitCount += 8
            }
        }
        let entry = Int(code.quick[Int(bits & 511)])
        if entry & 15 != 0, entry & 15 <= bitCount {
            bits >>= UInt64(entry & 15)
            bitCount -= entry & 15
            return entry >> 4
        }
        var value = 0
        var first = 0
        var index = 0
        for length in 1...15 {
            value |= try read(1)
            let count = Int(code.counts[length])
            if value - count < first { return Int(code.symbols[index + value - first]) }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw Problem(message: "the gzip stream has an invalid code")
    }

    private static let lengthBase = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
        195,
        227, 258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBase = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
        4097, 6145, 8193, 12289, 16385, 24577,
    ]
    private static let distanceBits = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]
    private static let fixedLengths: Code = {
        let lengths = (0..<288).map { UInt8($0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8) }
        guard let code = try? Code(lengths) else {
            preconditionFailure("the fixed code of RFC 1951 is a code")
        }
        return code
    }()
    private static let fixedDistances: Code = {
        guard let code = try? Code([UInt8](repeating: 5, count: 30)) else {
            preconditionFailure("the fixed code of RFC 1951 is a code")
        }
        return code
    }()

    private mutating func compressed(
        _ lengths: borrowing Code, _ distances: borrowing Code
    ) throws(Problem) {
        while true {
            let symbol = try symbol(lengths)
            if symbol < 256 {
                try checkRoom(1)
                output.append(UInt8(truncatingIfNeeded: symbol))
                continue
            }
            if symbol == 256 { return }
            guard symbol - 257 < Inflate.lengthBase.count else {
                throw Problem(message: "the gzip stream has a length of no known kind")
            }
            let length = Inflate.lengthBase[symbol - 257] + (try read(Inflate.lengthBits[symbol - 257]))
            let kind = try self.symbol(distances)
            guard kind < Inflate.distanceBase.count else {
                throw Problem(message: "the gzip stream has a distance of no known kind")
            }
            let distance = Inflate.distanceBase[kind] + (try read(Inflate.distanceBits[kind]))
            guard distance <= output.count else {
                throw Problem(message: "the gzip stream refers to bytes before its beginning")
            }
            try checkRoom(length)
            let start = output.count - distance
            for offset in 0..<length { output.append(output[start + offset]) }
        }
    }

    private mutating func tables() throws(Problem) -> (Code, Code) {
        let lengthCount = try read(5) + 257
        let distanceCount = try read(5) + 1
        let codeCount = try read(4) + 4
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        var codeLengths = [UInt8](repeating: 0, count: 19)
        for index in 0..<codeCount { codeLengths[order[index]] = UInt8(try read(3)) }
        let code = try Code(codeLengths)
        var lengths: [UInt8] = []
        while lengths.count < lengthCount + distanceCount {
            let symbol = try symbol(code)
            switch symbol {
            case 0..<16: lengths.append(UInt8(symbol))
            case 16:
                guard let last = lengths.last else {
                    throw Problem(message: "the gzip stream repeats a length before the first")
                }
                lengths += [UInt8](repeating: last, count: 3 + (try read(2)))
            case 17: lengths += [UInt8](repeating: 0, count: 3 + (try read(3)))
            default: lengths += [UInt8](repeating: 0, count: 11 + (try read(7)))
            }
        }
        guard lengths.count == lengthCount + distanceCount, lengthCount <= 286 else {
            throw Problem(message: "the gzip stream has a code of a wrong size")
        }
        return (try Code(Array(lengths[..<lengthCount])), try Code(Array(lengths[lengthCount...])))
    }
}

/// The checksum of gzip members.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    static func sum(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ sum >> 8 }
        return ~sum
    }
}
