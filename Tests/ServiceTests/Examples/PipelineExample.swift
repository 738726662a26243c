import Injection
import Service
import Values

/// The example in the doc comment of `Pipeline`.
func pipelineExample() throws -> String {
    // example
    let configuration = NamedText(
        name: "config.yaml",
        text: """
            policy: enabled
            template: |
              containers:
              - name: helper
                image: example.org/helper:{{ .Values.tag }}
            """)
    let values = NamedText(name: "values.yaml", text: "tag: v1")
    let snapshot = try InjectionConfiguration.compile(
        InjectionFiles(configuration: configuration, values: values),
        registry: StandardPlugins.registry())

    let manifest = Array("{kind: Pod, apiVersion: v1, spec: {containers: [{name: app}]}}".utf8)
    let injected = try Pipeline.inject(manifest: manifest, snapshot: snapshot)

    let review = Array(#"{"kind": "AdmissionReview", "request": {"uid": "1", "object": {}}}"#.utf8)
    var response = ByteBuffer(capacity: 4096)
    let report = review.withUnsafeBufferPointer {
        Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &response)
    }
    // end of example
    return String(decoding: injected.output, as: UTF8.self) + "\n\(report.kind) \(response.text)"
}
