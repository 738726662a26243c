import GoTemplate
import PluginAPI
import Testing

/// Templates for which `render --check` warns, and templates that it accepts.
@Suite struct TemplateReviewTests {
    @Test(arguments: [
        ("{{$x := 1}}", "1:3 variable $x is set and never read"),
        ("{{$x := 1}}{{$x}}", ""),
        ("{{$x := 1}}{{$x = 2}}", "1:3 variable $x is set and never read"),
        ("{{range $i, $v := .l}}{{$i}}{{end}}", ""),
        ("{{range $i, $v := .l}}{{end}}", "1:9 variable $i, $v is set and never read"),
        ("{{with $x := .a}}{{template \"t\" $x.b}}{{end}}{{define \"t\"}}{{end}}", ""),
        ("{{if \"\"}}{{end}}", "1:6 {{if \"\"}} is never entered: it is always empty"),
        ("{{if not false}}{{end}}", ""),
        ("{{with 0}}{{end}}", "1:8 {{with 0}} is never entered: it is always empty"),
        (
            "{{if .a}}{{else if .b}}{{else if .a}}{{end}}",
            "1:34 {{if .a}} is never entered: an earlier condition is the same"
        ),
        ("{{range .l}}{{continue}} \n {{end}}", ""),
        ("{{range .l}}{{continue}}x{{end}}", "1:25 nothing after {{continue}} is reached"),
    ])
    func warns(_ source: String, _ wanted: String) throws {
        let template = try GoTemplateRenderer().compile(
            TemplateSources(TemplateSource(name: "t0", text: source)), options: CompileOptions())
        let shown = template.warnings().map { "\($0.place.line):\($0.place.column ?? 0) \($0.message)" }
        #expect(shown.joined(separator: "\n") == wanted)
    }
}
