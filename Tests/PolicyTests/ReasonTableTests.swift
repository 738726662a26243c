import PluginAPI
import TestSupport
import Testing

struct ReasonTableTests {
    @Test(
        "every code has a sentence, documentation, and a name without numbers", arguments: ReasonCode.allCases
    )
    func complete(_ code: ReasonCode) throws {
        let entry = code.entry
        #expect(entry.code == code)
        #expect(code.rawValue.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x5f })
        let first = entry.sentence.first
        #expect((first?.isLowercase == true || first == "{") && entry.sentence.last != ".")
        #expect(entry.documentation.last == "." && entry.documentation.utf8.count > 40)
        if let remedy = entry.remedy { #expect(remedy.first?.isLowercase == true && remedy.last != ".") }
        let explanation = try #require(ReasonTable.explanation(code.rawValue))
        #expect(explanation.contains(entry.sentence))
    }

    @Test("no two codes have the same text")
    func distinct() {
        #expect(Set(ReasonTable.rows.map(\.sentence)).count == ReasonCode.allCases.count)
        #expect(ReasonTable.explanation("no_such_code") == nil)
    }

    @Test("placeholders in braces are replaced; those without a value stay")
    func filling() {
        let entry = ReasonCode.annotationFalse.entry
        #expect(entry.filled([("value", "\"no\"")]).contains("inject is \"no\", "))
        #expect(entry.filled([("other", "x")]).contains("{value}"))
        #expect(
            ReasonCode.policyEnabled.entry.filledRemedy([("mark", "label")])?.hasPrefix("set the label")
                == true)
    }

    /// Everything after the mark is generated from the table.
    @Test("docs/policy.md lists the table")
    func documented() throws {
        let path = packageRoot + "/docs/policy.md"
        let mark = "<!-- From here on the text is generated from the table of reasons. -->\n"
        let parts = text(of: path).split(separator: mark, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "expected the mark once in docs/policy.md")
        let difference = compareGolden(parts[0] + mark + "\n" + ReasonTable.markdown, with: path)
        #expect(difference == nil)
    }
}
