import Testing

@testable import GoTemplate

/// Bounds the size of an instruction: a template of Istio has thousands of them, and a rendering reads them all.
@Suite struct LayoutTests {
    @Test func instructionsStaySmall() {
        #expect(MemoryLayout<Instruction>.size <= 13)
        #expect(MemoryLayout<Instruction>.stride <= 16)
    }
}
