import GoTemplate
import PluginAPI
import Testing
import Values
import YAML

@testable import Injection

/// Detects hostile texts in the output of templates: `TaintCheck` with libyaml's marks, `TaintedLines` line by line.
@Suite struct TaintTests {
    /// Templates over `{x, c}`, of which x is tainted.
    private static let templates = [
        "a: {{ .x }}\nb: 1\n", "a: \"{{ .x }}\"\nb: \"{{ .x }}\"\n", "a: '{{ .x }}'\nb: 'y'\n",
        "l:\n- name: \"{{ .x }}\"\n  value: v-{{ .x }}\n- name: c\n", "l:\n- {{ .x }}\n- y\n",
        "f: {a: \"{{ .x }}\", b: y}\n", "f: [{{ .x }}, y]\n", "{{ .x }}: v\nb: y\n",
        "\"{{ .x }}\": v\nb: y\n",
        "t: |\n  {{ .x }}\nb: 1\n", "t: |-\n  [\n    {{ .x }}\n  ]\nb: 1\n", "t: >\n  {{ .x }}\nb: 1\n",
        "# {{ .x }}\nb: 1\n", "b: 1 # {{ .x }}\nc: 2\n", "t: |\n  {{ toJson .x }}\nb: 1\n",
        "a: {{ toJson .x }}\nb: 1\n", "a: {{ .x | quote }}\nb: 1\n",
        "- name: \"{{ .x }}\"\n  arg: --x={{ .x }}\n",
        "m:\n  c: d\n{{ toYaml (dict \"k\" .x) | indent 2 }}\nb: 1\n", "a: &b {{ .x }}\nc: *b\n",
        "a: !!str {{ .x }}\n",
        "a: \"x\n  {{ .x }}\"\nb: 1\n", "a: --log={{ .x }}\n",
        "-{{ .x }}b\n- c\n", "a: h:{{ .x }}t\nb: 1\n", "a: v{{ .x }}#f\nb: 1\n", "a: v {{ .x }}#f\nb: 1\n",
        "- {{ .x }}- b\n  - c\n", "f: [y, {{ .x }}]\n",
        "f: [y, \"{{ .x }}\", z]\nb: 1\n", "f: [\"y\", {{ quote .x }}]\nb: 1\n",
        "f: [ 'y','{{ .x }}' ]\nb: 1\n",
        "f: [y, {{ toJson .x }}, \"z\"]\nb: 1\n", "f: [y {{ quote .x }}]\nb: 1\n",
        "- [\"y\", \"{{ .x }}\"]\n- b\n", "f: a{{ quote .x }}{{ quote .x }}\nb: 1\n",
        "f: [y, {k: {{ quote .x }}}]\nb: 1\n", "f: '{{ quote .x }}'\nb: 1\n",
        "a: {{ .x | nindent 2 }}\nb: 1\n", "a: |\n{{ .x | indent 2 }}\nb: 1\n",
        "k: |\n  {{ .x }}\n  d: e\nb: 1\n", "k: >-\n\n  {{ .x }}\n  y\nb: 1\n",
        "a: {{ quote .x | trimAll `\"` }}\nb: 1\n", "a: {{ print 5 (quote .x) }}\nb: 1\n",
        "a: {{ quote .x | trunc 6 }}\nb: \"1\"\n", "a: {{ squote .x }}\nb: 1\n",
        "{{ $c := dict `root` . }}a: {{ $c.root.x }}\nb: 1\n",
        "{{ define `h` }}a: {{ .root.x }}\nb: 1\n{{ end }}{{ include `h` (dict `root` $) }}",
        "{{ define `h` }}a: {{ .root.x }}\nb: 1\n{{ end }}{{ template `h` (dict `root` $) }}",
        "a: {{ (index (concat (list) (list .)) 0).x }}\nb: 1\n",
        "{{ range $k, $v := dict `k` . }}a: {{ $v.x }}\n{{ end }}b: 1\n",
        "{{ range $k, $v := dict .x 1 }}a: {{ $k }}\n{{ end }}b: 1\n",
        "a: {{ tpl `{{ .root.x }}` (dict `root` .) }}\nb: 1\n",
        "{{ define `s` }}{{ $_ := set .d `k` .x }}{{ end }}{{ $d := dict }}"
            + "{{ include `s` (dict `d` $d `x` .x) }}a: {{ $d.k }}\nb: 1\n",
    ]

    private static let texts = [
        "x", "web-1.2", "10.0.0.0/8,192.168.0.0/16", "*", "true", "null", "~", "", " ", "x ", " x", "x\n",
        "   ", "   x", "\n  ", "--", "x\n  # y", "x\u{0}y", "\ty", "x\"\\",
        "1e3", "a b", "it's",
        "say \"hi\"", "x\nPWN: y", "x\n  PWN: y", "x\n- PWN", "x\"\nPWN: \"y", "x'\nPWN: 'y", "x\", PWN: \"y",
        "x, PWN: y",
        "x]\nPWN: [y", "x # y", "# y", "&x y", "*b", "!!int 3", "|", ">", "|\n  x", "---", "x\n---\nPWN: y",
        "...", "x\\", "\\", "\"", "'",
        "\"\"", "''", "x: y", "x:", ": x", "- x", "-", "? x", "[x", "{x", "x\u{85}- y", "x\u{2028}PWN: y",
        "x\rPWN: y", "x\u{7f}", "x\u{feff}y",
        "b", "c", "<<", "{\"PWN\": 1}", "%TAG ! x", "@x", "`x", "x\ty", "\t", "\n", "\nx", "x\n\ny", "Zürich",
        "a'b\"c",
    ]

    private struct Rendered {
        var bytes: [UInt8]
        var map: SourceMap
        var tainted: [TaintedRun]
    }

    private static func render(_ source: String, _ text: String) throws -> Rendered {
        var options = CompileOptions()
        options.functionSets = ["sprig", "helm"]
        let template = try GoTemplateRenderer().compile(
            TemplateSources(TemplateSource(name: "t", text: source)), options: options)
        let data = TemplateData(["x": .string(text)], taint: DataTaint([["x"]]))
        var usage = RenderUsage()
        var none: SourceMap?
        var first = ByteBuffer()
        try template.render(data, limits: .server, sourceMap: &none, usage: &usage, into: &first)
        var map: SourceMap? = SourceMap()
        var again = RenderUsage()
        var output = ByteBuffer()
        try template.render(data, limits: .server, sourceMap: &map, usage: &again, into: &output)
        return Rendered(bytes: output.bytes, map: map ?? SourceMap(), tainted: usage.tainted)
    }

    /// The structure of a value: kinds and keys, without scalars.
    private static func shape(_ value: Value) -> String {
        switch value {
        case .object(let object):
            "{" + object.sortedByKey.members.map { $0.key + ":" + shape($0.value) }.joined(separator: ",")
                + "}"
        case .array(let items): "[" + items.map { shape($0) }.joined(separator: ",") + "]"
        case .null: "null"
        default: "s"
        }
    }

    /// A text that is not refused gives the same structure as a harmless one.
    @Test(arguments: templates)
    func whatPassesHasTheSameStructure(_ source: String) throws {
        let honest = try Self.render(source, "zqx")
        let expected = Self.shape(try YAMLReader.value(honest.bytes))
        #expect(TaintCheck(honest.bytes, honest.map, forbidsDirectives: true).findings().isEmpty, "\(source)")
        for text in Self.texts {
            let rendered = try Self.render(source, text)
            let check = TaintCheck(rendered.bytes, rendered.map, forbidsDirectives: true)
            let findings = check.findings()
            guard let value = try? YAMLReader.value(rendered.bytes) else {
                #expect(
                    !findings.isEmpty || check.culprit() != nil,
                    "\(source) of \(text.debugDescription) does not parse, expected a finding or a culprit")
                continue
            }
            if findings.isEmpty {
                // A wholly tainted key is a different key, so only the number of members is compared.
                let isKey = source.hasPrefix("{{ .x }}") || source.hasPrefix("\"{{ .x }}\":")
                let count = (
                    value.object?.count ?? 0, (try YAMLReader.value(honest.bytes)).object?.count ?? 0
                )
                #expect(
                    isKey ? count.0 == count.1 : Self.shape(value) == expected,
                    "\(source) of \(text.debugDescription) gives \(JSON.text(value))")
            }
            let simple = rendered.bytes.withUnsafeBufferPointer { YAMLReader.simpleValue($0) != nil }
            let isProven = rendered.bytes.withUnsafeBufferPointer {
                TaintedLines($0, isLineByLine: simple).prove(rendered.tainted)
            }
            if isProven {
                #expect(
                    findings.isEmpty,
                    "\(source) of \(text.debugDescription) is proven, but has findings: \(findings.map(\.found))"
                )
            }
        }
    }

    /// Harmless texts in these places are not refused.
    @Test func honestTextsPass() throws {
        for (source, texts) in [
            (
                Self.templates[1],
                ["10.0.0.0/8,192.168.0.0/16", "*", "", "a b", "it's", "true", "x # y", "Zürich"]
            ),
            (Self.templates[0], ["reg.example.com:5000/a/b@sha256:00", "a b", "x ", "1.20", "Zürich"]),
            (Self.templates[14], ["line\nother", "say \"hi\"", "it's", "a: b # c", "Zürich ✓", "---", "*"]),
            (Self.templates[16], ["line\nother", "say \"hi\"", "", "null", "x # y", "\u{85}"]),
            (Self.templates[12], ["x: y", "", "---"]),
        ] {
            for text in texts {
                let rendered = try Self.render(source, text)
                let found = TaintCheck(rendered.bytes, rendered.map, forbidsDirectives: true).findings()
                #expect(found.isEmpty, "\(source) of \(text.debugDescription): \(found.map(\.found))")
            }
        }
    }

    /// `TaintedLines` proves common texts harmless, so that they need no check by libyaml.
    @Test func commonTextsAreProvenByLines() throws {
        for (source, text) in [
            ("a: \"{{ .x }}\"\n", "10.0.0.0/8,192.168.0.0/16"), ("a: \"{{ .x }}\"\n", "*"),
            ("a: \"{{ .x }}\"\n", ""),
            ("t: |\n  {{ toJson .x }}\n", "say \"hi\": # x"), ("a: {{ .x }}\n", "web-1.2_x/y"),
            ("a: --b={{ .x }}\n", ""),
            ("l:\n- t: |-\n    [\n      {{ toJson .x }}\n    ]\n", "x"), ("a: {{ .x | quote }}\n", "a b: c"),
            ("f: {\n  \"a\": \"{{ .x }}\",\n}\n", "1"), ("a: [\"-b\", {{ quote .x }}]\n", "80,80"),
            ("a: [\"-b\", {{ quote .x }}]\n", ""), ("a: [b, \"{{ .x }}\", \"c\"]\n", "80,80"),
            ("a: [b, '{{ .x }}']\n", "web"), ("a: [\"-b\", {{ toJson .x }}]\n", "80,80"),
        ] {
            let rendered = try Self.render(source, text)
            let simple = rendered.bytes.withUnsafeBufferPointer { YAMLReader.simpleValue($0) != nil }
            #expect(simple, "\(source)")
            #expect(
                rendered.bytes.withUnsafeBufferPointer {
                    TaintedLines($0, isLineByLine: simple).prove(rendered.tainted)
                }, "\(source) of \(text)")
        }
    }

    /// A run far from the start of its line is left to `TaintCheck`, so that many runs on one line take linear time.
    @Test(arguments: [(4_000, true), (4_200, false)])
    func longLinesAreNotProven(width: Int, isProven: Bool) throws {
        let rendered = try Self.render("a: \"{{ repeat \(width) `x` }} {{ .x }}\"\n", "80,80")
        #expect(
            rendered.bytes.withUnsafeBufferPointer {
                TaintedLines($0, isLineByLine: true).prove(rendered.tainted)
            } == isProven)
    }

    /// A member of proxy.istio.io/config may have its name in JSON or in the proto file.
    @Test(arguments: ["proxyMetadata", "proxy_metadata"])
    func bothNamesOfAMemberAreThePods(_ member: String) throws {
        let snapshot = try Snapshots.make(
            """
            policy: enabled
            templates:
              sidecar: |
                spec:
                  containers:
                  - name: istio-proxy
                    image: proxy
                    env:
                    {{- range $key, $value := .ProxyConfig.ProxyMetadata }}
                    - name: {{ $key }}
                      value: "{{ $value }}"
                    {{- end }}
            """)
        let config = #"{"\#(member)": {"A": "x\"\n    - name: \"PWN"}}"#
        let pod: Value = [
            "metadata": ["name": "p", "annotations": ["proxy.istio.io/config": .string(config)]],
            "spec": ["containers": [["name": "web", "image": "i"]]],
        ]
        let answer = try Answer(toCreating: pod, snapshot: snapshot)
        #expect(!answer.allowed && answer.report.reason == .taintedValue, "\(answer.message)")
        #expect(answer.message.contains("annotation 'proxy.istio.io/config'"), "\(answer.message)")
    }

    @Test func findingsSayWhatTheyAdd() throws {
        let rendered = try Self.render("spec:\n  a: {{ .x }}\n", "y\n  PWN: z")
        let finding = try #require(
            TaintCheck(rendered.bytes, rendered.map, forbidsDirectives: true).findings().first)
        #expect(finding.pointer == "/spec/PWN")
        #expect(finding.found == "a line break that ends its scalar")
        #expect(finding.run.origins == [["x"]])
    }
}
