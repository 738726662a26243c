import Injection
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// Uninjects an injected manifest: exactly with provenance, and as far as the injected parts allow without.
@Suite("The way back")
struct WayBackTests {
    private static let own = entries(of: ManifestTextTests.folder)
        .filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".injected.yaml") }
        .map { "\(ManifestTextTests.folder)/\($0)" }

    static let modern = """
        policy: enabled
        engine: literal
        defaultTemplates: [sidecar]
        templates:
          sidecar: |
            metadata:
              labels:
                added: "yes"
            spec:
              initContainers:
              - name: istio-init
                image: init:1
              containers:
              - name: istio-proxy
                image: proxy:1
              volumes:
              - name: istio-envoy
                emptyDir: {}
              securityContext:
                fsGroup: 1337
        """

    @Test(arguments: [ManifestTextTests.configuration, modern])
    func exact(_ configuration: String) throws {
        let values = "sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}"
        let snapshot = try Snapshots.make(configuration, values: values)
        var options = ManifestOptions()
        options.provenance = true
        for file in Self.own {
            let input = contents(of: file) ?? []
            let injected = try Pipeline.inject(manifest: input, snapshot: snapshot, options: options)
            let again = try Pipeline.inject(manifest: injected.output, snapshot: snapshot, options: options)
            #expect(
                !again.changed || again.output == injected.output,
                "\(String(decoding: UnifiedDiff.text(from: injected.output, to: again.output, name: file), as: UTF8.self))"
            )
            let back = try Pipeline.uninject(manifest: injected.output)
            let difference = UnifiedDiff.text(from: input, to: back.output, name: file)
            #expect(back.output == input, "\(String(decoding: difference, as: UTF8.self))")
        }
    }

    @Test("uninjection leaves the text around removed parts: a probe of another kind, lists that were empty")
    func textAround() throws {
        let manifest = """
            apiVersion: v1
            kind: Pod
            metadata:
                name: one   # kept
                annotations:
            spec:
                initContainers: []
                containers:
                    # kept too
                    - name: a
                      image: 'i'
                      readinessProbe:
                          tcpSocket:
                              port: 80
                          initialDelaySeconds: 15   # behind what goes
                volumes: []

            """
        let snapshot = try Snapshots.make(
            Self.modern, values: "sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}")
        var options = ManifestOptions()
        options.provenance = true
        let once = try Pipeline.inject(manifest: Array(manifest.utf8), snapshot: snapshot, options: options)
        let back = try Pipeline.uninject(manifest: once.output)
        let text = String(decoding: back.output, as: UTF8.self)
        // Only the probe's own lines change.
        let touched = ["tcpSocket:", "port: 80"]
        for line in manifest.split(separator: "\n") where !touched.contains(where: { line.hasSuffix($0) }) {
            #expect(text.contains(line), "\(line) is gone from\n\(text)")
        }
        #expect(try YAMLReader.value(text) == YAMLReader.value(manifest))
        #expect(back.workloads.flatMap(\.notes).isEmpty)
    }

    @Test("without provenance: containers, volumes, probes and marks are removed, overwritten values stay")
    func fromRemains() throws {
        let snapshot = try Snapshots.make(ManifestTextTests.configuration)
        let input = contents(of: "\(ManifestTextTests.folder)/comments.yaml") ?? []
        let injected = try Pipeline.inject(manifest: input, snapshot: snapshot)
        let back = try Pipeline.uninject(manifest: injected.output)
        #expect(String(decoding: back.output, as: UTF8.self) == String(decoding: input, as: UTF8.self))
        let own = Array(
            "kind: Pod\napiVersion: v1\nspec: {containers: [{name: a}, {name: istio-proxy}]}\n".utf8)
        #expect(
            try Pipeline.uninject(manifest: own).output == own, "expected the user's own container to stay")
        let untouched = try Pipeline.uninject(manifest: input)
        #expect(!untouched.changed && untouched.output == input)
    }

    @Test("a workload that was changed since is not damaged: uninjection is refused")
    func changedSince() throws {
        let manifest = """
            kind: Pod
            apiVersion: v1
            metadata:
              annotations:
                pillion.dev/way-back: '[{"op":"remove","path":"/spec/containers/4"}]'
            spec: {containers: []}
            """
        let error = #expect(throws: InjectionError.self) {
            try Pipeline.uninject(manifest: Array(manifest.utf8))
        }
        #expect(error?.code == .patchSelfCheckFailed)
    }
}
