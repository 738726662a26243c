import Testing
import Values

@Suite("Base64")
struct Base64Tests {
    @Test(
        "the vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
        let bare = encoded.filter { $0 != "=" }
        #expect(Base64.encode(Array(text.utf8), padded: false) == bare)
        #expect(Base64.decode(bare, padded: false) == Array(text.utf8))
    }

    @Test("decoding returns the encoded bytes, in both alphabets")
    func roundTrip() {
        for count in 0..<260 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            for alphabet in [Base64.Alphabet.standard, .urlSafe] {
                #expect(Base64.decode(Base64.encode(bytes, alphabet: alphabet), alphabet: alphabet) == bytes)
            }
        }
        #expect(Base64.encode([0xFB, 0xFF], alphabet: .urlSafe) == "-_8=")
    }

    @Test("line breaks are skipped, anything else is refused")
    func malformed() {
        #expect(Base64.decode("Zm9v\r\nYmFy\n") == Array("foobar".utf8))
        for text in [
            "Z", "Zg", "Zg=", "Zg===", "Z===", "=", "====", "Zm9v=", "Zg==Zg==", "Zm 9v", "Zm9-", "é",
        ] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
        #expect(Base64.decode("Zg==", padded: false) == nil)
    }
}
