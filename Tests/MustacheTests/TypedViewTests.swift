import Mustache
import PluginAPI
import TestSupport
import Testing
import Values

/// Renders Go's field names over JSON data, and checks the source map.
@Suite struct TypedViewTests {
    /// A small pod type: a pointer to a struct with an inline struct, a list and a map of structs.
    private static let pod: ObjectType = {
        let text = ObjectType(name: "string", kind: .string)
        let container = ObjectType(name: "v1.Container", kind: .structure)
        container.complete(fields: [.init(name: "ImageName", jsonName: "image", type: text)])
        let containers = ObjectType(name: "[]v1.Container", kind: .slice)
        containers.complete(element: container)
        let byName = ObjectType(name: "map[string]v1.Container", kind: .map)
        byName.complete(element: container)
        let common = ObjectType(name: "v1.Common", kind: .structure)
        common.complete(fields: [.init(name: "NodeName", jsonName: "nodeName", type: text)])
        let spec = ObjectType(name: "v1.PodSpec", kind: .structure)
        spec.complete(fields: [
            .init(name: "Common", jsonName: "", type: common, isInline: true),
            .init(name: "Containers", jsonName: "containers", type: containers),
            .init(name: "ByName", jsonName: "byName", type: byName),
        ])
        let pointer = ObjectType(name: "*v1.PodSpec", kind: .pointer)
        pointer.complete(element: spec)
        let pod = ObjectType(name: "v1.Pod", kind: .structure)
        pod.complete(fields: [
            .init(name: "Spec", jsonName: "spec", type: pointer),
            .init(name: "NodeName", jsonName: "node", type: text),
        ])
        return pod
    }()

    private static let data: Value = [
        "node": "outer",
        "spec": ["containers": [["image": "a"], ["image": "b"]], "byName": ["x": ["image": "c"]]],
    ]

    @Test(arguments: [
        ("{{Spec.Containers}}", "[{\"image\":\"a\"},{\"image\":\"b\"}]"),
        ("{{#Spec.Containers}}{{ImageName}}{{image}}{{/Spec.Containers}}", "aabb"),
        ("{{#Spec.ByName.x}}{{ImageName}}{{/Spec.ByName.x}}", "c"),
        ("{{#spec}}{{Containers}}{{/spec}}", "[{\"image\":\"a\"},{\"image\":\"b\"}]"),
        // A field that is absent in the JSON is null; the name is not looked up in outer contexts.
        ("{{#Spec}}[{{NodeName}}]{{/Spec}}", "[]"),
        ("{{NodeName}}", "outer"), ("{{Spec.Nothing}}", ""), ("{{ImageName}}", ""),
    ])
    func goNamesAreUnderstoodWhereTheTypeIsKnown(_ template: String, _ output: String) throws {
        var options = CompileOptions()
        options.escape = CompileOptions.Escape.none
        let compiled = try MustacheRenderer().compile(
            TemplateSources(TemplateSource(name: "main", text: template)), options: options)
        var buffer = ByteBuffer()
        try compiled.render(TemplateData(Self.data, type: Self.pod), limits: .server, into: &buffer)
        #expect(buffer.text == output)
    }

    @Test func theSourceMapTilesTheOutput() throws {
        let sources = TemplateSources(
            [
                TemplateSource(name: "main", text: "a: {{x}}\n  {{>p}}\n{{#l}}\n- {{.}}\n{{/l}}\n"),
                TemplateSource(name: "p", text: "b:\n- {{{x}}}\nc\n"),
            ], entry: "main")
        let template = try MustacheRenderer().compile(sources, options: CompileOptions())
        var output = ByteBuffer()
        output.append("before")
        var map: SourceMap? = SourceMap()
        var usage = RenderUsage()
        try template.render(
            TemplateData(["x": "1\n2", "l": [1, 2]]), limits: .server, sourceMap: &map, usage: &usage,
            into: &output)
        let text = Array(output.bytes.dropFirst(6))
        #expect(String(decoding: text, as: UTF8.self) == "a: 1\n2\n  b:\n  - 1\n2\n  c\n- 1\n- 2\n")
        #expect(usage.outputBytes == text.count && usage.depth == 1 && usage.steps > 10)
        let runs = try #require(map?.runs)
        var end = 0
        for run in runs {
            #expect(run.output.lowerBound == end)
            end = run.output.upperBound
            // A literal is the same in source and output, except for the indentation of a partial.
            let written = Array(text[run.output])
            if run.kind == .literal, !written.allSatisfy({ $0 == UInt8(ascii: " ") }) {
                let source = try #require(map?.templates[run.template].bytes)
                #expect(Array(source[run.offset..<run.offset + written.count]) == written)
            }
        }
        #expect(end == text.count)
        let run = try #require(map?.run(at: 18))
        #expect(map?.templates[run.template].name == "p")
    }
}
