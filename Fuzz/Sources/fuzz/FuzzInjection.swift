import Glibc
import Injection
import PluginAPI
import Service
import Values
import YAML

/// Configurations of both forms that inject into every pod, with simple templates.
private let snapshots: [Snapshot] = [
    """
    template: |
      rewriteAppHTTPProbe: true
      initContainers:
      - name: istio-init
        image: init
      containers:
      - name: istio-proxy
        image: proxy
        args: [a, b]
      volumes:
      - name: envoy
        emptyDir: {}
    """,
    """
    templates:
      sidecar: |
        metadata:
          labels: {a: b}
        spec:
          initContainers:
          - name: istio-init
            image: init
            args: [-u, "1337"]
          containers:
          - name: istio-proxy
            image: proxy
            env:
            {{- range .Spec.Containers }}
            - {name: {{ printf "%q" .Name }}, value: "{{ len .Ports }}"}
            {{- end }}
          volumes:
          - name: envoy
            emptyDir: {}
    """,
].map { template in
    do {
        return try InjectionConfiguration.compile(
            InjectionFiles(
                configuration: NamedText(name: "config", text: "policy: enabled\n\(template)\n"),
                values: NamedText(
                    name: "values",
                    text: "{global: {network: net1}, sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}}")),
            registry: StandardPlugins.registry(), options: InjectionOptions())
    } catch {
        let problem = "the configuration does not compile: \(error)\n"
        _ = write(STDERR_FILENO, problem, problem.utf8.count)
        exit(2)
    }
}

/// The answer to any body is a review in JSON, and its patch applies to the object.
func fuzzReview(_ bytes: UnsafeBufferPointer<UInt8>) {
    for snapshot in snapshots { fuzzReview(bytes, snapshot) }
}

private func fuzzReview(_ bytes: UnsafeBufferPointer<UInt8>, _ snapshot: Snapshot) {
    var output = ByteBuffer()
    _ = Pipeline.review(bytes, path: "/inject", snapshot: snapshot, into: &output)
    guard let answer = try? output.withBytes({ try JSON.read($0) }), let response = answer["response"],
        response["allowed"]?.bool != nil
    else { preconditionFailure("no review: \(output.text)") }
    guard let patch = response["patch"]?.string else { return }
    guard let decoded = Base64.decode(patch), let operations = try? JSONPatch.operations(JSON.read(decoded)),
        let object = (try? JSON.read(bytes))?["request"]?["object"],
        (try? JSONPatch.apply(operations, to: object)) != nil
    else { preconditionFailure("a patch that cannot be applied: \(patch)") }
}

/// Any manifest is injected or refused. The result parses, a second injection accepts it, and uninjection with
/// provenance restores the bytes of the manifest.
func fuzzManifest(_ bytes: UnsafeBufferPointer<UInt8>) {
    let manifest = Array(bytes)
    _ = try? Pipeline.uninject(manifest: manifest)
    for snapshot in snapshots { fuzzManifest(manifest, snapshot) }
}

private func fuzzManifest(_ manifest: [UInt8], _ snapshot: Snapshot) {
    var options = ManifestOptions()
    options.provenance = manifest.count % 2 == 0
    options.reinject = manifest.count % 3 == 0
    guard let outcome = try? Pipeline.inject(manifest: manifest, snapshot: snapshot, options: options),
        outcome.changed
    else { return }
    precondition(
        (try? YAMLReader.documents(outcome.output)) != nil,
        "cannot be read again: \(String(decoding: outcome.output, as: UTF8.self))")
    _ = try? Pipeline.inject(manifest: outcome.output, snapshot: snapshot, options: options)
    let back = try? Pipeline.uninject(manifest: outcome.output)
    guard options.provenance, let text = String(validating: manifest, as: UTF8.self),
        !text.contains("istio"), !text.contains("pillion.dev")
    else { return }
    precondition(
        back?.output == manifest,
        "the way back is not exact: \(String(decoding: outcome.output, as: UTF8.self))")
}
