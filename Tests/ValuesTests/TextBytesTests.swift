import Testing
import Values

/// Text is split by its bytes, so that a combining mark after an ASCII character, which Swift treats as one character,
/// does not hide it.
struct TextBytesTests {
    @Test(arguments: ["\u{301}", "\u{fe0f}", "\u{200d}", "\u{1f3fb}"])
    func marksHideNothing(mark: String) {
        let text = "../\(mark)a/b"
        #expect(!text.hasPrefix("../"), "expected Swift to hide the slash, else this test shows nothing")
        #expect(text.begins(with: "../"))
        #expect(text.split(byte: "/") == ["..", "\(mark)a", "b"].map { Substring($0) })
        #expect(text.contains(byte: "/"))
        #expect(text.firstIndex(ofByte: "/").map { text[..<$0] } == "..")
        #expect(text.lastIndex(ofByte: "/").map { text[..<$0] } == Substring("../\(mark)a"))
        #expect("a=\(mark)".split(byte: "=", maxSplits: 1) == ["a", Substring(mark)])
    }

    @Test func endsAndLineBreaks() {
        #expect("a\r\nb".split(byte: "\n") == ["a\r", "b"])
        #expect("a\r\n".ends(with: "\n") && !"a".ends(with: "ba") && "".ends(with: ""))
        #expect(",a,,b,".split(byte: ",") == ["a", "b"])
        #expect(",a,,b,".split(byte: ",", omittingEmptySubsequences: false) == ["", "a", "", "b", ""])
        #expect(
            !"\u{e9}".begins(with: "e\u{301}"), "expected equal characters in other bytes to be another text")
    }
}
