import Injection
import PluginAPI
import TestSupport
import Testing
import Values

/// A cached answer is equal byte for byte to a new one, and is used only if nothing relevant differs.
@Suite("Caches")
struct CacheTests {
    private static func answer(_ body: String, _ snapshot: Snapshot, path: String = "/inject") -> String {
        var output = ByteBuffer()
        _ = Array(body.utf8).withUnsafeBufferPointer {
            Pipeline.review($0, path: path, snapshot: snapshot, into: &output)
        }
        return output.text
    }

    private static func snapshot(_ configuration: String, cacheBytes: Int) throws -> (Snapshot, CacheCounters)
    {
        var options = InjectionOptions()
        options.cacheBytes = cacheBytes
        let snapshot = try Snapshots.make(
            configuration, values: "sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}", options: options)
        return (snapshot, options.cacheCounters)
    }

    private static func review(_ pod: Value, uid: String, version: String = "v1") -> Value {
        [
            "apiVersion": .string("admission.k8s.io/\(version)"), "kind": "AdmissionReview",
            "request": [
                "uid": .string(uid), "namespace": "shop", "operation": "CREATE", "object": pod,
                "userInfo": ["username": "system:serviceaccount:kube-system:replicaset-controller"],
            ],
        ]
    }

    @Test(
        "mixed traffic gets the same answers as without caches",
        arguments: [ManifestTextTests.configuration, WayBackTests.modern], [192 << 10, 512 << 10, 4 << 20])
    func mixedTraffic(_ configuration: String, _ cacheBytes: Int) throws {
        let (plain, _) = try Self.snapshot(configuration, cacheBytes: 0)
        let (caching, counters) = try Self.snapshot(configuration, cacheBytes: cacheBytes)
        var chance = GeneratedPods(seed: 99)
        var pods: [Value] = []
        for number in 0..<150 {
            var pod = chance.chance(40) || pods.isEmpty ? chance.pod() : chance.pick(pods.suffix(12))
            if chance.chance(30) {
                pod.modifyObject { pod in
                    pod.modify("metadata") { metadata in
                        metadata.modifyObject { $0["managedFields"] = [["time": .int(Int64(number))]] }
                    }
                }
            }
            pods.append(pod)
            var review = Self.review(pod, uid: "uid-\(number)", version: chance.pick(["v1", "v1beta1"]))
            if chance.chance(10) {
                review.modifyObject {
                    $0.modify("request") { $0.modifyObject { $0["operation"] = "UPDATE" } }
                }
            }
            let body = JSON.text(review, style: chance.chance(20) ? .pretty(1) : .compact)
            let path = chance.pick(["/inject", "/inject", "/inject/cluster/c1/net/n1"])
            #expect(
                Self.answer(body, caching, path: path) == Self.answer(body, plain, path: path), "\(number)")
        }
        #expect(counters.answers.hits > 0 && counters.blocks.hits > 0)
        let caches = [counters.answers, counters.reviews, counters.outputs, counters.blocks]
        #expect(caches.reduce(0) { $0 + $1.bytes } <= cacheBytes)
    }

    @Test(
        "slightly different pods of one workload get the same answers as without caches",
        arguments: [1, 2, 3])
    func workload(_ seed: UInt64) throws {
        let (plain, _) = try Self.snapshot(WayBackTests.modern, cacheBytes: 0)
        let (caching, counters) = try Self.snapshot(WayBackTests.modern, cacheBytes: 4 << 20)
        var chance = GeneratedPods(seed: seed)
        let first = chance.pod()
        for number in 0..<60 {
            var pod = chance.chance(90) ? first : chance.pod()
            pod.modifyObject { pod in
                pod.modify("metadata") { metadata in
                    metadata.modifyObject {
                        $0["generateName"] = .string("reviews-\(number)-")
                        $0.modify("labels") { $0.modifyObject { $0["version"] = .string("v\(number)") } }
                    }
                }
                pod.modify("spec") { spec in
                    spec.modifyObject {
                        $0.modify("volumes") {
                            $0.modifyArray {
                                $0.append(["name": .string("token-\(number)"), "emptyDir": [:]])
                            }
                        }
                    }
                }
            }
            let body = JSON.text(Self.review(pod, uid: "uid-\(number)"))
            #expect(Self.answer(body, caching) == Self.answer(body, plain), "\(number)")
        }
        #expect(counters.reviews.hits > 20 && counters.answers.hits == 0)
        #expect(counters.reviews.bytes > 0 && counters.reviews.bytes <= 1 << 20)
    }

    @Test("which reviews are of one workload")
    func workloads() throws {
        let (snapshot, counters) = try Self.snapshot(ManifestTextTests.configuration, cacheBytes: 4 << 20)
        func isKnown(_ metadata: Value) -> Bool {
            let hits = counters.reviews.hits
            // Most of the review is the same, so the first one stays in the cache.
            let env: [Value] = (0..<20).map { ["name": .string("VARIABLE_\($0)"), "value": "same"] }
            let pod: Value = [
                "metadata": metadata, "spec": ["containers": [["name": "a", "env": .array(env)]]],
            ]
            _ = Self.answer(JSON.text(Self.review(pod, uid: "\(counters.reviews.misses)-\(hits)")), snapshot)
            return counters.reviews.hits > hits
        }
        #expect(!isKnown(["generateName": "web-5d8f-"]))
        // A pod of another ReplicaSet of the same Deployment.
        #expect(isKnown(["generateName": "web-77aa-"]))
        #expect(!isKnown(["generateName": "db-77aa-"]))
        #expect(!isKnown(["name": "alone"]))
        #expect(isKnown(["name": "alone", "labels": ["a": "b"]]))
        #expect(!isKnown(["generateName": 5]))
        #expect(isKnown(["labels": ["nobody": "has a name"]]))
    }

    @Test("a review that has little in common with its workload's last one replaces it")
    func replacedReview() throws {
        let (snapshot, counters) = try Self.snapshot(ManifestTextTests.configuration, cacheBytes: 4 << 20)
        func ask(_ number: Int, _ text: String) -> (hits: UInt64, misses: UInt64) {
            let env: [Value] = (0..<20).map { ["name": .string("\(text)_\($0)"), "value": .string(text)] }
            let pod: Value = [
                "metadata": ["generateName": "web-1-"],
                "spec": ["containers": [["name": "a", "env": .array(env)]]],
            ]
            _ = Self.answer(
                JSON.text(Self.review(pod, uid: "\(number)", version: number % 2 == 0 ? "v1" : "v1beta1")),
                snapshot)
            return (counters.reviews.hits, counters.reviews.misses)
        }
        #expect(ask(0, "first") == (0, 1))
        #expect(ask(1, "first") == (1, 1))
        // A hit without use: the entry is removed, and the next review is stored.
        #expect(ask(2, "second") == (2, 1))
        #expect(ask(3, "second") == (2, 2))
        #expect(ask(4, "second").hits == 2)
        _ = ask(5, "third")
        #expect(ask(6, "third") == (3, 3))
    }

    @Test("templates with random functions are rendered each time")
    func impureTemplates() throws {
        func configuration(_ call: String) -> String {
            """
            policy: enabled
            defaultTemplates: [sidecar]
            templates:
              sidecar: |
                metadata: {annotations: {chance: "{{ \(call) }}"}}
            """
        }
        var options = InjectionOptions()
        options.allowsImpureFunctions = true
        let pod: Value = ["metadata": ["name": "a"], "spec": ["containers": [["name": "a"]]]]
        let body = JSON.text(Self.review(pod, uid: "u"))
        for (call, isKept) in [("randAlphaNum 30", false), ("upper `a`", true)] {
            let snapshot = try Snapshots.make(configuration(call), options: options)
            let first = Self.answer(body, snapshot)
            #expect(first.contains("\"patch\""))
            #expect((Self.answer(body, snapshot) == first) == isKept)
            #expect((options.cacheCounters.answers.hits > 0) == isKept)
        }
        options.allowsImpureFunctions = false
        #expect(throws: ConfigurationError.self) {
            try Snapshots.make(configuration("now"), options: options)
        }
    }

    @Test("a new Snapshot starts with empty caches, and the replaced one frees its bytes")
    func replaced() throws {
        var options = InjectionOptions()
        let counters = CacheCounters()
        options.cacheCounters = counters
        let body = JSON.text(Self.review(["spec": ["containers": [["name": "a"]]]], uid: "1"))
        do {
            let first = try Snapshots.make(ManifestTextTests.configuration, options: options)
            _ = Self.answer(body, first)
            _ = Self.answer(body, first)
            #expect(counters.answers.hits == 1 && counters.answers.bytes > body.utf8.count)
            let changed = ManifestTextTests.configuration.replacing(
                "policy: enabled", with: "policy: disabled")
            let second = try Snapshots.make(changed, options: options)
            #expect(Self.answer(body, second) != Self.answer(body, first))
        }
        #expect(counters.answers.bytes == 0 && counters.blocks.bytes == 0 && counters.reviews.bytes == 0)
    }

    @Test("a cache of no bytes stores nothing")
    func off() throws {
        let (snapshot, counters) = try Self.snapshot(ManifestTextTests.configuration, cacheBytes: 0)
        let body = JSON.text(Self.review(["spec": ["containers": [["name": "a"]]]], uid: "1"))
        for _ in 0..<3 { _ = Self.answer(body, snapshot) }
        #expect(counters.answers.hits == 0 && counters.answers.misses == 0 && counters.answers.bytes == 0)
        #expect(counters.reviews.misses == 0 && counters.reviews.bytes == 0)
    }

    /// Bodies that are similar to a cached one but must not be taken for it.
    private static let lookalikes = [
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","uid":"2","object":{"metadata":{}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","\u0075id":"2","object":{"metadata":{}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"a\"b","object":{"metadata":{}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"é","object":{"metadata":{}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":7,"object":{"metadata":{}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"object":{"metadata":{}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{"managedFields":[}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{"managedFields":[1e999]}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{"managedFields":}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{"managedFields":1,"managedFields":[2]}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{},"metadata":{"name":"x"}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{}},"object":{"kind":"Service"}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{}}},"request":{"uid":"2"}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{}}}}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{}}}} x"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":[{"metadata":{}}]}}"#,
        #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":"managedFields"}}}"#,
        "", "{", "[]", "null", #"{"request":"uid"}"#, #"{"request":{"uid":"#, #"{"request":{"uid":""#,
    ]

    @Test("bodies that are spelt in unusual ways", arguments: lookalikes)
    func unusual(_ body: String) throws {
        let (plain, _) = try Self.snapshot(ManifestTextTests.configuration, cacheBytes: 0)
        let (caching, _) = try Self.snapshot(ManifestTextTests.configuration, cacheBytes: 1 << 20)
        for known in Self.lookalikes + [
            #"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"metadata":{}}}}"#
        ] {
            _ = Self.answer(known, caching)
        }
        #expect(Self.answer(body, caching) == Self.answer(body, plain))
    }

    @Test("a uid of another length, managedFields before and after it")
    func places() throws {
        let (plain, _) = try Self.snapshot(ManifestTextTests.configuration, cacheBytes: 0)
        let (caching, counters) = try Self.snapshot(ManifestTextTests.configuration, cacheBytes: 1 << 20)
        let fields = ["[]", "{\"f:spec\": {\"a\": \"]}\"}}", "null", "12", "[[[[\"x\\\"\"]]]]"]
        for isFirst in [true, false] {
            for (index, field) in fields.enumerated() {
                let uid = "\"uid\":\"\(String(repeating: "u", count: index))\","
                let object = #""object":{"metadata":{"managedFields":\#(field),"name":"a"},"spec":{}},"#
                let members = isFirst ? uid + object : object + uid
                let body = #"{"apiVersion":"admission.k8s.io/v1","request":{\#(members)"namespace":"n"}}"#
                #expect(Self.answer(body, caching) == Self.answer(body, plain), "\(body)")
            }
        }
        #expect(counters.answers.hits == UInt64(2 * (fields.count - 1)))
    }
}
