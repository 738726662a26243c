import TestSupport
import Testing
import Values
import YAML

/// An injection configuration of `examples/`. The tests validate it strictly, and check its result on the command line
/// and through the webhook.
struct Example: CustomTestStringConvertible {
    static let root = packageRoot + "/examples"
    static let all = entries(of: root).flatMap { name in
        entries(of: "\(root)/\(name)").filter { $0.hasPrefix("config") }.map { Example(name: name, file: $0) }
    }

    let name: String
    /// `config.yaml`, or `config.mustache.yaml`.
    let file: String

    var testDescription: String { "\(name)/\(file)" }
    var app: String { path("app.yaml") }
    var injected: String { path(file.replacing("config", with: "injected")) }

    func path(_ file: String) -> String { "\(Self.root)/\(name)/\(file)" }

    /// The flags of a verb for the three files.
    func files(_ config: String, _ values: String, _ mesh: String) -> [String] {
        [config, path(file), values, path("values.yaml"), mesh, Self.root + "/mesh.yaml"]
    }

    func inject(_ manifest: String, _ further: [String] = []) -> ProcessResult {
        let arguments = ["kube-inject"] + files("--injectConfigFile", "--valuesFile", "--meshConfigFile")
        return run(pillionBinary, arguments + ["-f", "-"] + further, input: manifest)
    }
}

@Suite struct ExampleTests {
    @Test func thereAreFiveInBothEngines() {
        #expect(Set(Example.all.map(\.name)).count >= 5)
        #expect(Example.all.filter { $0.file == "config.mustache.yaml" }.count >= 2)
        let index = text(of: Example.root + "/README.md")
        for example in Example.all {
            #expect(index.contains("| `\(example.name)` |"))
            #expect(contents(of: example.path("README.md")) != nil)
        }
    }

    @Test(arguments: Example.all)
    func validates(_ example: Example) {
        let arguments =
            ["validate", "--strict"] + example.files("--injectConfig", "--injectValues", "--meshConfig")
        let result = run(pillionBinary, arguments)
        // A template for the pods that have a label renders to nothing for all others, which is worth a warning.
        let lines = result.errors.split(separator: "\n").filter {
            !$0.contains("the templates render to nothing")
        }
        #expect(result.status == 0 || lines.isEmpty, "\(result.errors)")
    }

    @Test(arguments: Example.all)
    func injectsOnTheCommandLine(_ example: Example) throws {
        let result = example.inject(text(of: example.app))
        #expect(result.status == 0, "\(result.errors)")
        if let difference = compareGolden(result.output, with: example.injected) {
            Issue.record("\(difference)")
        }
        // A second injection changes nothing.
        let again = example.inject(result.output, ["--check"])
        #expect(again.status == 0, "\(again.output)\(again.errors)")
    }

    /// The webhook gives the workload's pod the same containers, volumes and settings as the command line.
    @Test(arguments: Example.all)
    func injectsAsAWebhook(_ example: Example) throws {
        let port = try #require(freePort())
        let arguments = example.files("--injectConfig", "--injectValues", "--meshConfig")
        let server = try #require(
            RunningProcess(
                pillionBinary,
                ["serve", "--httpPort=\(port)", "--port=-1", "--monitoringPort=-1"] + arguments))
        try #require(waitUntilListening(port), "\(server.errors)")
        let pod = try Self.pod(of: example.app)
        let review: Value = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "1", "kind": ["group": "", "version": "v1", "kind": "Pod"],
                "resource": ["group": "", "version": "v1", "resource": "pods"], "namespace": "shop",
                "operation": "CREATE", "object": pod,
            ],
        ]
        let client = try #require(HTTPClient(port: UInt16(port)))
        let answer = try #require(
            client.request(
                "POST", "/inject", headers: [("Content-Type", "application/json")],
                body: Array(JSON.text(review).utf8)))
        let response = try #require(try JSON.read(answer.body)["response"])
        #expect(response["allowed"] == true, "\(answer.text)")
        let encoded = try #require(response["patch"]?.string, "\(answer.text)")
        let patch = try JSONPatch.operations(JSON.read(try #require(Base64.decode(encoded))))
        let injected = try JSONPatch.apply(patch, to: pod)
        let wanted = try Self.pod(of: example.injected)
        #expect(injected["spec"] == wanted["spec"])
        let status = "sidecar.istio.io/status"
        #expect(
            injected.at("metadata", "annotations")?[status] == wanted.at("metadata", "annotations")?[status])
    }

    /// A pod without label, annotation, port and service account, and one with two of everything, keep all that they
    /// had, injected or not.
    @Test(arguments: Example.all)
    func takesNothingAway(_ example: Example) throws {
        let pods = [
            "metadata: {name: bare}\nspec: {containers: [{name: web, image: 'shop:1'}]}",
            """
            metadata:
              name: ample
              labels: {app: web, tier: front, log-volume: data, debug: 'true'}
              annotations: {pillion.example/port: '9000', note: 'a: b'}
            spec:
              serviceAccountName: shop
              initContainers: [{name: setup, image: i}, {name: migrate, image: m}]
              containers:
              - {name: web, image: 'shop:1', ports: [{containerPort: 80}, {containerPort: 81}], env: [{name: A}, {name: B}]}
              - {name: second, image: 's:1', ports: [{containerPort: 82}, {containerPort: 83}]}
              volumes: [{name: data, emptyDir: {}}, {name: more, emptyDir: {}}]
              imagePullSecrets: [{name: one}, {name: two}]
            """,
        ]
        for text in pods {
            let result = example.inject("apiVersion: v1\nkind: Pod\n" + text)
            #expect(result.status == 0, "\(result.errors)")
            let (before, after) = (try YAMLReader.value(text), try YAMLReader.value(result.output))
            for part in ["labels", "annotations"] {
                for member in before.at("metadata", part)?.object?.members ?? [] {
                    #expect(after.at("metadata", part)?[member.key] == member.value, "\(member.key)")
                }
            }
            for member in before["spec"]?.object?.members ?? [] {
                guard let items = member.value.array else {
                    #expect(after["spec"]?[member.key] == member.value)
                    continue
                }
                let found = after["spec"]?[member.key]?.array ?? []
                for item in items {
                    let same = found.first { $0["name"] == item["name"] }
                    #expect(
                        same?["image"] == item["image"] && same?["ports"] == item["ports"],
                        "\(JSON.text(item))")
                }
            }
        }
    }

    /// The pod of the manifest, or its workload's pod template as a pod.
    private static func pod(of manifest: String) throws -> Value {
        let object = try YAMLReader.value(text(of: manifest))
        guard object["kind"] != "Pod" else { return object }
        var pod = try #require(object.at("spec", "template")?.object)
        pod["apiVersion"] = "v1"
        pod["kind"] = "Pod"
        return .object(pod)
    }

    /// The policy decides which pods are injected.
    @Test(arguments: [
        ("secrets-agent", "{name: web}", false),
        ("debug-toolbox", "{name: web, labels: {debug: 'false'}}", false),
        ("debug-toolbox", "{name: web, labels: {debug: 'true'}}", true),
        ("log-shipper", "{name: web, labels: {job-name: nightly}}", false),
        ("log-shipper", "{name: web}", true),
    ])
    func decides(_ name: String, _ metadata: String, _ wanted: Bool) {
        let pod = "{apiVersion: v1, kind: Pod, metadata: \(metadata), spec: {containers: [{name: web}]}}"
        let config = "\(Example.root)/\(name)/config.yaml"
        let result = run(
            pillionBinary, ["decide", "--injectConfig", config, "-f", "-", "-n", "shop"], input: pod)
        #expect(result.status == (wanted ? 0 : 3), "\(result.output)\(result.errors)")
    }

    /// The template refuses a role that would end the string in the agent's configuration, and gives the reason.
    @Test func hostileAnnotationsStayValues() throws {
        let example = try #require(Example.all.first { $0.name == "secrets-agent" })
        let app = text(of: example.app).replacing(
            "      labels:\n        app: payments",
            with: "      annotations:\n        pillion.example/vault-role: 'a\" } listener'\n      labels:\n"
                + "        app: payments")
        let result = example.inject(app)
        #expect(result.status == 1)
        #expect(result.errors.contains(#"the role "a\" } listener" is no name"#), "\(result.errors)")
    }
}
