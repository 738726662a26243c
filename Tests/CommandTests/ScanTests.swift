import Glibc
import TestSupport
import Testing
import Values

/// Runs `pillion scan` against a server that implements the Kubernetes API, and on a terminal. The cases `scan-….case`
/// read streams.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct ScanTests {
    private static let configuration = """
        policy: enabled
        defaultTemplates: [sidecar]
        templates:
          sidecar: |
            spec:
              containers:
              - name: istio-proxy
                image: {{ .Values.image }}

        """

    private let cluster: TestCluster
    private let folder = TemporaryFolder()

    init() throws {
        cluster = try #require(TestCluster())
        cluster.putConfigMap(
            "istio-system", "istio-sidecar-injector",
            [("config", Self.configuration), ("values", #"{"image":"proxy:2"}"#)])
        cluster.putConfigMap("istio-system", "istio", [("mesh", "enablePrometheusMerge: false")])
        for (name, label) in [("shop", "enabled"), ("plain", "disabled")] {
            cluster.put(
                "namespaces", nil,
                ["metadata": ["name": .string(name), "labels": ["istio-injection": .string(label)]]])
        }
    }

    private func scan(_ arguments: String..., environment: [String: String] = [:]) -> ProcessResult {
        var environment = environment
        if environment.isEmpty { environment = ["KUBECONFIG": cluster.kubeconfig()] }
        return run(pillionBinary, ["scan"] + arguments, environment: environment, in: folder.root)
    }

    /// A pod of a Deployment, with a sidecar of that image, or without one if it is nil.
    private func pod(_ owner: String, _ number: Int, sidecar: String?) -> Value {
        var containers: [Value] = [["name": "app", "image": "app:1"]]
        var annotations: Value = [:]
        if let sidecar {
            containers.append(["name": "istio-proxy", "image": .string(sidecar)])
            annotations = [
                "sidecar.istio.io/status":
                    #"{"initContainers":null,"containers":["istio-proxy"],"volumes":null,"imagePullSecrets":null,"revision":"default"}"#
            ]
        }
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        let suffix = String([1, 27, 729].map { letters[number / $0 % 27] }) + "xx"
        return [
            "metadata": [
                "name": .string("\(owner)-7c5f9d6b4-\(suffix)"),
                "generateName": .string("\(owner)-7c5f9d6b4-"),
                "namespace": "shop", "labels": ["app": .string(owner), "pod-template-hash": "7c5f9d6b4"],
                "annotations": annotations,
                "ownerReferences": [
                    [
                        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": .string("\(owner)-7c5f9d6b4"),
                        "uid": "1", "controller": true,
                    ]
                ],
            ],
            "spec": ["containers": .array(containers), "nodeName": .string("node-\(number)")],
            "status": ["phase": "Running"],
        ]
    }

    private func put(_ namespace: String, _ owner: String, _ count: Int, sidecar: String?) {
        for number in 0..<count {
            var pod = pod(owner, number, sidecar: sidecar)
            pod.modifyObject { pod in
                pod.modify("metadata") { $0.modifyObject { $0["namespace"] = .string(namespace) } }
            }
            cluster.put("pods", namespace, pod)
        }
    }

    private func fill() {
        put("shop", "web", 3, sidecar: "proxy:2")
        put("shop", "cart", 2, sidecar: "proxy:1")
        put("shop", "late", 1, sidecar: nil)
        put("plain", "left", 1, sidecar: "proxy:2")
        put("plain", "none", 2, sidecar: nil)
    }

    private static let table = """
        NAMESPACE  OWNER            CURRENT  STALE  MISSED  ORPHAN  BROKEN  WHAT
        plain      Deployment/left        0      0       0       1       0  the namespace's labels keep the API \
        server from asking for a sidecar: rev.namespace.sidecar-injector.istio.io: namespaceSelector expects \
        istio.io/rev=default, …
        shop       Deployment/cart        0      2       0       0       0  /spec/containers/istio-proxy/image: \
        found "proxy:1", expected "proxy:2"
        shop       Deployment/late        0      0       1       0       0  the pod has no sidecar, and would get \
        one: the default policy is enabled and no rule before it speaks for or against

        """

    @Test func tablesOfClusters() {
        fill()
        let result = scan()
        #expect(result.status == 3)
        #expect(
            result.output == Self.table + "9 pods: 5 current, 2 stale, 1 missed, 1 orphan, 0 broken\n")
        #expect(result.errors.isEmpty, "\(result.errors)")
        #expect(scan("--all").output.contains("shop       Deployment/web         3      0"))
        let shop = scan("-n", "shop", "--fail-on", "broken")
        #expect(shop.status == 0)
        #expect(shop.output.hasSuffix("6 pods: 3 current, 2 stale, 1 missed, 0 orphan, 0 broken\n"))
        #expect(scan("-n", "empty").output == "0 pods: 0 current, 0 stale, 0 missed, 0 orphan, 0 broken\n")
        #expect(scan("-n", "empty").status == 0)
    }

    @Test func jsonAndRestartLines() throws {
        fill()
        let answer = try JSON.read(scan("-o", "json", "--template-lines").output)
        #expect(
            answer["total"] == ["pods": 9, "current": 5, "stale": 2, "missed": 1, "orphan": 1, "broken": 0])
        #expect(
            answer["pods"]?.array?.map { $0["verdict"]?.string ?? "" } == [
                "orphan", "stale", "stale", "missed",
            ])
        let stale = answer["pods"]?.array?[1]
        #expect(stale?["owner"] == ["kind": "Deployment", "name": "cart"])
        #expect(
            stale?["differences"]?.array?.first?["path"] == "/spec/containers/istio-proxy/image",
            "\(stale.map { JSON.text($0) } ?? "")")
        #expect(answer["owners"]?.array?.count == 3)
        let restart = scan("-o", "restart")
        #expect(restart.output == "kubectl rollout restart deployment/cart -n shop\n")
        #expect(restart.status == 3 && restart.errors.isEmpty)
    }

    /// The webhook configurations of the cluster decide whether its API server calls a webhook for a pod.
    @Test func webhooksOfTheClusterDecide() {
        fill()
        cluster.put(
            "mutatingwebhookconfigurations", nil,
            [
                "metadata": ["name": "injector"],
                "webhooks": [
                    [
                        "name": "a.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                        "clientConfig": ["service": ["name": "i", "namespace": "i", "path": "/inject"]],
                        "rules": [
                            [
                                "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
                                "resources": ["pods"],
                            ]
                        ],
                        "namespaceSelector": ["matchLabels": ["inject": "yes"]],
                    ]
                ],
            ])
        let result = scan()
        #expect(
            result.output.hasSuffix("9 pods: 3 current, 0 stale, 0 missed, 6 orphan, 0 broken\n"),
            "\(result.output)")
    }

    @Test func pagesOfClusters() throws {
        put("shop", "web", 250, sidecar: "proxy:2")
        cluster.set(["offersRest": true])
        _ = cluster.takeLog()
        let answer = try JSON.read(scan("-o", "json").output)
        #expect(answer["total"]?["current"] == 250)
        let pages = cluster.takeLog().requests.filter {
            $0["path"]?.string?.hasPrefix("/api/v1/pods?") == true
        }
        #expect(pages.count == 3)
        // The scan continues if the server no longer has a page.
        cluster.expireContinuations(1)
        #expect(try JSON.read(scan("-o", "json").output)["total"]?["current"] == 250)
    }

    /// Names each object that it may not read with the missing right, and reports the rest.
    @Test func missingRights() {
        fill()
        let all: [Value] = ["get", "list", "watch"]
        func rules(_ resources: Value...) {
            cluster.setRules([
                [
                    "apiGroups": ["", "admissionregistration.k8s.io"], "resources": .array(resources),
                    "verbs": .array(all),
                ]
            ])
        }
        rules("configmaps", "pods", "mutatingwebhookconfigurations")
        let blind = scan()
        #expect(blind.status == 3)
        #expect(
            blind.errors.contains("labels of namespaces are not known: cannot list namespaces"),
            "\(blind.errors)")
        #expect(blind.errors.contains("expected a role that allows list on namespaces"), "\(blind.errors)")
        #expect(
            blind.errors.contains("9 pods are in namespaces whose labels are not known"), "\(blind.errors)")
        rules("configmaps", "pods", "namespaces")
        let unasked = scan()
        #expect(unasked.errors.contains("webhook configurations are not known: "), "\(unasked.errors)")
        #expect(unasked.output.hasSuffix("9 pods: 5 current, 2 stale, 1 missed, 1 orphan, 0 broken\n"))
        rules("configmaps", "namespaces", "mutatingwebhookconfigurations")
        let refused = scan()
        #expect(refused.status == 1 && refused.output.isEmpty)
        #expect(refused.errors.contains("cannot list pods"), "\(refused.errors)")
        #expect(refused.errors.contains("expected a role that allows list on pods"), "\(refused.errors)")
        let nowhere = scan(environment: ["HOME": "/nonexistent"])
        #expect(nowhere.status == 2 && nowhere.output.isEmpty)
        #expect(nowhere.errors.contains("there is no cluster to query"), "\(nowhere.errors)")
    }

    /// Requests a page again after a cut connection; prints what it has read if that does not help.
    @Test func brokenLists() {
        put("shop", "web", 150, sidecar: "proxy:1")
        // The requests before it: ConfigMaps, webhook configurations, namespaces and the first page.
        cluster.fail(Array(repeating: .null, count: 5) + [["cut": true]])
        let cut = scan()
        #expect(cut.status == 3)
        #expect(
            cut.output.hasSuffix("150 pods: 0 current, 150 stale, 0 missed, 0 orphan, 0 broken\n"),
            "\(cut.errors)")
        cluster.expireContinuations(1)
        let gone = scan()
        #expect(gone.status == 1)
        #expect(gone.output.hasSuffix("100 pods: 0 current, 100 stale, 0 missed, 0 orphan, 0 broken\n"))
        #expect(
            gone.errors.contains("The provided continue parameter is too old; the first 100 pods were read"),
            "\(gone.errors)")
        cluster.expireContinuations(1)
        #expect(scan("-o", "restart").output == "kubectl rollout restart deployment/web -n shop\n")
    }

    /// Twelve times as many pods need no more memory, except for their owners.
    @Test func memoryIsThatOfAPage() throws {
        func memory() throws -> Int {
            let script = """
                import os, subprocess, sys
                process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
                _, status, used = os.wait4(process.pid, 0)
                print(used.ru_maxrss)
                sys.exit(status >> 8)
                """
            let result = run(
                "/usr/bin/env", ["python3", "-c", script, pillionBinary, "scan", "-o", "json", "--all"],
                environment: ["KUBECONFIG": cluster.kubeconfig(), "PATH": "/usr/bin:/bin"], in: folder.root)
            #expect(result.status == 0, "\(result.errors)")
            return try #require(Int(result.output.filter(\.isNumber)))
        }
        put("shop", "web", 100, sidecar: "proxy:2")
        let small = try memory()
        for owner in 0..<11 { put("shop", "web-\(owner)", 100, sidecar: "proxy:2") }
        let large = try memory()
        #expect(large - small < 6 << 10, "\(small) and \(large) KiB")
        #expect(large < 64 << 10)
    }

    // MARK: Terminals

    /// Shows progress: standard error is a terminal, and the second half of the stream arrives late.
    @Test func showsProgressOnTerminals() {
        let shell = #"(cat pods; sleep 1; cat pods) | "$0" "$@""#
        folder.write(Self.configuration, to: "config")
        folder.write("image: proxy:2\n", to: "values")
        var pods = ""
        for number in 0..<256 { pods += JSON.text(typed(pod("web", number, sidecar: "proxy:2"))) + "\n" }
        folder.write(pods, to: "pods")
        let command = [
            pillionBinary, "scan", "-f", "-", "--injectConfigFile", "config", "--valuesFile", "values",
            "--fail-on", "never",
        ]
        let shown = runAtTerminal(command, shell: shell, in: folder.root)
        #expect(shown.status == 0, "\(shown.output)")
        #expect(shown.output.contains("\r\u{1B}[K512 pods"), "\(shown.output.debugDescription)")
        let plain = run(
            "/bin/sh", ["-c", shell + " 2>&1 >/dev/null"] + command,
            in: folder.root)
        #expect(plain.status == 0 && !plain.output.contains("512 pods\r") && !plain.output.contains("\u{1B}"))
    }

    private func typed(_ pod: Value) -> Value {
        var pod = pod
        pod.modifyObject { $0["kind"] = "Pod" }
        return pod
    }
}
