import GoTemplate
import PluginAPI
import TestSupport
import Testing
import Values

/// Each file of `cases` has data (JSON), a line `---` and a template. The golden file `NAME.golden` has the output, and
/// the error message after `error:`.
@Suite struct CaseTests {
    static let folder = packageRoot + "/Tests/GoTemplateTests/cases"

    @Test(arguments: entries(of: folder).filter { $0.hasSuffix(".case") })
    func rendersAsItsGoldenSays(_ name: String) throws {
        let file = text(of: CaseTests.folder + "/" + name)
        let parts = file.split(separator: "\n---\n", maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        var output = ByteBuffer()
        var shown: String
        do {
            let template = try GoTemplateRenderer().compile(
                TemplateSources(TemplateSource(name: "case", text: String(parts[1]))),
                options: CompileOptions())
            try template.render(TemplateData(try JSON.read(String(parts[0]))), limits: .server, into: &output)
            shown = output.text
        } catch let error as RenderError {
            shown = output.text + "\nerror: " + error.detail + "\n"
        }
        #expect(compareGolden(shown, with: CaseTests.folder + "/" + name.dropLast(5) + ".golden") == nil)
    }
}
