import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// Surprising behaviour of Istio, and what Pillion does instead or likewise. The numbers are the rows of the table of
/// traps in COMPATIBILITY.md.
///
/// | rows | test |
/// | --- | --- |
/// | 1, 2 | `illegalPolicy`, `unrecognised` |
/// | 3, 4 | `denied` |
/// | 5 | `noController` |
/// | 6 | `ownership` |
/// | 7 | `oneAnswer` |
/// | 8 | `manifestPolicy` |
/// | 9, 16 | `overwritten` |
/// | 10, 11 | `cronJob`, `injectedBefore` |
/// | 12, 13 | `noNoise` |
/// | 14, 15 | `functions` |
/// | 17 | `hash` |
/// | 18, 20 | `kinds` here, the rest in ServiceTests (`MetricsTests`, `LifecycleTests`) |
/// | 19 | `measured` |
/// | 21, 22 | `injectedAnnotations`, `invalidAnnotations` |
@Suite("Istio's traps")
struct IstioTrapTests {
    private static func configuration(policy: String = "enabled", extra: String = "", spec: String) -> String
    {
        let indented = spec.split(separator: "\n").map { "  \($0)\n" }.joined()
        return "policy: \(policy)\nengine: literal\n\(extra)template: |\n\(indented)"
    }

    private static let proxy = "containers:\n- name: istio-proxy\n  image: proxy:1\n"

    private static func review(
        metadata: Value = ["name": "front"],
        spec: Value = ["containers": [["name": "front", "image": "front:1"]]]
    ) -> Value {
        [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "u-1", "namespace": "shop", "operation": "CREATE",
                "object": ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec],
            ],
        ]
    }

    private static func pod(_ answer: Answer, of review: Value) throws -> Value {
        try JSONPatch.apply(answer.patch, to: review["request"]?["object"] ?? .null)
    }

    private static func manifest(
        _ text: String, _ configuration: String, mesh: String = "sdsUdsPath: ''",
        _ change: (inout ManifestOptions) -> Void = { _ in }
    ) throws -> (value: Value, report: WorkloadReport, text: String) {
        var options = ManifestOptions()
        change(&options)
        let snapshot = try Snapshots.make(configuration, mesh: mesh)
        let outcome = try Pipeline.inject(manifest: Array(text.utf8), snapshot: snapshot, options: options)
        let report = try #require(outcome.workloads.first)
        return (try YAMLReader.value(outcome.output), report, String(decoding: outcome.output, as: UTF8.self))
    }

    private static let deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: front
        spec:
          template:
            metadata:
              annotations:
                sidecar.istio.io/inject: "false"
            spec:
              dnsConfig: {searches: [own]}
              securityContext: {fsGroup: 7}
              containers:
              - name: front
                image: front:1

        """

    @Test("1: an illegal policy beats the annotation")
    func illegalPolicy() throws {
        let snapshot = try Snapshots.make(Self.configuration(policy: "maybe", spec: Self.proxy))
        let wish: Value = ["annotations": ["sidecar.istio.io/inject": "true"]]
        let answer = try Answer(to: Self.review(metadata: wish), snapshot: snapshot)
        #expect(answer.allowed && answer.patch.isEmpty && answer.report.reason == .policyIllegal)
    }

    @Test("2: an annotation that is neither true nor false counts as false, with a warning")
    func unrecognised() throws {
        let snapshot = try Snapshots.make(Self.configuration(spec: Self.proxy))
        let wish: Value = ["annotations": ["sidecar.istio.io/inject": "maybe"]]
        let answer = try Answer(to: Self.review(metadata: wish), snapshot: snapshot)
        #expect(answer.allowed && answer.patch.isEmpty && answer.report.reason == .annotationUnrecognised)
    }

    @Test("3, 4: an error is denied with message, code and reason, in the version that was asked")
    func denied() throws {
        let snapshot = try Snapshots.make(Self.configuration(spec: "containers: 7\n"))
        var review = Self.review()
        review.modifyObject { $0["apiVersion"] = "admission.k8s.io/v1beta1" }
        let answer = try Answer(to: review, snapshot: snapshot)
        let status = answer.review["response"]?["status"]
        #expect(!answer.allowed && answer.review["apiVersion"] == "admission.k8s.io/v1beta1")
        #expect(status?["code"] == 500 && status?["reason"] == "InternalError")
        #expect(answer.message.hasPrefix("failed parsing generated injected YAML"))
        #expect(answer.report.error?.stage == .schema)
    }

    @Test("5: an owner without controller does not count; a review without request is answered")
    func noController() throws {
        let snapshot = try Snapshots.make(Self.configuration(spec: Self.proxy))
        let metadata: Value = [
            "generateName": "f-", "ownerReferences": [["kind": "ReplicaSet", "name": "f-abc"]],
        ]
        #expect(try Answer(to: Self.review(metadata: metadata), snapshot: snapshot).report.kind == .success)
        let nothing: Value = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": .null,
        ]
        #expect(try !Answer(to: nothing, snapshot: snapshot).allowed)
    }

    @Test(
        "6: a ReplicaSet without the hash label counts as a Deployment only in the classic form, with a note",
        arguments: [
            ("ReplicaSet", "front-abc", "abc", "Deployment front apps/v1", "Deployment front apps/v1"),
            ("ReplicaSet", "front-", "", "Deployment front apps/v1", "ReplicaSet front- apps/v1"),
            (
                "ReplicaSet", "front-abc", "xyz", "ReplicaSet front-abc apps/v1",
                "ReplicaSet front-abc apps/v1"
            ),
            ("Job", "tick-1234567890", "", "CronJob tick batch/v1beta1", "CronJob tick batch/v1"),
            ("Job", "tick-12345678", "", "Job tick-12345678 apps/v1", "CronJob tick batch/v1"),
            ("Job", "tick-12345678901", "", "Job tick-12345678901 apps/v1", "Job tick-12345678901 apps/v1"),
            ("StatefulSet", "db", "", "StatefulSet db apps/v1", "StatefulSet db apps/v1"),
        ])
    func ownership(kind: String, name: String, hash: String, classic: String, modern: String) throws {
        var metadata: Value = [
            "generateName": "x-",
            "ownerReferences": [
                ["kind": .string(kind), "name": .string(name), "apiVersion": "apps/v1", "controller": true]
            ],
        ]
        if !hash.isEmpty { metadata.modifyObject { $0["labels"] = ["pod-template-hash": .string(hash)] } }
        let pod = Pod(metadata: metadata.object ?? Object(), spec: Object())
        for (form, want) in [(PolicyConfiguration.Form.classic, classic), (.modern, modern)] {
            let owner = Ownership(of: pod, form: form)
            #expect("\(owner.kind) \(owner.name) \(owner.apiVersion)" == want)
            #expect((owner.note != nil) == (form == .classic && kind == "ReplicaSet" && hash.isEmpty))
        }
    }

    @Test("8: kube-inject ignores policy and annotation unless a flag enables them")
    func manifestPolicy() throws {
        let configuration = Self.configuration(policy: "disabled", spec: Self.proxy)
        #expect(try Self.manifest(Self.deployment, configuration).report.injected)
        let asked = try Self.manifest(Self.deployment, configuration) { $0.respectPolicy = true }
        #expect(
            !asked.report.injected && asked.report.reason == .annotationFalse && asked.text == Self.deployment
        )
    }

    @Test(
        "9, 16: the user's dnsConfig and fsGroup stay unless the template sets them, which a note reports"
    )
    func overwritten() throws {
        let quiet = try Self.manifest(Self.deployment, Self.configuration(spec: Self.proxy))
        let spec = quiet.value["spec"]?["template"]?["spec"]
        #expect(spec?["dnsConfig"]?["searches"]?[0] == "own" && spec?["securityContext"]?["fsGroup"] == 7)
        #expect(quiet.report.notes.isEmpty)
        let loud = try Self.manifest(
            Self.deployment,
            Self.configuration(
                spec: Self.proxy + "dnsConfig:\n  searches: [mesh]\nimagePullSecrets:\n- name: pull\n"),
            mesh: "{}")
        let changed = loud.value["spec"]?["template"]?["spec"]
        #expect(
            changed?["dnsConfig"]?["searches"]?[0] == "mesh"
                && changed?["securityContext"]?["fsGroup"] == 1337)
        #expect(changed?["imagePullSecrets"]?[0]?["name"] == "pull")
        #expect(loud.report.notes.count == 2)
        #expect(
            loud.value["spec"]?["template"]?["metadata"]?["labels"]?["service.istio.io/canonical-name"] == nil
        )
    }

    @Test("10: the metadata of a CronJob's pods is the job template's")
    func cronJob() throws {
        let text = """
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: tick}
            spec:
              jobTemplate:
                spec:
                  template:
                    spec:
                      containers:
                      - name: tick
                        image: tick:1
            """
        let job = try Self.manifest(text, Self.configuration(spec: Self.proxy)).value["spec"]?["jobTemplate"]
        #expect(job?["metadata"]?["annotations"]?["sidecar.istio.io/status"] != nil)
        #expect(job?["spec"]?["template"]?["metadata"] == nil)
        #expect(job?["spec"]?["template"]?["spec"]?["containers"]?[1]?["name"] == "istio-proxy")
    }

    @Test("11: an injected manifest does not change, and is injected again on request")
    func injectedBefore() throws {
        let configuration = Self.configuration(spec: Self.proxy)
        let once = try Self.manifest(Self.deployment, configuration)
        let twice = try Self.manifest(once.text, configuration)
        #expect(
            !twice.report.injected && twice.report.reason == .sidecarAlreadyExists && twice.text == once.text)
        let newer = Self.configuration(spec: Self.proxy.replacing("proxy:1", with: "proxy:2"))
        let again = try Self.manifest(once.text, newer) { $0.reinject = true }
        let containers = again.value["spec"]?["template"]?["spec"]?["containers"]?.array ?? []
        #expect(again.report.injected && containers.count == 2 && containers[1]["image"] == "proxy:2")
    }

    @Test("12, 13: only the injection is added; the revision label exists, empty by default")
    func noNoise() throws {
        let injected = try Self.manifest(Self.deployment, Self.configuration(spec: Self.proxy))
        #expect(!injected.text.contains("creationTimestamp") && !injected.text.contains("---"))
        #expect(injected.value["spec"]?["template"]?["metadata"]?["labels"]?["istio.io/rev"] == "")
    }

    @Test("17: the status names the template by its SHA-256")
    func hash() throws {
        #expect(SHA256.hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let long = String(repeating: "a", count: 1_000)
        #expect(SHA256.hex(long) == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3")
    }

    @Test("18: each review is one of success, skip and failure")
    func kinds() throws {
        let snapshot = try Snapshots.make(Self.configuration(spec: Self.proxy))
        #expect(try Answer(to: Self.review(), snapshot: snapshot).report.kind == .success)
        let hostNetwork: Value = ["hostNetwork": true, "containers": []]
        #expect(try Answer(to: Self.review(spec: hostNetwork), snapshot: snapshot).report.kind == .skip)
        #expect(try Answer(to: .null, snapshot: snapshot).report.kind == .failure)
    }

    @Test("21: injectedAnnotations overwrite the user's")
    func injectedAnnotations() throws {
        let snapshot = try Snapshots.make(
            Self.configuration(extra: "injectedAnnotations: {a/b: mesh, c: 7}\n", spec: Self.proxy))
        let review = Self.review(metadata: ["name": "front", "annotations": ["a/b": "own", "d": "own"]])
        let annotations = try Self.pod(try Answer(to: review, snapshot: snapshot), of: review)["metadata"]?[
            "annotations"]
        #expect(annotations?["a/b"] == "mesh" && annotations?["c"] == "7" && annotations?["d"] == "own")
    }

    @Test("22: invalid annotations are reported together, in the order of their names")
    func invalidAnnotations() throws {
        let snapshot = try Snapshots.make(Self.configuration(spec: Self.proxy))
        let metadata: Value = [
            "name": "front",
            "annotations": ["status.sidecar.istio.io/port": "x", "sidecar.istio.io/interceptionMode": "FOO"],
        ]
        let answer = try Answer(to: Self.review(metadata: metadata), snapshot: snapshot)
        #expect(!answer.allowed && answer.report.reason == .annotationInvalid)
        #expect(answer.message.hasPrefix("2 errors occurred:"))
        let first = try #require(answer.message.firstRange(of: "interceptionMode"))
        let second = try #require(answer.message.firstRange(of: "status.sidecar"))
        #expect(first.lowerBound < second.lowerBound)
    }

    @Test(
        "7: every request gets one answer, whatever the error",
        arguments: ["", "{", "null", "[]", "{\"request\":{\"uid\":7}}", "\u{0}", "{} {}"])
    func oneAnswer(_ body: String) throws {
        let snapshot = try Snapshots.make(Self.configuration(spec: Self.proxy))
        var output = ByteBuffer()
        let report = Array(body.utf8).withUnsafeBufferPointer {
            Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output)
        }
        // The reader accepts one value and nothing after it.
        let answer = try JSON.read(output.text)
        #expect(answer["response"]?["allowed"] == false && report.kind == .failure)
    }

    @Test(
        "14, 15: odd behaviour of Istio's functions that templates depend on",
        arguments: [
            ("{{ render `{{ .Nothing.Such }` }}", ""), ("{{ render `{{ .ObjectMeta.Name }}` }}", "front"),
            ("{{ fromJSON `{` }}", "{}"), ("{{ (fromJSON `{\"a\":1000650000}`).a }}", "1.00065e+09"),
            (#"{{ indent 2 "a\nb" | printf `%q` }}"#, #""a\n  b""#),
            ("{{ contains `b` `abc` }}", "true"), ("{{ contains `abc` `b` }}", "false"),
            ("{{ toJSON .ObjectMeta.Labels }}", #"{"a":"<1>"}"#),
            ("{{ toJson .ObjectMeta.Labels }}", #"{"a":"<1>"}"#),
        ])
    func functions(_ template: String, _ want: String) throws {
        let configuration = """
            policy: enabled
            template: |
              containers:
              - name: istio-proxy
                image: proxy:1
                args:
                - |-
                  >\(template)<
            """
        let snapshot = try Snapshots.make(configuration)
        let review = Self.review(metadata: ["name": "front", "labels": ["a": "<1>"]])
        let answer = try Answer(to: review, snapshot: snapshot)
        let proxy = try Self.pod(answer, of: review)["spec"]?["containers"]?[1]
        let escaped = want.replacing("<1>", with: "\\u003c1\\u003e")
        #expect(proxy?["args"]?[0]?.string == ">\(escaped)<", "\(answer.message)")
        // The error inside the template and its data are not in the answer.
        #expect(answer.review["response"]?["warnings"] == nil)
    }

    @Test(
        "19: the reviews of the benchmarks are injected",
        .needs(.istioConfigurations),
        arguments: [("1.6", "review-v1beta1.json"), ("1.32", "review-v1.json")])
    func measured(_ version: String, _ file: String) throws {
        let review = try JSON.read(text(of: CaseCollection.istioConfigurations.path(file)))
        let answer = try Answer(to: review, snapshot: try Snapshots.bench(version))
        let names = try Self.pod(answer, of: review)["spec"]?["containers"]?.array?.map(\.name) ?? []
        #expect(names.contains("istio-proxy") && answer.report.kind == .success)
        #expect(answer.report.patchBytes > 5_000)
    }
}
