import Testing
import Values

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test(
        "what is read is written again",
        arguments: [
            "null", "[]", "{}", "[true,false]", "{\"a\":[1,{\"b\":[]},\"c\"],\"d\":{}}",
            "[-9223372036854775808]",
            "[[],[[]],{\"a\":{}}]",
        ])
    func compact(text: String) throws { #expect(JSON.text(try JSON.read(text)) == text) }

    @Test("pretty")
    func pretty() throws {
        let value = try JSON.read("{\"a\":[1,{}],\"b\":{\"c\":[]}}")
        #expect(
            JSON.text(value, style: .pretty(2)) == """
                {
                  "a": [
                    1,
                    {}
                  ],
                  "b": {
                    "c": []
                  }
                }
                """)
    }

    @Test("characters that must be escaped are escaped")
    func escapes() {
        let text = "\"\\/\u{08}\u{0C}\n\r\t\u{01}\u{7F}é<&>\u{2028}\u{2029}\u{2027}"
        #expect(
            JSON.text(.string(text))
                == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u{7F}é<&>\u{2028}\u{2029}\u{2027}\"")
        #expect(
            JSON.text(.string(text), escapesHTML: true)
                == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u{7F}é\\u003c\\u0026\\u003e\\u2028\\u2029\u{2027}\"")
    }

    @Test(
        "binary fractions as Go's encoding/json prints them",
        arguments: [
            (0.0, "0"), (-0.0, "-0"), (1, "1"), (-1.5, "-1.5"), (100, "100"), (0.1, "0.1"),
            (123456789, "123456789"),
            (1e20, "100000000000000000000"), (1e21, "1e+21"), (1.5e300, "1.5e+300"), (1e-6, "0.000001"),
            (1e-7, "1e-7"), (1.25e-10, "1.25e-10"), (.leastNonzeroMagnitude, "5e-324"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
            (0.30000000000000004, "0.30000000000000004"), (1234567.5, "1234567.5"), (.infinity, "null"),
            (.nan, "null"),
        ])
    func doubles(number: Double, expected: String) { #expect(JSON.text(.double(number)) == expected) }

    @Test("a character that must be escaped is found at any position in a text")
    func everyPlace() throws {
        let scalars = (0..<0x80).map { Unicode.Scalar(UInt8($0)) } + ["é", "\u{2027}", "\u{2028}", "😀"]
        for scalar in scalars {
            for before in 0..<10 {
                for after in [0, 1, 7, 8, 20] {
                    let text =
                        String(repeating: "a", count: before) + String(scalar)
                        + String(repeating: "b", count: after)
                    let plain = JSON.text(.string(text))
                    #expect(try JSON.read(plain) == .string(text))
                    let escaped = JSON.text(.string(text), escapesHTML: true)
                    #expect(try JSON.read(escaped) == .string(text))
                    #expect(!escaped.unicodeScalars.contains { ["<", ">", "&", "\u{2028}"].contains($0) })
                }
            }
        }
    }
}
