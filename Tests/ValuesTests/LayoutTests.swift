import Testing
import Values

/// Bounds the size of values. A review has thousands of them, and one more byte would add eight because of alignment.
@Suite struct LayoutTests {
    @Test func valuesStaySmall() {
        // The largest case is a String, held inline: boxing it would cost an allocation for each.
        #expect(MemoryLayout<Value>.size <= 17)
        #expect(MemoryLayout<Value>.stride <= 24)
        #expect(MemoryLayout<Object>.size == 8)
        #expect(MemoryLayout<Member>.stride <= 40)
    }

    /// Compares strings of every length: `String.hasSameBytes` compares short strings by the 16 bytes that hold them.
    @Test func textsAreComparedAtEveryLength() {
        for count in 0...40 {
            for letter in ["a", "é"] {
                let text = String(repeating: letter, count: count)
                // The same text in heap storage, even if it is short, because capacity was reserved.
                var other = ""
                other.reserveCapacity(100)
                other += text
                var substring = String(("--" + text).dropFirst(2))
                substring.makeContiguousUTF8()
                for same in [text, other, substring, String(decoding: Array(text.utf8), as: UTF8.self)] {
                    #expect(
                        text.hasSameBytes(as: same) && same.hasSameBytes(as: text), "\(count) of \(letter)")
                    #expect(!same.hasSameBytes(as: text + "b") && !(text + "b").hasSameBytes(as: same))
                    guard count > 0 else { continue }
                    let changed = "b" + text.dropFirst()
                    #expect(!same.hasSameBytes(as: changed) && !changed.hasSameBytes(as: same))
                    #expect(same.contains(byte: "a") == (letter == "a") && !same.contains(byte: "b"))
                }
            }
        }
    }
}
