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
}
