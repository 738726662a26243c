import GoTemplate
import PluginAPI
import Testing
import Values

/// Renders values viewed through Go types, as text/template renders such structs.
@Suite struct TypedViewTests {
    private static func type(_ name: String, _ kind: ObjectType.Kind, element: ObjectType? = nil)
        -> ObjectType
    {
        let type = ObjectType(name: name, kind: kind)
        type.complete(element: element)
        return type
    }

    /// type Pod struct { ObjectMeta; Spec PodSpec; Proxy *ProxyConfig; Mode Mode; Port *int32 }
    static let pod: ObjectType = {
        let stringMap = type("map[string]string", .map, element: .string)
        let meta = ObjectType(name: "v1.ObjectMeta", kind: .structure)
        meta.complete(fields: [
            .init(name: "Name", jsonName: "name", type: .string),
            .init(name: "Labels", jsonName: "labels", type: stringMap),
        ])
        let spec = ObjectType(name: "v1.PodSpec", kind: .structure)
        spec.complete(fields: [
            .init(name: "ServiceAccountName", jsonName: "serviceAccountName", type: .string),
            .init(
                name: "Ports", jsonName: "ports", type: type("[]int32", .slice, element: type("int32", .int))),
        ])
        let tracing = ObjectType(name: "v1alpha1.Tracing", kind: .structure)
        tracing.complete(fields: [
            .init(name: "Sampling", jsonName: "sampling", type: type("float64", .float))
        ])
        let proxy = ObjectType(name: "v1alpha1.ProxyConfig", kind: .structure)
        let tracingPointer = type("*v1alpha1.Tracing", .pointer, element: tracing)
        let proxyPointer = type("*v1alpha1.ProxyConfig", .pointer, element: proxy)
        proxy.complete(
            fields: [
                .init(name: "ConfigPath", jsonName: "configPath", type: .string),
                .init(name: "Tracing", jsonName: "tracing", type: tracingPointer),
                .init(name: "Concurrency", jsonName: "concurrency", type: type("int32", .int)),
            ], methods: ["GetConfigPath": .getter(field: 0), "GetTracing": .getter(field: 1)])
        tracing.complete(
            fields: [.init(name: "Sampling", jsonName: "sampling", type: type("float64", .float))],
            methods: ["GetSampling": .getter(field: 0)])
        let mode = ObjectType(name: "v1alpha1.Mode", kind: .enumeration)
        mode.complete(methods: ["String": .string], enumeration: [("REDIRECT", 0), ("TPROXY", 1)])
        let pod = ObjectType(name: "inject.Pod", kind: .structure)
        pod.complete(fields: [
            .init(name: "ObjectMeta", jsonName: "metadata", type: meta, isInline: true),
            .init(name: "Spec", jsonName: "spec", type: spec),
            .init(name: "Proxy", jsonName: "proxy", type: proxyPointer),
            .init(name: "Mode", jsonName: "mode", type: mode),
        ])
        return pod
    }()

    static let full: Value = [
        "metadata": ["name": "web", "labels": ["app": "a"]], "spec": ["ports": [80, 443]],
        "proxy": ["configPath": "/etc", "concurrency": 2], "mode": "TPROXY",
    ]

    private func render(_ source: String, _ data: Value) throws -> String {
        let template = try GoTemplateRenderer().compile(
            TemplateSources(TemplateSource(name: "t", text: source)), options: CompileOptions())
        var output = ByteBuffer()
        do {
            try template.render(
                TemplateData(data, type: TypedViewTests.pod), limits: .server, into: &output)
        } catch {
            return output.text + "✗ " + error.detail
        }
        return output.text
    }

    @Test(arguments: [
        // Fields by Go name, also of embedded structs; zero values for absent members.
        ("{{.Name}} {{.ObjectMeta.Name}} [{{.Spec.ServiceAccountName}}]", "web web []"),
        ("{{.Proxy.ConfigPath}} {{.Proxy.Concurrency}} {{printf \"%T\" .Proxy.Concurrency}}", "/etc 2 int32"),
        // Maps and slices with their own types.
        ("{{.Labels.app}} {{.Labels.none}} [{{index .Labels \"none\"}}]", "a <no value> []"),
        ("{{range $i, $p := .Spec.Ports}}{{$i}}:{{$p}} {{end}}{{len .Spec.Ports}}", "0:80 1:443 2"),
        ("{{printf \"%T %T %T\" . .Labels .Proxy}}", "inject.Pod map[string]string *v1alpha1.ProxyConfig"),
        ("{{.Labels}} {{.Spec}}", "map[app:a] { [80 443]}"),
        // Methods and enums.
        ("{{.Mode}} {{.Mode.String}} {{eq .Mode.String \"TPROXY\"}}", "TPROXY TPROXY true"),
        ("{{.Proxy.GetConfigPath}} [{{.Proxy.GetTracing.GetSampling}}]", "/etc [0]"),
        ("{{if .Proxy.Tracing}}set{{else}}nil{{end}}", "nil"),
        // Errors, with Go's type names.
        (
            "{{.Nothing}}",
            "✗ template: t:1:2: executing \"t\" at <.Nothing>: can't evaluate field Nothing in type inject.Pod"
        ),
        (
            "{{.Proxy.Nothing}}",
            "✗ template: t:1:8: executing \"t\" at <.Proxy.Nothing>: can't evaluate field Nothing in type "
                + "*v1alpha1.ProxyConfig"
        ),
        (
            "{{.Proxy.Tracing.Sampling}}",
            "✗ template: t:1:8: executing \"t\" at <.Proxy.Tracing.Sampling>: nil pointer evaluating "
                + "*v1alpha1.Tracing.Sampling"
        ),
        (
            "{{.Proxy.GetConfigPath 1}}",
            "✗ template: t:1:8: executing \"t\" at <.Proxy.GetConfigPath>: wrong number of args for GetConfigPath: "
                + "want 0 got 1"
        ),
    ])
    func seesStructs(_ source: String, _ wanted: String) throws {
        #expect(try render(source, TypedViewTests.full) == wanted)
    }

    @Test func emptyDataIsZeroValues() throws {
        #expect(try render("[{{.Name}}] {{.Mode}} {{.Labels}} {{.Proxy}}", [:]) == "[] REDIRECT map[] <nil>")
        #expect(
            try render("{{.Proxy.ConfigPath}}", [:])
                == "✗ template: t:1:8: executing \"t\" at <.Proxy.ConfigPath>: nil pointer evaluating "
                + "*v1alpha1.ProxyConfig.ConfigPath")
        #expect(try render("{{.Proxy.GetTracing.GetSampling}}", [:]) == "0")
    }
}
