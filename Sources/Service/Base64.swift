/// Base64 of RFC 4648, the standard alphabet with padding.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for (index, byte) in group.enumerated() { bits |= UInt32(byte) << (16 - 8 * UInt32(index)) }
            for index in 0..<4 {
                let code = alphabet[Int(bits >> (18 - 6 * UInt32(index)) & 63)]
                text.append(index <= group.count ? code : 0x3d)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil for anything but whole, padded groups.
    static func decode(_ text: String) -> [UInt8]? {
        let codes = Array(text.utf8)
        guard codes.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: codes.count, by: 4) {
            let isLast = start + 4 == codes.count
            let padding = isLast ? codes[start...].reversed().prefix { $0 == 0x3d }.count : 0
            guard padding <= 2 else { return nil }
            var bits: UInt32 = 0
            for code in codes[start..<start + 4 - padding] {
                guard let index = alphabet.firstIndex(of: code) else { return nil }
                bits = bits << 6 | UInt32(index)
            }
            bits <<= 6 * UInt32(padding)
            for index in 0..<(3 - padding) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> (16 - 8 * UInt32(index))))
            }
        }
        return bytes
    }
}
