import Testing
import Values

@Suite("Places in a text")
struct SourceTextTests {
    @Test("from bytes to lines and columns, and back")
    func positions() {
        let text = SourceText("ab\n\ncé d\r\nlast")
        #expect(text.lineCount == 4)
        for (offset, line, column) in [
            (0, 1, 1), (2, 1, 3), (3, 2, 1), (4, 3, 1), (7, 3, 4), (11, 4, 1), (15, 4, 5),
        ] {
            #expect(text.position(of: offset) == SourcePosition(line: line, column: column))
            #expect(text.offset(of: SourcePosition(line: line, column: column)) == offset)
        }
        #expect(text.position(of: -5) == SourcePosition(line: 1, column: 1))
        #expect(text.position(of: 99) == SourcePosition(line: 4, column: 5))
        #expect(text.offset(of: SourcePosition(line: 9, column: 1)) == nil)
        #expect(text.offset(of: SourcePosition(line: 1, column: 99)) == 2)
        #expect(text.line(3) == "cé d")
        #expect(text.line(0) == nil)
        #expect(SourceText("").position(of: 0) == SourcePosition(line: 1, column: 1))
    }

    @Test("the line with a caret")
    func excerpts() {
        let text = SourceText("first\n\tname: {{ .x }}\n" + String(repeating: "0123456789", count: 30))
        #expect(text.snippet(line: 2, column: 8) == "2 |  name: {{ .x }}\n  |        ^")
        #expect(text.snippet(line: 1, column: 99) == "1 | first\n  |      ^")
        #expect(text.snippet(line: 9, column: 1) == nil && text.snippet(line: 0, column: 1) == nil)
        #expect(text.snippet(line: 3, column: 151)?.utf8.count ?? 999 < 2 * SourceText.snippetWidth + 20)
        for offset in 0..<text.bytes.count {
            #expect(SourceText.position(of: offset, in: text.bytes) == text.position(of: offset))
            #expect(
                SourceText.position(of: offset, in: text.bytes.lazy.map { $0 }) == text.position(of: offset))
        }
    }

    @Test(arguments: ["", "a", "ab", "aab", String(repeating: "a", count: 70) + "b", "b"])
    func searchesFindTheFirst(_ needle: String) {
        for text in ["", "ab", "aaab", "xaabaab", String(repeating: "a", count: 300) + "b"] {
            let (needle, bytes) = (Array(needle.utf8), Array(text.utf8))
            let expected = (0...max(bytes.count, 0)).first { bytes[$0...].starts(with: needle) }
            #expect(ByteSearch.index(of: needle, in: bytes) == expected, "\(text)")
            if let expected {
                #expect(ByteSearch.index(of: needle, in: bytes, from: expected) == expected)
            }
        }
    }
}
