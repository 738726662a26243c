import PluginAPI
import Testing
import Values

@testable import Injection

/// One table for each concern.
@Suite("Concerns of a pod")
struct ConcernTests {
    private static func pod(_ spec: Value, metadata: Value = [:]) -> Pod {
        Pod(metadata: metadata.object ?? Object(), spec: spec.object ?? Object())
    }

    private static func containers(_ names: String) -> Value {
        .array(names.split(separator: " ").map { ["name": .string(String($0))] })
    }

    @Test(
        "the environment of a path",
        arguments: [
            ("/inject", ""), ("/inject/", ""),
            ("/inject/cluster/c1/net/n1", "ISTIO_META_CLUSTER_ID=c1 ISTIO_META_NETWORK=n1"),
            ("/inject/cluster/c1", "ISTIO_META_CLUSTER_ID=c1"),
            ("/inject/net/a--slash--b", "ISTIO_META_NETWORK=a/b"),
            ("/inject/some_key/v/b/2", "B=2 SOME_KEY=v"), ("/inject/cluster", ""),
            ("/inject/cluster//net/n/", "ISTIO_META_CLUSTER_ID= ISTIO_META_NETWORK=n"),
            ("/inject/cluster/a/cluster/b/odd", "ISTIO_META_CLUSTER_ID=b"),
            ("/inject/:ENV:a=:ENV:=b:ENV:c:ENV:d=x=y--slash--", "A= D=x=y--slash--"),
            ("/inject/:ENV:cluster=c:ENV:net=n", "ISTIO_META_CLUSTER_ID=c ISTIO_META_NETWORK=n"),
        ])
    func pathEnvironment(_ path: String, _ want: String) {
        let found = PathEnvironment.parse(path).map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        #expect(found == want)
    }

    @Test(
        "the order of containers",
        arguments: [
            ("a istio-proxy b", false, "a b istio-proxy"), ("a istio-proxy b", true, "istio-proxy a b"),
            ("a b", true, "a b"),
        ])
    func containerOrder(_ names: String, _ hold: Bool, _ want: String) {
        var pod = Self.pod(["containers": Self.containers(names)])
        ContainerOrder.apply(to: &pod, holdApplication: hold)
        #expect(pod.containers.map(\.name).joined(separator: " ") == want)
        #expect(pod.spec["initContainers"] == nil)
    }

    @Test(
        "the order of init containers",
        arguments: [
            ("a istio-init b", "a b istio-init"), ("a istio-validation", "istio-validation a"),
            ("enable-core-dump istio-init a", "a istio-init enable-core-dump"),
            ("a istio-proxy istio-init", "istio-init istio-proxy a"),
            (
                "a enable-core-dump istio-proxy istio-validation",
                "istio-validation istio-proxy enable-core-dump a"
            ),
        ])
    func initContainerOrder(_ names: String, _ want: String) {
        var pod = Self.pod(["initContainers": Self.containers(names), "containers": Self.containers("a")])
        ContainerOrder.apply(to: &pod, holdApplication: false)
        #expect(pod.initContainers.map(\.name).joined(separator: " ") == want)
    }

    @Test(
        "probes: the proxy's record, and the probes of the injected pod",
        arguments: [
            (
                ["httpGet": ["port": "http", "path": "/x", "scheme": "HTTPS"], "timeoutSeconds": 3],
                #"{"httpGet":{"path":"/x","port":80,"scheme":"HTTPS"},"timeoutSeconds":3}"#,
                #"{"httpGet":{"port":15020,"path":"/app-health/a/readyz","scheme":"HTTP"},"timeoutSeconds":3}"#,
                "both"
            ),
            (
                ["httpGet": ["port": "missing"]], nil,
                #"{"httpGet":{"port":15020,"path":"/app-health/a/readyz"}}"#, "both"
            ),
            (
                ["httpGet": ["port": 80, "httpHeaders": [["name": "H", "value": "<v>"]]]],
                #"{"httpGet":{"port":80,"httpHeaders":[{"name":"H","value":"\u003cv\u003e"}]}}"#,
                #"{"httpGet":{"port":15020,"httpHeaders":[{"name":"H","value":"<v>"}],"path":"/app-health/a/readyz"}}"#,
                "both"
            ),
            (
                ["tcpSocket": ["port": 81], "periodSeconds": 2], #"{"tcpSocket":{"port":81}}"#,
                #"{"httpGet":{"path":"/app-health/a/readyz","port":15020},"periodSeconds":2}"#, "modern"
            ),
            (
                ["grpc": ["port": 5]], #"{"grpc":{"port":5,"service":null}}"#,
                #"{"httpGet":{"path":"/app-health/a/readyz","port":15020}}"#, "modern"
            ),
            (
                ["httpGet": ["port": 15020]], nil,
                #"{"httpGet":{"port":15020,"path":"/app-health/a/readyz"}}"#, "modern"
            ),
            (["exec": ["command": ["x"]]], nil, #"{"exec":{"command":["x"]}}"#, "both"),
            (
                ["httpGet": ["port": "8080"]], nil,
                #"{"httpGet":{"port":15020,"path":"/app-health/a/readyz"}}"#, "both"
            ),
            (
                ["httpGet": ["port": "status"]], #"{"httpGet":{"port":15020}}"#,
                #"{"httpGet":{"port":15020,"path":"/app-health/a/readyz"}}"#, "both"
            ),
            (
                ["grpc": ["port": 15020, "service": ""]], #"{"grpc":{"port":15020,"service":""}}"#,
                #"{"httpGet":{"path":"/app-health/a/readyz","port":15020}}"#, "modern"
            ),
            (
                ["httpGet": [:]], #"{"httpGet":{"port":0}}"#,
                #"{"httpGet":{"path":"/app-health/a/readyz","port":15020}}"#, "both"
            ),
            ([:], nil, "{}", "both"),
        ] as [(Value, String?, String, String)])
    func probes(_ probe: Value, _ recorded: String?, _ rewritten: String, _ forms: String) {
        for form in [PolicyConfiguration.Form.classic, .modern]
        where forms == "both" || forms == form.rawValue {
            var pod = Self.pod([
                "containers": [
                    [
                        "name": "a",
                        "ports": [
                            ["name": "http", "containerPort": 80],
                            ["name": "status", "containerPort": 15020], ["containerPort": 81],
                        ],
                        "readinessProbe": probe,
                    ],
                    ["name": "istio-proxy", "readinessProbe": ["httpGet": ["port": 1]]],
                ]
            ])
            let probes = Probes(form: form, statusPort: 15020, meshStatusPort: 15020)
            let record = probes.record(pod)
            #expect(record["/app-health/a/readyz"].map(GoText.json) == recorded)
            #expect(record.count == (recorded == nil ? 0 : 1))
            probes.rewrite(&pod)
            #expect(JSON.text(pod.containers[0]["readinessProbe"] ?? .null) == rewritten)
            #expect(pod.containers[1]["readinessProbe"] == ["httpGet": ["port": 1]])
        }
    }

    @Test(
        "Prometheus: the proxy's variable, or the error",
        arguments: [
            ([:], "", "/stats/prometheus"), (["prometheus.io/port": "15020"], "", nil),
            (["prometheus.io/scrape": "false", "prometheus.io/port": "1"], "", nil),
            (["prometheus·io_scrape": "false", "prometheus.io/port": "1"], "", nil),
            (
                ["prometheus.io/port": "9", "prometheus_io.path": "/m"],
                #"{"scrape":"","path":"/m","port":"9"}"#, "/stats/prometheus"
            ),
            (
                ["prometheus.istio.io/scrape-targets": "80, 81:/x"],
                #"{"scrape":"","path":"/metrics","port":"80","targets":[{"port":"80","path":"/metrics"},{"port":"81","path":"/x"}]}"#,
                "/stats/prometheus"
            ),
            (["prometheus.istio.io/scrape-targets": "0"], "!\"0\" is not a valid port", nil),
            (
                ["prometheus.istio.io/scrape-targets": " 80 : /a , :/b,, 081 "],
                #"{"scrape":"","path":"/a","port":"80","targets":[{"port":"80","path":"/a"},{"port":"081","path":"/metrics"}]}"#,
                "/stats/prometheus"
            ),
            (["prometheus.istio.io/scrape-targets": "015020"], "!port 15020 is the proxy's status port", nil),
            (["prometheus.io/port": "http"], "!'prometheus.io/port': \"http\" is not a valid port", nil),
            (["prometheus.io/port": " 80"], "!\" 80\" is not a valid port", nil),
            (["prometheus.io/port": "65536"], "!\"65536\" is not a valid port", nil),
            (["prometheus.io/port": "15090"], "!port 15090 is reserved for the proxy", nil),
            (["prometheus.istio.io/scrape-targets": "15090:/x"], "!port 15090 is reserved", nil),
            (["prometheus.istio.io/scrape-targets": "15020"], "!port 15020 is the proxy's status port", nil),
        ] as [(Value, String, String?)])
    func prometheus(_ annotations: Value, _ told: String, _ path: String?) {
        var pod = Self.pod(
            ["containers": Self.containers("a istio-proxy")], metadata: ["annotations": annotations])
        do {
            let ignoresEntry = try PrometheusMerge(statusPort: 15020).apply(to: &pod)
            #expect(ignoresEntry == JSON.text(annotations).contains(":/b"))
            #expect((Environment.value(of: ProxyVariable.prometheus, in: pod.proxy) ?? "") == told)
            #expect(pod.annotation("prometheus.io/path") == path)
            #expect(pod.annotation("prometheus.istio.io/scrape-targets") == nil)
        } catch {
            #expect(told.hasPrefix("!") && error.message.contains(told.dropFirst()), "\(error.message)")
        }
    }

    @Test(
        "concurrency is the number of processors unless the template sets it",
        arguments: [
            ([], ["limits": ["cpu": "1500m"]], "--concurrency 2"),
            ([], ["requests": ["cpu": 1]], "--concurrency 1"),
            (["-concurrency=3"], ["limits": ["cpu": "2"]], "-concurrency=3"),
            (["--concurrency", "3"], ["limits": ["cpu": "2"]], "--concurrency 3"), (["x"], [:], "x"),
            (["--concurrency", "0"], ["limits": ["cpu": "2"]], "--concurrency 0 --concurrency 2"),
            (["--concurrency"], ["limits": ["cpu": "2"]], "--concurrency --concurrency 2"),
            (["--concurrency=x"], ["limits": ["cpu": "2"]], "--concurrency=x --concurrency 2"),
            ([], ["limits": ["cpu": "0"], "requests": ["cpu": "100m"]], "--concurrency 1"),
            ([], ["limits": ["cpu": "0"]], ""),
        ] as [(Value, Value, String)])
    func concurrency(_ arguments: Value, _ resources: Value, _ want: String) {
        var proxy = Object([Member("args", arguments), Member("resources", resources)])
        Concurrency.complete(&proxy)
        let found = (proxy["args"]?.array ?? []).compactMap(\.string)
        #expect(found.joined(separator: " ") == want)
    }

    @Test(
        "canonical labels",
        arguments: [
            ([:], "owner latest"), (["app": "a", "version": "v"], "a v"),
            (["app.kubernetes.io/name": "n", "app": "a", "app.kubernetes.io/version": "1"], "n 1"),
            (["service.istio.io/canonical-name": "c", "app": "a"], "c latest"),
        ] as [(Value, String)])
    func canonicalLabels(_ labels: Value, _ want: String) {
        var pod = Self.pod([:], metadata: ["labels": labels])
        CanonicalLabels.apply(to: &pod, workload: "owner")
        #expect(
            "\(pod.label(MetadataKey.canonicalName) ?? "") \(pod.label(MetadataKey.canonicalRevision) ?? "")"
                == want)
    }

    @Test(
        "kinds that hold a pod template",
        arguments: [
            ("Pod", "v1", ""), ("Deployment", "apps/v1", "/spec/template"),
            ("Deployment", "extensions/v1beta1", "/spec/template"),
            ("Deployment", "example.com/v1", nil),
            ("CronJob", "batch/v2alpha1", "/spec/jobTemplate/spec/template"),
            ("Rollout", "argoproj.io/v1alpha1", "/spec/template"), ("Service", "v1", nil),
            ("Service", "serving.knative.dev/v1", "/spec/template"), ("Own", "example.com/v1", "/spec/pod"),
            ("Any", "whatever/v1", "/pods"), ("Job", "batch.volcano.sh/v1alpha1", "/spec/tasks/*/template"),
            ("Workflow", "argoproj.io/v1alpha1", nil), ("Deployment", "", nil),
        ])
    func kinds(_ kind: String, _ apiVersion: String, _ pointer: String?) {
        let given = ["Own.example.com=spec.pod", "Any=pods"].compactMap { PodTemplatePath($0) }
        let paths = WorkloadKinds.paths(kind: kind, apiVersion: apiVersion, given: given)
        #expect(paths.map { JSONPointer($0).description } == (pointer.map { [$0] } ?? []))
    }

    @Test(
        "what is no path of a pod template", arguments: ["", "Kind", "Kind=", "=a", "Kind=a..b", "Kind.g=.a"])
    func badPaths(_ text: String) {
        #expect(PodTemplatePath(text) == nil)
    }

    @Test("the cache keeps requested entries, within its bytes")
    func cache() {
        func key(_ number: Int) -> CacheKey {
            CacheKey([UInt8](repeating: UInt8(number % 251), count: 100) + [UInt8(number / 251)])
        }
        let cache = BoundedCache<Int>(bytes: 16_384)
        for number in 0..<1_000 {
            cache.keep(number, for: key(number), size: 100)
            _ = cache.answer(for: key(0))
        }
        #expect(cache.answer(for: key(0)) == 0)
        #expect(cache.answer(for: key(1)) == nil)
        cache.keep(7, for: CacheKey([1]), size: 100_000)
        #expect(cache.answer(for: CacheKey([1])) == nil)
        let none = BoundedCache<Int>(bytes: 0)
        none.keep(1, for: CacheKey([1]), size: 1)
        #expect(none.answer(for: CacheKey([1])) == nil)
    }

    @Test("lines of a rendered text can be shown on a terminal")
    func excerpt() {
        let text = Array("first\n\tb: \u{1b}[31mc: d\n".utf8)
        #expect(
            SourceText(text).excerpt(around: SourcePosition(line: 2, column: 5))
                == "1 | first\n2 |  b: .[31mc: d\n  |     ^")
        #expect(SourceText(text).excerpt(around: SourcePosition(line: 1, column: 1)) == "1 | first\n  | ^")
    }
}
