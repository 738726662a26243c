import Testing
import Values

/// Decodes texts with byte order marks.
@Suite("Text encodings")
struct TextEncodingTests {
    @Test(
        "an encoded text decodes to the same text",
        arguments: [TextEncoding.utf8, .utf16LittleEndian, .utf16BigEndian])
    func bothWays(_ encoding: TextEncoding) throws {
        for text in ["", "a", "größe: 1\r\n", "\u{FFFF}\u{10000}\u{10FFFF}", "日本語 🙂"] {
            let bytes = encoding.encode(Array(text.utf8))
            #expect(TextEncoding(markIn: bytes) == encoding)
            #expect(try encoding.decode(bytes) == Array(text.utf8), "\(text)")
        }
    }

    @Test("incomplete characters and surrogate pairs are refused, with their place")
    func refusals() {
        let message = { (bytes: [UInt8]) -> String in
            do throws(TextEncoding.Problem) {
                _ = try TextEncoding.utf16LittleEndian.decode(bytes)
                return ""
            } catch {
                return error.message
            }
        }
        #expect(message([0xFF, 0xFE, 0x61]) == "found 3 bytes of UTF-16, expected an even number")
        for pair: [UInt8] in [[0x00, 0xD8], [0x00, 0xDC], [0x00, 0xD8, 0x61, 0x00]] {
            #expect(
                message([0xFF, 0xFE] + pair) == "found half of a surrogate pair at byte 2, expected UTF-16")
        }
    }

    @Test("a text without a mark has no encoding of its own")
    func none() {
        for bytes: [UInt8] in [[], [0xFF], [0xEF, 0xBB], Array("a".utf8)] {
            #expect(TextEncoding(markIn: bytes) == nil)
        }
    }
}
