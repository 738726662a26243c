import Values

/// The first valid block of a PEM text, as Go's encoding/pem finds it. Text before the block, its headers and invalid
/// blocks before it are skipped.
struct PEMBlock {
    /// The text after BEGIN.
    let type: String
    let bytes: [UInt8]

    /// Finds the first valid block; nil if the text has no valid block.
    init?(in text: [UInt8]) {
        var start = 0
        while let begin = Self.lineStart(of: Self.beginning, in: text, from: start) {
            start = begin + Self.beginning.count
            guard let block = Self.block(text, at: start) else { continue }
            self = block
            return
        }
        return nil
    }

    private init(type: String, bytes: [UInt8]) {
        self.type = type
        self.bytes = bytes
    }

    /// Encodes the block with the given type.
    func text(type: String) -> [UInt8] {
        Array("-----BEGIN \(type)-----\n\(Base64.encode(bytes))\n-----END \(type)-----\n".utf8)
    }

    private static let beginning = Array("-----BEGIN ".utf8)
    private static let dashes = Array("-----".utf8)

    /// Returns the offset of the next occurrence of a word at the start of a line.
    private static func lineStart(of word: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        var from = start
        while let place = ByteText.index(of: word, in: text, from: from) {
            if place == 0 || text[place - 1] == 0x0A { return place }
            from = place + 1
        }
        return nil
    }

    private static func block(_ text: [UInt8], at start: Int) -> PEMBlock? {
        let end = text[start...].firstIndex(of: 0x0A) ?? text.count
        var line = text[start..<end]
        while let last = line.last, last == 0x20 || last == 0x09 || last == 0x0D { line = line.dropLast() }
        guard line.suffix(5).elementsEqual(dashes) else { return nil }
        let name = Array(line.dropLast(5))
        let ending = Array("-----END ".utf8) + name + dashes
        guard let stop = lineStart(of: ending, in: text, from: end) else { return nil }
        var content = text[min(end + 1, stop)..<stop]
        // Headers, and the empty line after them.
        while let colon = content.firstIndex(of: 0x3A) {
            content = content[colon...]
            guard let next = content.firstIndex(of: 0x0A) else { return nil }
            content = content[(next + 1)...]
        }
        let letters = content.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0x20 && $0 != 0x09 }
        guard let bytes = try? GoDecode.base64(letters) else { return nil }
        return PEMBlock(type: String(decoding: name, as: UTF8.self), bytes: bytes)
    }
}
