import Testing

@testable import GoTemplate

/// How large the parts of a program are: a template of Istio's has some thousand instructions, all of which a rendering
/// reads.
@Suite struct LayoutTests {
    @Test func instructionsStaySmall() {
        #expect(MemoryLayout<Instruction>.size <= 13)
        #expect(MemoryLayout<Instruction>.stride <= 16)
    }
}
