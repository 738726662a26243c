import Charts
import GoTemplate
import PluginAPI
import Testing
import Values

/// A template that is included again with the same data is not run again; its output is reused. The steps count as if
/// it had run; `cases/repeated-includes.chart` compares the output.
@Suite struct RepeatedIncludesTests {
    private static let helpers = """
        {{- define "labels" -}}
        {{- range $i, $e := until 5 }}# l{{ $i }}: {{ $.Release.Name }}
        {{ end }}{{ include "inner" . }}
        {{- end -}}
        {{- define "inner" }}# inner: {{ .Values.a | quote }}
        {{ end -}}
        {{- define "part" -}}
        {{ .name }}:
        {{- range $i, $e := .context.Values.list }}
        - {{ tpl "{{ .Values.a }}" $.context }}{{ $e }}
        {{- end }}
        {{- end -}}

        """

    private func usage(
        _ template: String, steps: Int = 100_000, outputBytes: Int = 1 << 20
    ) throws -> (text: String, RenderUsage) {
        let files = [
            "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
            "templates/_h.tpl": Self.helpers, "templates/a.yaml": "x: 1\n" + template,
        ]
        let chart = try Chart(
            files.sorted { $0.key < $1.key }.map { ChartFile(name: $0.key, bytes: Array($0.value.utf8)) },
            limits: ChartLimits())
        let kept = KeptChart(chart, renderer: GoTemplateRenderer())
        var limits = RenderLimits.server
        limits.steps = steps
        limits.outputBytes = outputBytes
        var usage = RenderUsage()
        let rendered = try kept.render(
            ["a": 1, "list": ["x", "y", "z"]], as: ChartRelease(), limits: limits, usage: &usage)
        return (String(decoding: rendered.text, as: UTF8.self), usage)
    }

    @Test(arguments: [
        "{{ include \"labels\" . }}", "{{ tpl \"# t: {{ .Values.a }}{{ range until 9 }}{{ end }}\" $ }}\n",
        "{{ include \"part\" (dict \"context\" $ \"name\" \"p\") }}\n",
    ])
    func countsStepsAsIfItRan(_ call: String) throws {
        let (none, once, twice) = (try usage(""), try usage(call), try usage(call + call))
        #expect(once.1.steps > none.1.steps + 10)
        #expect(twice.1.steps - once.1.steps == once.1.steps - none.1.steps)
        #expect(twice.1.depth == once.1.depth)
        let (short, long) = (once.text.utf8.count, twice.text.utf8.count)
        #expect(long > short)
    }

    @Test func countsAgainstTheLimit() throws {
        let calls = String(repeating: "{{ include \"labels\" . }}", count: 100)
        let steps = try usage(calls).1.steps
        #expect(throws: ChartFailure.self) { try usage(calls, steps: steps / 2) }
    }

    /// A loop that was not run is not longer than the output may be.
    @Test func countsBytesAgainstTheLimit() throws {
        let calls = (0..<40).map { "{{ include \"part\" (dict \"context\" $ \"name\" \"p\($0)\") }}\n" }
            .joined()
        let bytes = try usage(calls).1.outputBytes
        #expect(throws: ChartFailure.self) { try usage(calls, outputBytes: bytes - 1) }
        #expect(try usage(calls, outputBytes: bytes).1.outputBytes == bytes)
    }

    @Test func looksAtFewNodes() throws {
        // Too many nodes to be analysed: it runs each time, with the same output.
        let long = "{{ define \"long\" }}" + String(repeating: "{{ .Values.a }}", count: 2_000) + "{{ end }}"
        let call = "y: {{ include \"long\" . }}\n"
        let text = try usage(long + "\n" + call + call.replacing("y", with: "z")).text
        #expect(text.utf8.count { $0 == UInt8(ascii: "1") } == 4_001)
    }
}
