import PluginAPI
import Testing
import Values

@testable import GoTemplate

/// The origins of the output when part of the data is tainted: which runs come from tainted data, from which path, and
/// which of them a serialiser wrote.
@Suite struct OriginTests {
    private static let data: Value = [
        "pod": ["name": "n1", "labels": ["app": "web", "v": "1"], "list": ["a", "b"]],
        "conf": ["name": "c1", "text": "k: v\nl: w", "list": ["x"]], "both": ["mine": "m", "yours": "y"],
    ]
    private static let taint = DataTaint([["pod"], ["both", "yours"]])

    /// A template, and its tainted runs: `text<path,…`, followed by `!` if a serialiser wrote it.
    private static let cases: [(String, [String])] = [
        ("{{ .pod.name }}|{{ .conf.name }}", ["n1<pod.name"]),
        ("{{ .both.mine }}{{ .both.yours }}", ["y<both.yours"]),
        ("{{ with .pod }}{{ .name }}{{ end }}", ["n1<pod.name"]),
        ("{{ $x := .pod.labels }}{{ $x.app }}{{ index $x `v` }}", ["web<pod.labels.app", "1<pod.labels.v"]),
        (
            "{{ range $k, $v := .pod.labels }}{{ $k }}={{ $v }};{{ end }}",
            ["app<pod.labels.app", "web<pod.labels.app", "v<pod.labels.v", "1<pod.labels.v"]
        ),
        ("{{ range $i, $v := .pod.list }}{{ $i }}{{ $v }}{{ end }}", ["a<pod.list.0", "b<pod.list.1"]),
        ("{{ if .pod.name }}yes{{ end }}{{ if eq .pod.name `n1` }}{{ .conf.name }}{{ end }}", []),
        ("{{ .pod.name | upper | trunc 1 }}", ["N<pod.name"]),
        ("{{ .pod.none }}", ["<no value><pod.none"]),
        ("{{ .pod.name | quote }}{{ .pod.name | squote }}", ["\"n1\"<pod.name!", "'n1'<pod.name"]),
        ("{{ toJson .pod.labels }}", ["{\"app\":\"web\",\"v\":\"1\"}<pod.labels!"]),
        ("{{ toJson .pod.list | indent 2 }}", ["  [\"a\",\"b\"]<pod.list!"]),
        ("{{ toJson .pod.list | upper }}", ["[\"A\",\"B\"]<pod.list"]),
        ("{{ $x := toJson .pod.name }}{{ $x | trim }}", ["\"n1\"<pod.name!"]),
        ("{{ printf `%q` .pod.name }}{{ printf `%s` .pod.name }}", ["\"n1\"<pod.name!", "n1<pod.name"]),
        ("{{ default .conf.name .pod.none }}{{ default .conf.name .pod.name }}", ["n1<pod.name"]),
        ("{{ or .pod.none .conf.name }}{{ or .pod.name .conf.name }}", ["n1<pod.name"]),
        ("{{ coalesce .pod.none .conf.name .pod.name }}{{ ternary `a` `b` (eq .pod.name `n1`) }}", []),
        ("{{ printf `%s-%s` .pod.name .both.yours }}", ["n1-y<pod.name,both.yours"]),
        ("{{ list .conf.name .pod.name | join `,` }}", ["c1,n1<pod.name"]),
        (
            "{{ define `d` }}k: {{ .pod.name }}\n{{ .conf.name }}{{ end }}{{ template `d` . }}",
            ["n1<pod.name"]
        ),
        (
            "{{ define `d` }}k: {{ .pod.name }}\n{{ .conf.name }}{{ end }}{{ include `d` . | indent 2 }}",
            ["n1<pod.name"]
        ),
        ("{{ define `d` }}  {{ .pod.name }} {{ end }}{{ include `d` . | trim }}.", ["n1<pod.name"]),
        ("{{ define `d` }}{{ .pod.name }}{{ end }}{{ include `d` . | upper }}", ["N1<pod.name"]),
        ("{{ tpl `a {{ .pod.name }} b {{ .conf.name }}` . }}", ["n1<pod.name"]),
        ("{{ tpl .pod.name . }}", ["n1<pod.name,"]),
        (
            "{{ $d := dict `a` .conf.name }}{{ $d.a }}{{ $_ := set $d `b` .pod.name }}{{ $d.b }}",
            ["n1<pod.name"]
        ),
        (
            "{{ $d := dict `b` (dict) }}{{ $_ := set $d.b `c` .pod.name }}{{ toJson $d }}",
            ["{\"b\":{\"c\":\"n1\"}}<pod.name!"]
        ),
        ("{{ fromJson `{\"a\":1}` | toJson }}{{ .conf.text | indent 2 }}", []),
        ("{{ toJson . }}", ["*<!"]),
        ("{{ $c := dict `root` . }}{{ $c.root.pod.name }}{{ $c.root.conf.name }}", ["n1<pod.name"]),
        ("{{ $c := list .conf .pod }}{{ (index $c 0).name }}{{ (index $c 1).name }}", ["n1<pod.name"]),
        (
            "{{ range $k, $v := dict `a` .conf.name .pod.name `b` }}{{ $k }}{{ $v }}{{ end }}",
            [
                "n1<pod.name", "b<pod.name",
            ]
        ),
        ("{{ (first (list (dict `k` .both))).k.yours }}", ["y<both"]),
        (
            "{{ define `h` }}{{ .root.pod.name }}{{ .root.conf.name }}{{ end }}{{ include `h` (dict `root` .) }}",
            ["n1<pod.name"]
        ),
        (
            "{{ quote .pod.name | trimAll `\"` }}{{ print 5 (quote .pod.name) }}",
            [
                "n1<pod.name", "5\"n1\"<pod.name",
            ]
        ),
        ("{{ .pod.name | nindent 2 }}", ["n1<pod.name"]),
        ("{{ (deepCopy .).pod.name }}{{ (deepCopy .).conf.name }}", ["n1<pod.name"]),
    ]

    @Test(arguments: cases.indices)
    func runsAreFound(_ index: Int) throws {
        let (source, expected) = Self.cases[index]
        var options = CompileOptions()
        options.functionSets = ["sprig", "helm"]
        let template = try GoTemplateRenderer().compile(
            TemplateSources(TemplateSource(name: "t", text: source)), options: options)
        var map: SourceMap? = SourceMap()
        var usage = RenderUsage()
        var output = ByteBuffer()
        let data = TemplateData(Self.data, taint: Self.taint)
        try template.render(data, limits: .server, sourceMap: &map, usage: &usage, into: &output)
        let bytes = output.bytes
        let runs = try #require(map).runs
        let found = runs.filter { !$0.origins.isEmpty }.map { run in
            let paths = run.origins.map { $0.joined(separator: ".") }.joined(separator: ",")
            let text = run.origins == [[]] ? "*" : String(decoding: bytes[run.output], as: UTF8.self)
            return "\(text)<\(paths)" + (run.isSerialised ? "!" : "")
        }
        #expect(found == expected, "\(source)")
        // The runs are in order and do not overlap.
        for (one, next) in zip(runs, runs.dropFirst()) {
            #expect(one.output.upperBound <= next.output.lowerBound)
        }
        #expect(runs.last?.output.upperBound == bytes.count)
        // Without a source map, the same runs are recorded and the output is the same.
        var fast = RenderUsage()
        var none: SourceMap?
        var again = ByteBuffer()
        try template.render(data, limits: .server, sourceMap: &none, usage: &fast, into: &again)
        #expect(again.bytes == bytes)
        for run in runs where !run.origins.isEmpty {
            // Of a text of `quote`, what is between the quotes.
            let quotes = run.isSerialised && bytes[run.output.lowerBound] == UInt8(ascii: "\"") ? 1 : 0
            #expect(
                fast.tainted.contains {
                    $0.range.lowerBound <= run.output.lowerBound + quotes
                        && run.output.upperBound - quotes <= $0.range.upperBound
                })
        }
    }

    /// The table of origins is bounded even in a loop: values beyond the bound are tainted without a path.
    @Test func theTableIsBounded() {
        let table = OriginTable(DataTaint([["a"]]))
        let one = table.member("a", of: .root)
        for number in 0..<OriginTable.entryLimit + 10 { _ = table.member(String(number), of: one) }
        #expect(table.member("last", of: one) == .tainted)
    }
}
