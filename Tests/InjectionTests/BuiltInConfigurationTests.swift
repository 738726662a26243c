import Injection
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// The configuration that is served if none is given.
@Suite("Built-in configuration")
struct BuiltInConfigurationTests {
    private static func snapshot() throws -> Snapshot {
        try InjectionConfiguration.compile(BuiltInConfiguration.files, registry: Snapshots.registry)
    }

    @Test("it compiles without a warning, and shows the proxy's settings and the label of the application")
    func injects() throws {
        let snapshot = try Self.snapshot()
        #expect(snapshot.warnings.isEmpty && snapshot.form == .classic)
        for (label, want) in [("app: front", "front"), ("tier: back", "istio-proxy")] {
            let manifest = """
                kind: Pod
                apiVersion: v1
                metadata:
                  name: p
                  labels: {\(label)}
                spec:
                  containers:
                  - name: p
                    image: p:1
                    ports:
                    - containerPort: 80
                """
            let outcome = try Pipeline.inject(manifest: Array(manifest.utf8), snapshot: snapshot)
            let spec = try YAMLReader.value(outcome.output)["spec"]
            let arguments = (spec?["containers"]?[1]?["args"]?.array ?? []).compactMap(\.string)
            let cluster = try #require(arguments.firstIndex(of: "--serviceCluster"))
            #expect(arguments[cluster + 1] == want)
            #expect(arguments.contains("--configPath") && !arguments.contains(""))
            #expect(spec?["initContainers"]?[0]?["args"]?.array?.last == "80")
        }
    }

    @Test(
        "reviews as API servers sent them", .needs(.apiServerReviews),
        arguments: ["1.19-v1", "1.19-v1beta1", "1.36-v1", "1.36-v1beta1"])
    func reviews(_ name: String) throws {
        let text = text(of: CaseCollection.apiServerReviews.path("review-\(name).json"))
        let sent = try JSON.read(text)
        var options = ReviewOptions()
        options.selfCheck = true
        let answer = try Answer(toText: text, snapshot: try Self.snapshot(), options: options)
        #expect(answer.report.kind == .success, "\(answer.message)")
        #expect(answer.review["apiVersion"] == sent["apiVersion"])
        #expect(answer.review["response"]?["uid"] == sent["request"]?["uid"])
        #expect(!answer.patch.contains { $0.path.description.contains("managedFields") })
    }

    @Test(
        "errors of unusable configurations have a place and a reason",
        arguments: [
            ("policy: [1]\ntemplate: x\n", "config:1:1: error: policy is an array, expected a string"),
            ("template: '{{'\n", "config:1:1: error: template: inject:1: unclosed action"),
            ("template: x\nengine: none\n", "config:1:1: error: the template engine \"none\" is not known"),
            ("template: [\n", "config:2:1: error: the file is not YAML"),
            ("- a\n", "config:1:1: error: the file is an array"),
            ("", "config:1:1: error: the file is empty"),
            ("# all gone\n---\n", "config:1:1: error: the file is empty"),
            ("templates: {a: '{{nope}}', b: [1]}\n", "function \"nope\" not defined"),
            ("policy: enabled\n", "config:1:1: error: there is neither template: nor templates:"),
            ("policy: enabled\ntemplates: {}\n", "config:2:1: error: templates: holds no template"),
        ])
    func diagnostics(_ configuration: String, _ want: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try Snapshots.make(configuration) }
        #expect(error?.description.contains(want) == true, "\(error?.description ?? "")")
    }

    @Test("an odd but usable value is a warning")
    func warnings() throws {
        let odd = try Snapshots.make("policy: enabled\nsidecar: x\ntemplate: x\n")
        #expect(odd.warnings.map(\.code) == ["field_unknown"])
        #expect(odd.warnings[0].location.description == "config:2:1")
    }
}
