import Testing
import Values

/// How large values are. Each review holds thousands: a byte more that rounds up to eight is felt everywhere.
@Suite struct LayoutTests {
    @Test func valuesStaySmall() {
        // The largest case is a String, held inline: boxing it would cost an allocation for each.
        #expect(MemoryLayout<Value>.size <= 17)
        #expect(MemoryLayout<Value>.stride <= 24)
        #expect(MemoryLayout<Object>.size == 8)
        #expect(MemoryLayout<Member>.stride <= 40)
    }

    /// Texts whose 16 bytes differ are compared no further where both are held in them (`String.hasSameBytes`).
    @Test func textsAreComparedAtEveryLength() {
        for count in 0...40 {
            for letter in ["a", "é"] {
                let text = String(repeating: letter, count: count)
                // Another storage: short ones too, as it was reserved for a long text.
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
