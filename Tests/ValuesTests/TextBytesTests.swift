import Testing
import Values

/// Text is taken apart by its bytes: a mark behind an ASCII character, with which Swift makes one character of it, does
/// not hide it.
struct TextBytesTests {
    @Test(arguments: ["\u{301}", "\u{fe0f}", "\u{200d}", "\u{1f3fb}"])
    func marksHideNothing(mark: String) {
        let text = "../\(mark)a/b"
        #expect(!text.hasPrefix("../"), "then this test shows nothing")
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
        #expect(!"\u{e9}".begins(with: "e\u{301}"), "equal characters in other bytes are another text")
    }
}
