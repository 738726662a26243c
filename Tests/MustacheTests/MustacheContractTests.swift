import Mustache
import RendererContract
import TestSupport
import Testing
import Values

@Suite struct MustacheContractTests {
    @Test func mustacheKeepsTheContract() {
        let samples = RendererContract.Samples(
            plain: (
                "{{#items}}\n- {{name}}: {{n}} {{{html}}}\n{{/items}}\n",
                ["items": [["name": "a", "n": 1], ["name": "<b>", "n": 2.5]], "html": "<i>"],
                "- a: 1 <i>\n- &lt;b&gt;: 2.5 <i>\n"
            ),
            broken: ("one\n{{#two}}", 2), failing: nil, empty: "",
            notUTF8: ([0xff, 0x7b, 0x7b, 0x21, 0xfe, 0x7d, 0x7d, 0xc0], [0xff, 0xc0]),
            long: ("{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}", ["a": .array(Array(repeating: 1, count: 100))]),
            countsSteps: true)
        let found = RendererContract(MustacheRenderer(), samples).violations()
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }
}
