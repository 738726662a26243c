import Injection
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// Each example on the page "Installing the Sidecar" of Istio's documentation behaves as its text says. Pillion
/// implements this page. The tests have the names of its sections.
@Suite("The founding document")
struct FoundingDocumentTests {
    private static let template = """
        containers:
        - name: istio-proxy
          image: istio.io/proxy:0.5.0
          args:
          - proxy
          - sidecar
          - --configPath
          - {{ .ProxyConfig.ConfigPath }}
          - --binaryPath
          - {{ .ProxyConfig.BinaryPath }}
          - --serviceCluster
          {{ if ne "" (index .ObjectMeta.Labels "app") -}}
          - {{ index .ObjectMeta.Labels "app" }}
          {{ else -}}
          - "istio-proxy"
          {{ end -}}
        """

    private static let mesh = """
        defaultConfig:
          configPath: /etc/istio/proxy
          binaryPath: /usr/local/bin/envoy
        sdsUdsPath: ""
        """

    private static func configuration(policy: String = "enabled", selectors: String = "") -> String {
        let lines = template.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        return "policy: \(policy)\n\(selectors)template: |-\n\(lines.joined(separator: "\n"))\n"
    }

    private static func pod(annotations: Value = [:], labels: Value = ["app": "sleep"]) -> Value {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "sleep", "labels": labels, "annotations": annotations],
            "spec": ["containers": [["name": "sleep", "image": "tutum/curl"]]],
        ]
    }

    private static func isInjected(_ pod: Value, _ configuration: String) throws -> Bool {
        let snapshot = try Snapshots.make(configuration, mesh: mesh)
        let answers = Pipeline.decide(object: pod, namespace: "default", snapshot: snapshot)
        return try #require(answers.first).decision.inject
    }

    @Test("template: the example expands to the YAML that is printed below it")
    func expands() throws {
        let manifest = """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: sleep
            spec:
              template:
                metadata:
                  labels:
                    app: sleep
                spec:
                  containers:
                  - name: sleep
                    image: tutum/curl
                    command: ["/bin/sleep","infinity"]
            """
        let printed = """
            containers:
            - name: istio-proxy
              image: istio.io/proxy:0.5.0
              args:
              - proxy
              - sidecar
              - --configPath
              - /etc/istio/proxy
              - --binaryPath
              - /usr/local/bin/envoy
              - --serviceCluster
              - sleep
            """
        let snapshot = try Snapshots.make(Self.configuration(), mesh: Self.mesh)
        let outcome = try Pipeline.inject(manifest: Array(manifest.utf8), snapshot: snapshot)
        let containers = try YAMLReader.value(outcome.output)["spec"]?["template"]?["spec"]?["containers"]
        #expect(containers?[1] == (try YAMLReader.value(printed)["containers"]?[0]))
        let nameless = manifest.replacing("app: sleep", with: "tier: back")
        let other = try Pipeline.inject(manifest: Array(nameless.utf8), snapshot: snapshot)
        let spec = try YAMLReader.value(other.output)["spec"]?["template"]?["spec"]
        #expect(spec?["containers"]?[1]?["args"]?.array?.last == "istio-proxy")
    }

    @Test("policy: the Deployment \"ignored\" is not injected")
    func ignored() throws {
        let deployment = """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: ignored
            spec:
              template:
                metadata:
                  annotations:
                    sidecar.istio.io/inject: "false"
                spec:
                  containers:
                  - name: ignored
                    image: tutum/curl
                    command: ["/bin/sleep","infinity"]
            """
        let object = try YAMLReader.value(deployment)
        #expect(try !Self.isInjected(object, Self.configuration()))
        let snapshot = try Snapshots.make(Self.configuration(), mesh: Self.mesh)
        var options = ManifestOptions()
        options.respectPolicy = true
        let outcome = try Pipeline.inject(
            manifest: Array(deployment.utf8), snapshot: snapshot, options: options)
        #expect(!outcome.changed && outcome.output == Array(deployment.utf8))
    }

    @Test(
        "policy: enabled and disabled, with the annotation true, false and none",
        arguments: [
            ("enabled", "true", true), ("enabled", "false", false), ("enabled", nil, true),
            ("disabled", "true", true), ("disabled", "false", false), ("disabled", nil, false),
        ])
    func policy(_ policy: String, _ annotation: String?, _ injected: Bool) throws {
        let annotations: Value = annotation.map { ["sidecar.istio.io/inject": .string($0)] } ?? [:]
        #expect(
            try Self.isInjected(Self.pod(annotations: annotations), Self.configuration(policy: policy))
                == injected)
    }

    private static let exceptions = """
        neverInjectSelector:
          - matchExpressions:
            - {key: openshift.io/build.name, operator: Exists}
          - matchExpressions:
            - {key: openshift.io/deployer-pod-for.name, operator: Exists}

        """

    @Test("More control: adding exceptions: never on pods with one label or the other, whatever its value")
    func neverInject() throws {
        let configuration = Self.configuration(selectors: Self.exceptions)
        #expect(try !Self.isInjected(Self.pod(labels: ["openshift.io/build.name": "b"]), configuration))
        #expect(
            try !Self.isInjected(Self.pod(labels: ["openshift.io/deployer-pod-for.name": ""]), configuration))
        #expect(try Self.isInjected(Self.pod(labels: ["openshift.io/build": "b"]), configuration))
    }

    @Test("More control: annotations, then neverInjectSelector, then alwaysInjectSelector, then the policy")
    func order() throws {
        let labels: Value = ["openshift.io/build.name": "b", "always": "x"]
        let always = "alwaysInjectSelector: [{matchLabels: {always: x}}]\n"
        let both = Self.configuration(policy: "disabled", selectors: Self.exceptions + always)
        let wish: Value = ["sidecar.istio.io/inject": "true"]
        #expect(try Self.isInjected(Self.pod(annotations: wish, labels: labels), both))
        #expect(try !Self.isInjected(Self.pod(labels: labels), both))
        #expect(try Self.isInjected(Self.pod(labels: ["always": "x"]), both))
        #expect(try !Self.isInjected(Self.pod(), both))
    }
}
