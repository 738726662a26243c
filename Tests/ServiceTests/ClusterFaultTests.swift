import Glibc
import Kubernetes
import System
import TestSupport
import Testing
import Values

@testable import Service

/// Problems found next to real API servers: repeated log lines, and the characters of a webhook's path.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct ClusterFaultTests {
    private let cluster: TestCluster
    private let folder = TemporaryFolder()

    init() throws { cluster = try #require(TestCluster()) }

    private func start(_ configuration: String, _ change: (inout ServeOptions) -> Void = { _ in }) throws
        -> Service
    {
        cluster.putConfigMap("istio-system", "injector", [("config", configuration), ("values", "{}")])
        cluster.putConfigMap("istio-system", "istio", [("mesh", "trustDomain: here\n")])
        var options = ServeOptions()
        (options.httpPort, options.port, options.monitoringPort) = (0, -1, -1)
        options.cluster.kubeconfig = cluster.kubeconfig(user: "{tokenFile: token}")
        options.cluster.injectConfigMap = ObjectReference(namespace: "istio-system", name: "injector")
        options.cluster.meshConfigMap = ObjectReference(namespace: "istio-system", name: "istio")
        change(&options)
        let log = open(folder.path("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        return try Service(options, log: Log(LogLevels(.info), format: .json, descriptor: log))
    }

    private var lines: [Value] {
        text(of: folder.path("log")).split(separator: "\n").compactMap { try? JSON.read(String($0)) }
    }

    private func count(_ message: String, of what: String? = nil) -> Int {
        lines.count { $0["msg"]?.string == message && (what == nil || $0["of"]?.string == what) }
    }

    private static let plain =
        "policy: enabled\ntemplate: |\n  containers:\n  - name: proxy\n    image: proxy\n"

    /// An outage of the API server is logged once, although the message of each attempt has another number of
    /// milliseconds.
    @Test func anOutageIsSaidOnce() throws {
        let service = try start(Self.plain)
        defer { service.stop() }
        cluster.restart(seconds: 4)
        let watched = ["configmap istio-system/injector", "configmap istio-system/istio"]
        #expect(
            eventually(seconds: 60) { watched.allSatisfy { count("watch works again", of: $0) == 1 } },
            "\(lines)")
        for one in watched {
            // A cut connection and a refused one are two problems; each is logged once.
            let said = lines.filter {
                $0["msg"] == "watch interrupted, what is known stays" && $0["of"] == .string(one)
            }
            .compactMap { $0["error"]?.string.map { $0.filter { !$0.isNumber } } }
            #expect(!said.isEmpty && said.count == Set(said).count && said.count <= 3, "\(said)")
        }
    }

    /// At the start, the ConfigMaps are read twice, the second time by their watches. If they are the same, they are
    /// not loaded again.
    @Test func aStartLoadsOnce() throws {
        let service = try start("unknown: 1\n" + Self.plain)
        defer { service.stop() }
        let warnings = try state(service)["warnings"]?.array?.compactMap(\.string) ?? []
        #expect(warnings.count == 1 && warnings[0].contains("unknown"), "\(warnings)")
        #expect(
            eventually {
                (try? state(service)["watches"]?.array?.allSatisfy { $0["connected"] == true }) == true
            })
        usleep(300_000)
        #expect(count("configuration loaded") == 0, "\(lines)")
        #expect(lines.count { $0["msg"]?.string?.contains("the field \"unknown\"") == true } == 1, "\(lines)")
        #expect(try state(service)["generation"]?.int == 1)
    }

    private func state(_ service: Service) throws -> Value {
        try JSON.read(try #require(try service.client().request("GET", "/debug/config")).body)
    }

    /// A second review of an injected pod (a reinvocation) gets no patch, and the trace in the log does not end in
    /// `inject!`.
    @Test func aReinvocationIsNoDecisionToInject() throws {
        let service = try start(Self.plain)
        defer { service.stop() }
        let client = try service.client()
        func review(_ pod: Value) throws -> Value {
            let body: Value = [
                "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                "request": [
                    "uid": "u", "kind": ["group": "", "version": "v1", "kind": "Pod"], "operation": "CREATE",
                    "namespace": "shop", "object": pod,
                ],
            ]
            let answer = try #require(
                client.request(
                    "POST", "/inject", headers: [("Content-Type", "application/json")],
                    body: Array(JSON.text(body).utf8)))
            return try JSON.read(answer.body)["response"] ?? .null
        }
        let pod: Value = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "web", "namespace": "shop"],
            "spec": ["containers": [["name": "web", "image": "nginx"]]],
        ]
        let first = try review(pod)
        let patch = try JSON.read(try #require(first["patch"]?.string.flatMap { Base64.decode($0) }))
        let injected = try JSONPatch.apply(JSONPatch.operations(patch), to: pod)
        let second = try review(injected)
        #expect(second["allowed"] == true && second["patch"] == nil)
        let logged = try #require(lines.last { $0["uid"] == "u" })
        #expect(logged["result"] == "skip" && logged["reason"] == "sidecar_already_exists", "\(logged)")
        #expect(
            logged["trace"]?.string?.hasSuffix("default_policy=inject unchanged=skip!") == true, "\(logged)")
    }

    /// An API server accepts a webhook's path only without a query and with lower-case segments. Pillion's settings can
    /// be written so.
    @Test func settingsFitInAWebhooksPath() throws {
        let client = APIClient(try ClusterAccess.find(kubeconfig: cluster.kubeconfig()))
        func refusal(_ path: String, _ name: String) -> String? {
            do throws(APIError) {
                _ = try client.create(
                    [
                        "metadata": ["name": .string(name)],
                        "webhooks": [
                            [
                                "name": "injector.io", "sideEffects": "None",
                                "admissionReviewVersions": ["v1"],
                                "clientConfig": [
                                    "service": [
                                        "namespace": "pillion", "name": "pillion", "path": .string(path),
                                    ]
                                ],
                            ]
                        ],
                    ], .mutatingWebhookConfigurations)
                return nil
            } catch {
                return error.message
            }
        }
        #expect(refusal("/inject/failure-mode/allow/patch-self-check/always", "a") == nil)
        #expect(refusal("/inject/cluster/east/net/north/failure-mode/deny", "b") == nil)
        #expect(refusal("/inject?failureMode=allow", "c")?.contains("clientConfig.service.path") == true)
        #expect(refusal("/inject/failureMode/allow", "d")?.contains("clientConfig.service.path") == true)
    }
}
