import GoTemplate
import RendererContract
import TestSupport
import Testing
import Values

@Suite struct GoTemplateContractTests {
    @Test func gotemplateKeepsTheContract() {
        let samples = RendererContract.Samples(
            plain: (
                "{{range .items}}- {{.name}}: {{.n}}\n{{end}}{{printf \"%05d\" .width}}",
                ["items": [["name": "a", "n": 1], ["name": "<b>", "n": 2.5]], "width": 42],
                "- a: 1\n- <b>: 2.5\n00042"
            ),
            broken: ("one\n{{if}}", 2),
            failing: ("one\n\n{{index .items 7}}", ["items": [1, 2]], 3), empty: "",
            notUTF8: ([0xff, 0x7b, 0x7b, 0x31, 0x7d, 0x7d, 0xc0], [0xff, 0x31, 0xc0]),
            long: (
                "{{range .a}}{{range $.a}}{{range $.a}}{{end}}{{end}}{{end}}",
                ["a": .array(Array(repeating: 1, count: 100))]
            ),
            countsSteps: true)
        let found = RendererContract(GoTemplateRenderer(), samples).violations()
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }
}
