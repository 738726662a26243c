import Glibc
import Injection
import PluginAPI
import Service
import Values
import YAML

/// Templates with a value in every kind of place: plain, quoted, in flow, in block scalars, as keys, and serialised.
private let sources = [
    "a: {{ .x }}\nb: 1\n", "a: \"{{ .x }}\"\nb: \"{{ .x }}\"\n", "a: '{{ .x }}'\nb: 'y'\n",
    "l:\n- name: \"{{ .x }}\"\n  value: v-{{ .x }}\n- name: c\n", "l:\n- {{ .x }}\n- y\n",
    "f: {a: \"{{ .x }}\", b: y}\n", "f: [{{ .x }}, y]\n", "{{ .x }}: v\nb: y\n", "\"{{ .x }}\": v\nb: y\n",
    "t: |\n  {{ .x }}\nb: 1\n", "t: |-\n  [\n    {{ .x }}\n  ]\nb: 1\n", "t: >\n  {{ .x }}\nb: 1\n",
    "# {{ .x }}\nb: 1\n", "b: 1 # {{ .x }}\nc: 2\n", "t: |\n  {{ toJson .x }}\nb: 1\n",
    "a: {{ toJson .x }}\nb: 1\n", "a: {{ .x | quote }}\nb: 1\n", "a: --log={{ .x }}\nb: {{ .x }}\n",
    "m:\n  c: d\n{{ toYaml (dict \"k\" .x) | indent 2 }}\nb: 1\n", "a: \"x\n  {{ .x }}\"\nb: 1\n",
    "l:\n- a: {{ .x }}\n  b: |\n    k: {{ .x }}\n- \"{{ .x }}\"\n", "a: [\"{{ .x }}\",\n  {{ .x }}]\nb: 1\n",
    "-{{ .x }}b\n- c\n", "a: h:{{ .x }}t\nb: 1\n", "a: v {{ .x }}#f\nb: 1\n", "f: [y, {{ .x }}]\nb: 1\n",
    "{{ $c := dict `root` . }}a: {{ $c.root.x }}\nb: 1\n", "k: |\n  {{ .x }}\n  d: e\nb: 1\n",
    "a: {{ .x | nindent 2 }}\nb: 1\n", "a: {{ quote .x | trimAll `\"` }}\nb: 1\n",
]

private let templates: [any CompiledTemplate] = sources.map { source in
    var options = CompileOptions()
    options.functionSets = ["sprig", "helm"]
    do {
        guard let renderer = try StandardPlugins.registry().renderer("gotemplate") else { exit(2) }
        return try renderer.compile(
            TemplateSources(TemplateSource(name: "t", text: source)), options: options)
    } catch {
        exit(2)
    }
}

/// A text that is not refused gives the same structure as a harmless one: the same members and items.
func fuzzTaint(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let first = bytes.first else { return }
    let number = Int(first) % templates.count
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    guard let (output, map) = rendered(number, text), let (honest, _) = rendered(number, "zqx"),
        let expected = try? YAMLReader.value(honest), let value = try? YAMLReader.value(output),
        TaintCheck(output, map, forbidsDirectives: true).findings().isEmpty
    else { return }
    let isKey = sources[number].hasPrefix("{{") || sources[number].hasPrefix("\"{{")
    let isSame =
        isKey ? value.object?.count == expected.object?.count : shape(value) == shape(expected)
    precondition(isSame, "\(sources[number]) of \(text.debugDescription) gives \(JSON.text(value))")
}

private func rendered(_ number: Int, _ text: String) -> ([UInt8], SourceMap)? {
    var map: SourceMap? = SourceMap()
    var usage = RenderUsage()
    var output = ByteBuffer()
    let data = TemplateData(["x": .string(text)], taint: DataTaint([["x"]]))
    do throws(RenderError) {
        try templates[number].render(
            data, limits: .server, sourceMap: &map, usage: &usage, into: &output)
    } catch {
        return nil
    }
    return (output.bytes, map ?? SourceMap())
}

/// The structure of a value: kinds and keys, without scalars.
private func shape(_ value: Value) -> String {
    switch value {
    case .object(let object):
        "{" + object.members.map { $0.key + ":" + shape($0.value) }.joined(separator: ",") + "}"
    case .array(let items): "[" + items.map { shape($0) }.joined(separator: ",") + "]"
    case .null: "null"
    default: "s"
    }
}
