import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// Predicts what an API server refuses in an injected pod, and reports it as warnings or as a refusal.
@Suite("Forecast")
struct ForecastTests {
    private static let configuration = """
        policy: enabled
        engine: literal
        templates:
          sidecar: |
            spec:
              initContainers:
              - {name: istio-init, image: init, securityContext: {capabilities: {add: [NET_ADMIN]}, runAsUser: 0}}
              containers:
              - name: istio-proxy
                image: proxy
                env: [{name: FROM, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
                readinessProbe: {httpGet: {port: 15021}}
                resources: {limits: {cpu: "1"}, requests: {cpu: 100m}}
                volumeMounts: [{name: envoy, mountPath: /e}]
              volumes: [{name: envoy, emptyDir: {}}]
        """

    private static func answer(
        _ spec: String, metadata: String = "{name: p}",
        _ change: (inout InjectionOptions) throws -> Void = { _ in }
    ) throws -> (answer: Answer, warnings: [String]) {
        var options = InjectionOptions()
        try change(&options)
        let snapshot = try Snapshots.make(configuration, options: options)
        let pod: Value = ["metadata": try YAMLReader.value(metadata), "spec": try YAMLReader.value(spec)]
        let answer = try Answer(toCreating: pod, snapshot: snapshot)
        return (answer, (answer.review["response"]?["warnings"]?.array ?? []).compactMap(\.string))
    }

    private static let own =
        "{containers: [{name: web, image: i}, {name: istio-proxy, image: auto, env: [{name: FROM, value: x}], readinessProbe: {exec: {command: [a]}}, resources: {requests: {cpu: '2'}}}], volumes: [{name: envoy, secret: {secretName: s}}]}"

    @Test func warns() throws {
        let (answer, warnings) = try Self.answer(Self.own)
        #expect(answer.allowed && !answer.patch.isEmpty)
        #expect(
            Set(answer.report.forecast) == [
                "value_duplicate", "handler_duplicate", "request_exceeds_limit", "source_duplicate",
            ])
        #expect(warnings.count == 4 && warnings.allSatisfy { $0.utf8.count <= 120 }, "\(warnings)")
        #expect(
            warnings.contains(
                "forecast: container \"istio-proxy\": variable FROM has value and valueFrom (template sidecar)"
            ),
            "\(warnings)")
    }

    /// Every Snapshot keeps a good pod, with which others are compared.
    @Test func aGoodPodBeforeHidesNothing() throws {
        let snapshot = try Snapshots.make(Self.configuration)
        func forecast(_ spec: String, as name: String) throws -> [String] {
            let pod: Value = ["metadata": ["name": .string(name)], "spec": try YAMLReader.value(spec)]
            return try Answer(toCreating: pod, snapshot: snapshot).report.forecast
        }
        #expect(try forecast("{containers: [{name: web, image: i}]}", as: "good").isEmpty)
        #expect(snapshot.memory.goodPod?.parts != nil)
        let expected = try Self.answer(Self.own).answer.report.forecast
        #expect(try forecast(Self.own, as: "bad") == expected)
    }

    @Test func deniesWithAllFindingsAtOnce() throws {
        let (answer, _) = try Self.answer(Self.own) { $0.forecast = .deny }
        #expect(!answer.allowed && answer.report.reason == .forecastRefused)
        #expect(answer.message.split(separator: "\n").count == 4, "\(answer.message)")
        let (good, warnings) = try Self.answer("{containers: [{name: web, image: i}]}") {
            $0.forecast = .deny
        }
        #expect(good.allowed && warnings.isEmpty)
    }

    @Test func canBeSwitchedOff() throws {
        let (answer, warnings) = try Self.answer(Self.own) { $0.forecast = .off }
        #expect(answer.allowed && warnings.isEmpty)
    }

    @Test(arguments: [("baseline", 1), ("restricted", 9), ("privileged", 0), ("unknown", 0)])
    func podSecurity(level: String, count: Int) throws {
        let (_, warnings) = try Self.answer("{containers: [{name: web, image: i}]}") { options in
            options.namespaceLabels["shop"] = Object([Member(PodSecurity.label, .string(level))])
        }
        #expect(warnings.count == count, "\(warnings)")
        #expect(warnings.allSatisfy { $0.contains("PodSecurity \(level)") || $0.contains("further") })
        if count > 0 { #expect(warnings.contains { $0.contains("\"istio-init\" adds NET_ADMIN") }) }
        #expect(!warnings.contains { $0.contains("web") })
    }

    @Test func limitsOfANamespace() throws {
        let range =
            "kind: LimitRange\nmetadata: {namespace: shop}\nspec: {limits: [{type: Container, max: {cpu: 500m}}]}\n"
        let quota = "kind: ResourceQuota\nspec: {hard: {requests.memory: 1Gi, pods: 9}}\n"
        let (_, warnings) = try Self.answer("{containers: [{name: web, image: i}]}") { options in
            try options.readLimits(NamedText(name: "limits", text: range + "---\n" + quota))
        }
        #expect(
            warnings.contains { $0.contains("\"istio-proxy\": LimitRange: limit of cpu above \"500m\"") },
            "\(warnings)")
        #expect(
            warnings.contains { $0.contains("\"istio-init\": ResourceQuota: must specify requests.memory") })
        #expect(!warnings.contains { $0.contains("\"web\"") })
        var options = InjectionOptions()
        #expect(throws: ConfigurationError.self) {
            try options.readLimits(NamedText(name: "l", text: "kind: Pod"))
        }
    }

    @Test(
        "what the author of a pod can act on",
        arguments: [
            (
                "{containers: [{name: web, image: i, ports: [{containerPort: 15001}]}]}",
                "port 15001 is the proxy's"
            ),
            (
                "{containers: [{name: web, image: auto}, {name: b, image: i}], hostNetwork: true}",
                "has image auto"
            ),
        ])
    func actionable(spec: String, warning: String) throws {
        let (_, warnings) = try Self.answer(spec)
        #expect(warnings.count == 1 && warnings[0].contains(warning), "\(warnings)")
    }

    @Test(arguments: [
        "{os: {name: windows}, containers: [{name: web, image: i}]}",
        "{nodeSelector: {kubernetes.io/os: windows}, containers: [{name: web, image: i}]}",
    ])
    func windowsIsLeftAlone(_ spec: String) throws {
        let (answer, warnings) = try Self.answer(spec)
        #expect(
            answer.allowed && answer.patch.isEmpty && answer.report.reason == .osWindows && warnings.isEmpty)
        // `decide` gives the same answer. A template that mentions Windows injects Windows pods too.
        let pod = try YAMLReader.value("{kind: Pod, metadata: {name: web}, spec: \(spec)}")
        let decided = Pipeline.decide(object: pod, snapshot: try Snapshots.make(Self.configuration))
        #expect(decided.first?.decision.reason == .osWindows)
        #expect(decided.first?.decision.trace.count { $0.decisive } == 1)
        let other = Self.configuration.replacing(
            "    spec:\n", with: "    # for Windows pods too\n    spec:\n")
        let also = Pipeline.decide(object: pod, snapshot: try Snapshots.make(other))
        #expect(also.first?.decision.inject == true)
    }

    @Test func misplacedAnnotation() throws {
        let snapshot = try Snapshots.make(Self.configuration)
        let manifest = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d, annotations: {sidecar.istio.io/proxyCPU: 100m}}
            spec: {template: {spec: {containers: [{name: web, image: i}]}}}

            """
        let outcome = try Pipeline.inject(manifest: Array(manifest.utf8), snapshot: snapshot)
        #expect(
            outcome.workloads.first?.notes == [
                "the annotation sidecar.istio.io/proxyCPU of the Deployment is not read: it belongs to the pod template"
            ])
    }

    /// Knative's CRDs refuse a downwardAPI volume, which Istio's templates have. `kube-inject` and the forecast of
    /// `decide` report it. Knative's pods, which the webhook injects, may have one.
    @Test func knative() throws {
        let configuration = Self.configuration.replacing(
            "emptyDir: {}",
            with: "downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}")
        let snapshot = try Snapshots.make(configuration)
        let said =
            "Knative refuses volume \"envoy\": its CRD has no downwardAPI; label the namespace and let the webhook inject "
            + "the pods instead"
        func manifest(_ version: String, _ kind: String) -> String {
            "apiVersion: \(version)\nkind: \(kind)\nmetadata: {name: hello}\n"
                + "spec: {selector: {}, template: {spec: {containers: [{name: web, image: i}]}}}\n"
        }
        for (version, kind, notes) in [
            ("serving.knative.dev/v1", "Service", [said]),
            ("serving.knative.dev/v1", "Configuration", [said]),
            ("apps/v1", "Deployment", []),
        ] {
            let text = manifest(version, kind)
            let outcome = try Pipeline.inject(manifest: Array(text.utf8), snapshot: snapshot)
            #expect(outcome.workloads.first?.notes == notes)
            let object = try YAMLReader.value(text)
            let answer = Pipeline.decide(object: object, forecast: true, snapshot: snapshot).first
            #expect(answer?.decision.warnings.map(\.message) == notes.map { "forecast: \($0)" })
            #expect(answer?.isForecastRefused == !notes.isEmpty)
        }
    }

    /// A misspelled annotation gets one warning, even if both the policy and the injection detect it.
    @Test func misspelledAnnotation() throws {
        let spec = "{containers: [{name: web, image: i}]}"
        let (_, policys) = try Self.answer(spec, metadata: "{annotations: {sidecar.istio.io/injct: 'true'}}")
        #expect(policys.count == 1 && policys[0].contains("sidecar.istio.io/inject"), "\(policys)")
        let (_, injections) = try Self.answer(
            spec, metadata: "{annotations: {sidecar.istio.io/proxyCPUU: '1'}}")
        #expect(injections.count == 1 && injections[0].contains("sidecar.istio.io/proxyCPU"), "\(injections)")
    }

    @Test func decideReportsIt() throws {
        let snapshot = try Snapshots.make(Self.configuration)
        let object: Value = [
            "kind": "Pod", "metadata": ["name": "p"], "spec": try YAMLReader.value(Self.own),
        ]
        let silent = Pipeline.decide(object: object, snapshot: snapshot)
        #expect(silent.first?.decision.warnings.isEmpty == true && silent.first?.isForecastRefused == false)
        let answers = Pipeline.decide(object: object, forecast: true, snapshot: snapshot)
        let answer = try #require(answers.first)
        #expect(answer.decision.inject && answer.isForecastRefused)
        #expect(
            answer.decision.warnings.map(\.message).contains(
                "forecast: container \"istio-proxy\": variable FROM has value and valueFrom (template sidecar)"
            ),
            "\(answer.decision.warnings)")
        let text = Array(JSON.text(object).utf8)
        let ofManifest = try Pipeline.decide(manifest: text, forecast: true, snapshot: snapshot)
        #expect(ofManifest.answers.first?.answer.decision.warnings == answer.decision.warnings)
        let good: Value = ["kind": "Pod", "spec": ["containers": [["name": "web", "image": "i"]]]]
        #expect(
            Pipeline.decide(object: good, forecast: true, snapshot: snapshot).first?.isForecastRefused
                == false)
    }

    @Test("decide reports why the injection itself would be refused")
    func decideReportsRefusals() throws {
        let snapshot = try Snapshots.make(Self.configuration)
        let pod: Value = [
            "kind": "Pod",
            "metadata": ["name": "p", "annotations": ["prometheus.istio.io/scrape-targets": "99999"]],
            "spec": ["containers": [["name": "web", "image": "i"]]],
        ]
        let answer = try #require(
            Pipeline.decide(object: pod, forecast: true, snapshot: snapshot).first)
        #expect(
            answer.isForecastRefused
                && answer.decision.warnings.contains { $0.message.contains("\"99999\" is not a valid port") },
            "\(answer.decision.warnings)")
    }

    // MARK: Comparison with the tests' own validator

    /// A pod with parts that may clash with injected ones.
    private static func hazardous(_ chance: inout GeneratedPods) -> Value {
        var containers: [Value] = [["name": "web", "image": "i"]]
        if chance.chance(40) {
            var proxy = Object([Member("name", "istio-proxy")])
            if chance.chance(70) { proxy["image"] = "auto" }
            if chance.chance(40) {
                proxy["env"] = [["name": .string(chance.pick(["FROM", "OTHER"])), "value": "x"]]
            }
            if chance.chance(30) {
                proxy["readinessProbe"] = chance.pick([
                    ["exec": ["command": ["a"]]], ["httpGet": ["port": 9]],
                ])
            }
            if chance.chance(40) {
                proxy["resources"] = [
                    "requests": ["cpu": .string(chance.pick(["2", "200m"])), "memory": "1Gi"]
                ]
            }
            if chance.chance(30) {
                proxy["volumeMounts"] = [
                    ["name": .string(chance.pick(["envoy", "none"])), "mountPath": "/e"]
                ]
            }
            containers.append(.object(proxy))
        }
        if chance.chance(20) {
            containers.append(["name": .string(chance.pick(["istio-init", "second"])), "image": "i"])
        }
        var spec = Object([Member("containers", .array(containers))])
        if chance.chance(30) {
            let source: Value = ["secretName": "s"]
            spec["volumes"] = [["name": .string(chance.pick(["envoy", "data"])), "secret": source]]
        }
        if chance.chance(20) {
            spec["initContainers"] = [["name": .string(chance.pick(["istio-init", "setup"])), "image": "i"]]
        }
        var labels = Object([Member("app", .string(String(repeating: "a", count: chance.pick([5, 63]))))])
        if chance.chance(20) { labels["version"] = "v1" }
        return ["metadata": ["name": "p", "labels": .object(labels)], "spec": .object(spec)]
    }

    @Test(
        "pods that clash with a template: the result is valid or has a warning", arguments: [false, true])
    func againstTheValidator(classic: Bool) throws {
        let template =
            "rewriteAppHTTPProbe: true\ncontainers: [{name: istio-proxy, image: p}]\ninitContainers: [{name: istio-init, image: p}]\nvolumes: [{name: envoy, emptyDir: {}}]"
        let snapshot = try Snapshots.make(
            classic
                ? "policy: enabled\nengine: literal\ntemplate: \(JSON.text(.string(template)))\n"
                : Self.configuration)
        var chance = GeneratedPods(seed: 19)
        var taken = 0
        var warned = 0
        for _ in 0..<1000 {
            let pod = Self.hazardous(&chance)
            guard PodValidator.problems(pod).isEmpty else { continue }
            let answer = try Answer(toCreating: pod, snapshot: snapshot)
            guard answer.allowed else { continue }
            let warnings = (answer.review["response"]?["warnings"]?.array ?? []).compactMap(\.string)
            let problems = PodValidator.problems(try JSONPatch.apply(answer.patch, to: pod))
            for problem in problems {
                #expect(
                    warnings.contains { problem.isNamed(in: $0) },
                    "\(problem) of \(JSON.text(pod)): \(warnings)")
            }
            if problems.isEmpty {
                taken += 1
                #expect(!warnings.contains { $0.hasPrefix("forecast: ") }, "\(warnings) of \(JSON.text(pod))")
            } else {
                warned += 1
            }
        }
        #expect(taken > 100 && warned > 50, "\(taken) taken, \(warned) warned of")
    }
}
