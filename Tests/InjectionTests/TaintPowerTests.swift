import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// Reports powers over the host that a template gives to a pod's author, and refuses the pod if the forecast denies.
@Suite("Powers from a pod's text")
struct TaintPowerTests {
    private static let configuration = """
        policy: enabled
        templates:
          sidecar: |
            spec:
              containers:
              - name: istio-proxy
                image: proxy
                securityContext:
                  privileged: {{ annotation .ObjectMeta `a/privileged` `false` }}
                  capabilities:
                    add:
                    - NET_ADMIN
                    {{- with index .ObjectMeta.Annotations `a/capability` }}
                    - {{ . }}
                    {{- end }}
              volumes:
              - name: v
                {{- with index .ObjectMeta.Annotations `a/volume` }}
                {{ toYaml (fromJSON .) | nindent 4 }}
                {{- else }}
                emptyDir: {}
                {{- end }}
        """

    private static func answer(_ annotations: Value, _ forecast: Forecast.Mode) throws -> Answer {
        var options = InjectionOptions()
        options.forecast = forecast
        let snapshot = try Snapshots.make(configuration, options: options)
        let pod: Value = [
            "metadata": ["name": "p", "annotations": annotations],
            "spec": ["containers": [["name": "web", "image": "i"]]],
        ]
        return try Answer(toCreating: pod, snapshot: snapshot)
    }

    @Test(arguments: [
        ("a/privileged", "true", "privileged from the annotation 'a/privileged'"),
        ("a/capability", "SYS_ADMIN", "capability SYS_ADMIN from the annotation 'a/capability'"),
        ("a/volume", #"{"hostPath":{"path":"/"}}"#, "hostPath from the annotation 'a/volume'"),
    ])
    func areNamedAndRefusedOnlyWhereTheForecastDenies(key: String, text: String, power: String) throws {
        let annotations: Value = .object(Object([Member(key, .string(text))]))
        let warned = try Self.answer(annotations, .warn)
        #expect(
            warned.allowed && warned.report.taint.powers == [power],
            "\(warned.report.taint) \(warned.message)")
        let denied = try Self.answer(annotations, .deny)
        #expect(!denied.allowed && denied.report.reason == .forecastRefused)
        #expect(denied.message.contains("a power over the host: \(power)"), "\(denied.message)")
        #expect(try Self.answer(annotations, .off).allowed)
    }

    /// Also where the text is quoted, only a part of the item, or in a list in brackets.
    @Test(arguments: [
        "add: [NET_ADMIN, {{ .x }}]", "add: [NET_ADMIN,{{ .x }}]", "add: [NET_ADMIN, \"{{ .x }}\"]",
        "add: ['{{ .x }}']", "add: [{{ quote .x }}]", "add: [{{ toJson .x }}]", "add: [\"SYS_{{ .x }}\"]",
        "\"add\": [{{ .x }}]", "add:\n- {{ quote .x }}", "add:\n- '{{ .x }}'", "add:\n- \"{{ .x }}\"",
        "add:\n- SYS_{{ .x }}", "add:\n- {{ toJson .x }}",
    ])
    func capabilityInAnyForm(item: String) throws {
        let text = item.replacing(".x", with: "(index $.ObjectMeta.Annotations `a`)")
            .replacing("\n", with: "\n              ")
        let snapshot = try Snapshots.make(
            """
            policy: enabled
            templates:
              sidecar: |
                spec:
                  containers:
                  - name: istio-proxy
                    image: proxy
                    securityContext:
                      capabilities:
                        \(text.replacing("\n", with: "\n          "))
            """)
        let pod: Value = [
            "metadata": ["name": "p", "annotations": ["a": "ADMIN"]],
            "spec": ["containers": [["name": "web", "image": "i"]]],
        ]
        let answer = try Answer(toCreating: pod, snapshot: snapshot)
        #expect(answer.report.taint.powers.count == 1, "\(answer.report.taint) \(answer.message)")
    }

    @Test func othersPass() throws {
        let answer = try Self.answer(["a/privileged": "false", "b": "hostPath"], .deny)
        #expect(answer.allowed && answer.report.taint.powers.isEmpty, "\(answer.message)")
    }
}
