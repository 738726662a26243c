import Injection
import PluginAPI
import Service
import Values
import YAML

/// The code that processes a form, within the limits of a server.
enum CostTargets {
    static let names = ["json", "yaml", "template", "mustache", "function", "review", "manifest"]

    static func run(_ target: String, _ bytes: [UInt8], count: Int) {
        switch target {
        case "json": _ = try? JSON.read(bytes, limits: JSONLimits(depth: 200, values: 500_000))
        case "yaml":
            let limits = YAMLLimits(depth: 200, nodes: 500_000, textNodes: 500_000)
            _ = try? YAMLReader.documents(bytes, options: YAMLOptions(limits: limits))
        case "template": render("gotemplate", bytes, data: ["a": [1, "b", ["c": .null]]])
        case "mustache": render("mustache", bytes, data: ["a": [1, "b", ["c": .null]], "b": "a"])
        case "function": render("gotemplate", bytes, data: data(count))
        case "review":
            var output = ByteBuffer()
            bytes.withUnsafeBufferPointer {
                _ = Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output)
            }
        default:
            var options = ManifestOptions()
            options.values = Pipeline.maximumValues
            _ = try? Pipeline.inject(manifest: bytes, snapshot: snapshot, options: options)
        }
    }

    /// The names of the Go engine's functions.
    static let functions: [String] = {
        let rows = Catalogue.functions(registry).array ?? []
        let names = rows.filter { $0["engine"] == "gotemplate" }.compactMap { $0["name"]?.string }
        precondition(!names.isEmpty, "the catalogue has no functions")
        return names
    }()

    static let seeds: [String: [String]] = [
        "json": [#"{"a": [1, 2.5e3, "x\u00e9"], "b": {"c": null}}"#],
        "yaml": [
            "a: &x\n  b: [1, {c: 'd'}]\n  e: \"f\"\ng: *x\nh: |\n  text\n? k\n: v\n",
            "- a\n- b: c\n  d: e\n# f\n",
        ],
        "template": [
            "{{define \"a\"}}x{{end}}{{range $i, $v := .a}}{{if eq $i 1}}{{printf \"%v\" $v}}{{end}}{{end}}{{template \"a\"}}"
        ],
        "mustache": ["{{#a}}{{b}} {{{c}}}\n{{/a}}\n{{^d}}x{{/d}}{{! e }}"],
        "review": [
            #"{"request":{"uid":"u","namespace":"n","operation":"CREATE","object":{"metadata":{"name":"p","labels":{"app":"a"},"annotations":{"sidecar.istio.io/status":"{}","traffic.sidecar.istio.io/excludeOutboundIPRanges":"10.0.0.0/8","proxy.istio.io/config":"concurrency: 2"},"ownerReferences":[{"kind":"ReplicaSet","name":"r"}]},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],"env":[{"name":"e","value":"v"}],"readinessProbe":{"httpGet":{"port":80}}}],"volumes":[{"name":"v","emptyDir":{}}]}}}}"#
        ],
        "manifest": [
            "kind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    metadata:\n      labels: {app: a}\n    spec:\n      containers:\n      - name: c # d\n        image: i\n        args: [a, \"b\"]\n"
        ],
    ]

    private static let registry: PluginRegistry = {
        guard let registry = try? StandardPlugins.registry() else { preconditionFailure("no engines") }
        return registry
    }()

    private static func render(_ engine: String, _ source: [UInt8], data: Value) {
        var request = RenderRequest(
            engine: engine, sources: TemplateSources(TemplateSource(name: "t", bytes: source)), data: data)
        if engine == "gotemplate" { request.options.functionSets = ["sprig", "helm", "injection"] }
        _ = request.run(registry: registry, limits: .server)
    }

    private static func data(_ count: Int) -> Value {
        [
            "l": .array((0..<count).map { .string("item\($0)") }),
            "i": .array((0..<count).map { .int(Int64($0)) }),
            "m": .object(Object((0..<count).map { Member("key\($0)", .int(1)) })),
            "s": .string(String(repeating: "a_B <c> 10.0.0.1/8,\n", count: count)),
            "t": .string("[" + (0..<count).map(String.init).joined(separator: ",") + "]"),
        ]
    }

    private static let snapshot: Snapshot = {
        let text = """
            policy: enabled
            templates:
              sidecar: |
                metadata:
                  labels: {a: b}
                spec:
                  containers:
                  - name: istio-proxy
                    image: proxy
                    env:
                    {{- range .Spec.Containers }}
                    - {name: {{ printf "%q" .Name }}, value: "{{ len .Ports }}"}
                    {{- end }}
            """
        let files = InjectionFiles(
            configuration: NamedText(name: "config", text: text),
            values: NamedText(name: "values", text: "{}"))
        guard let made = try? InjectionConfiguration.compile(files, registry: registry) else {
            preconditionFailure("the configuration does not compile")
        }
        return made
    }()
}
