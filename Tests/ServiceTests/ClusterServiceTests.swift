import Glibc
import HTTPServer
import Injection
import Kubernetes
import System
import TestSupport
import Testing
import Values

@testable import Service

/// Runs `serve` with configuration, labels, node versions, certificates and the webhook configuration of a cluster,
/// against a server with the Kubernetes API.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct ClusterServiceTests {
    private let cluster: TestCluster
    private let folder = TemporaryFolder()

    init() throws {
        cluster = try #require(TestCluster())
        putConfiguration("one")
        cluster.putConfigMap("istio-system", "istio", [("mesh", "trustDomain: here\n")])
    }

    private static func configuration(_ image: String) -> String {
        "policy: enabled\ntemplate: |\n  containers:\n  - name: proxy\n    image: \(image)-{{ .MeshConfig.TrustDomain }}\n"
    }

    private func putConfiguration(_ image: String) {
        cluster.putConfigMap(
            "istio-system", "injector", [("config", Self.configuration(image)), ("values", "{}")])
    }

    /// Starts the service; its log goes to a file.
    private func start(_ change: (inout ServeOptions) -> Void) throws -> Service {
        var options = ServeOptions()
        (options.httpPort, options.port, options.monitoringPort) = (0, -1, -1)
        options.cluster.kubeconfig = cluster.kubeconfig(user: "{tokenFile: token}")
        options.cluster.injectConfigMap = ObjectReference(namespace: "istio-system", name: "injector")
        options.cluster.meshConfigMap = ObjectReference(namespace: "istio-system", name: "istio")
        change(&options)
        let log = open(folder.path("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        return try Service(options, log: Log(LogLevels(.info), format: .json, descriptor: log))
    }

    private var log: String { text(of: folder.path("log")) }

    private func ask(_ service: Service, _ target: String) throws -> String {
        let port = try #require(service.listeners.first { $0.kind == .http }).server.port
        return try #require(HTTPClient(port: port)?.request("GET", target)).text
    }

    private func state(_ service: Service) throws -> Value { try JSON.read(ask(service, "/debug/config")) }

    /// The image of the injected pod.
    private func image(_ service: Service) throws -> String {
        let pod =
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: apps\nspec:\n  containers:\n  - name: a\n    image: a\n"
        let answer = try #require(
            try service.client().request(
                "POST", "/inject", headers: [("Content-Type", "application/yaml")], body: Array(pod.utf8)))
        let line = answer.text.split(separator: "\n").first {
            $0.contains("image: ") && !$0.hasSuffix("image: a")
        }
        return line.map { String($0.split(separator: " ").last ?? "") } ?? answer.text
    }

    private func serves(_ service: Service, _ expected: String) throws -> Bool {
        try eventually { try image(service) == expected }
    }

    // MARK: Configuration

    @Test func configMapsAreFollowed() throws {
        let service = try start { _ in }
        defer { service.stop() }
        #expect(try image(service) == "one-here")
        #expect(
            try state(service)["files"]?.array == [
                "configmap istio-system/injector", "configmap istio-system/istio",
            ])
        putConfiguration("two")
        #expect(try serves(service, "two-here"))
        cluster.putConfigMap("istio-system", "istio", [("mesh", "trustDomain: there\n")])
        #expect(try serves(service, "two-there"))
        #expect(try state(service)["generation"]?.int == 3)
    }

    @Test func badConfigMapsAreRefusedAndSaid() throws {
        let service = try start { _ in }
        defer { service.stop() }
        func refused(_ words: String) throws -> Bool {
            try eventually {
                let attempt = try state(service)["lastAttempt"]
                return attempt?["ok"] == false && JSON.text(attempt?["errors"] ?? "").contains(words)
            }
        }
        cluster.putConfigMap("istio-system", "injector", [("config", "template: '{{ .Broken'")])
        #expect(try refused("configmap istio-system/injector, key config"))
        cluster.putConfigMap("istio-system", "injector", [("other", "")])
        #expect(try refused("has no key \\\"config\\\""))
        cluster.remove("configmaps", "istio-system", "injector")
        #expect(try refused("configmap istio-system/injector: it is not there"))
        #expect(try image(service) == "one-here")
        #expect(log.contains("configuration refused, the last good one stays"))
        #expect(
            try ask(service, "/metrics").contains(
                #"sidecar_injection_config_last_reload_successful{file="inject"} 0"#))
        putConfiguration("mended")
        #expect(try serves(service, "mended-here"))
    }

    /// Watches continue after cut connections, 410 Gone, a restart of the API server and a rotated token.
    @Test func theWatchSurvives() throws {
        let service = try start { _ in }
        defer { service.stop() }
        cluster.cut()
        putConfiguration("cut")
        #expect(try serves(service, "cut-here"))
        cluster.forget()
        putConfiguration("gone")
        #expect(try serves(service, "gone-here"))
        cluster.restart(seconds: 0.5)
        putConfiguration("restarted")
        #expect(try serves(service, "restarted-here"))
        cluster.setTokens(["second": "system:serviceaccount:pillion:pillion"])
        cluster.cut()
        #expect(eventually { log.contains("401: Unauthorized") })
        cluster.folder.write("second", to: "token")
        putConfiguration("rotated")
        #expect(try serves(service, "rotated-here"))
        #expect(log.contains("watch works again"))
    }

    @Test func filesAndConfigMapsMix() throws {
        folder.write("trustDomain: file\n", to: "mesh")
        let service = try start {
            $0.cluster.meshConfigMap = nil
            $0.meshConfig = folder.path("mesh")
        }
        defer { service.stop() }
        #expect(try image(service) == "one-file")
    }

    @Test func whatKeepsItFromStarting() throws {
        func reason(_ change: (inout ServeOptions) -> Void) -> String {
            do {
                try start(change).stop()
                return "it started"
            } catch { return "\(error)" }
        }
        let missing = reason {
            $0.cluster.injectConfigMap = ObjectReference(namespace: "istio-system", name: "none")
        }
        #expect(missing.contains("404: configmaps \"none\" not found"))
        cluster.putConfigMap("istio-system", "injector", [("config", "template: '{{ .Broken'")])
        #expect(
            reason { _ in }.contains(
                "the configuration cannot be used: configmap istio-system/injector, key config"))
        #expect(
            reason { $0.cluster.kubeconfig = "/nonexistent" } == "/nonexistent: No such file or directory")
        cluster.setRules([])
        #expect(reason { _ in }.contains("expected a role that allows get on configmaps"))
    }

    // MARK: Namespaces and nodes

    @Test func labelsOfNamespaces() throws {
        func put(_ value: String) {
            cluster.put(
                "namespaces", nil,
                ["metadata": ["name": "apps", "labels": ["istio-injection": .string(value)]], "spec": [:]])
        }
        put("enabled")
        let service = try start { _ in }
        defer { service.stop() }
        let hook: Value = [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": ["name": "hook"],
            "webhooks": [
                [
                    "name": "a.b.c", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                    "clientConfig": ["url": "https://x"],
                    "rules": [
                        [
                            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                            "resources": ["pods"],
                        ]
                    ],
                    "namespaceSelector": ["matchLabels": ["istio-injection": "enabled"]],
                ]
            ],
        ]
        func answer(_ more: [Member]) throws -> Value {
            let pod: Value = [
                "kind": "Pod", "metadata": ["name": "a"], "spec": ["containers": [["name": "a"]]],
            ]
            let body = Value.object(
                Object([Member("object", pod), Member("webhook", hook), Member("namespace", "apps")] + more))
            let response = try service.client().request(
                "POST", "/decide", headers: [("Content-Type", "application/json")],
                body: Array(JSON.text(body).utf8))
            return try JSON.read(try #require(response).body)
        }
        let enabled = try answer([Member("namespaceLabels", ["istio-injection": "enabled"])])
        let disabled = try answer([Member("namespaceLabels", ["istio-injection": "disabled"])])
        #expect(enabled != disabled)
        #expect(try eventually { try answer([]) == enabled })
        put("disabled")
        #expect(try eventually { try answer([]) == disabled })
        // Labels in the request take precedence.
        #expect(try answer([Member("namespaceLabels", ["istio-injection": "enabled"])]) == enabled)
    }

    private func putModern(_ template: String) {
        cluster.putConfigMap(
            "istio-system", "injector",
            [
                (
                    "config",
                    "defaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n"
                        + "      - name: istio-proxy\n        image: \(template)\n"
                ), ("values", "{}"),
            ])
    }

    @Test("the forecast knows the Pod Security level and the limits of a namespace, and follows them")
    func forecastOfTheCluster() throws {
        let template =
            "    spec:\n      containers:\n      - name: istio-proxy\n        image: proxy\n"
            + "        ports: [{containerPort: 15090, hostPort: 15090}]\n"
        cluster.putConfigMap(
            "istio-system", "injector",
            [("config", "policy: enabled\ntemplates:\n  sidecar: |\n" + template), ("values", "{}")])
        func level(_ level: String) -> Value {
            let labels: Value = [
                "istio-injection": "enabled", "pod-security.kubernetes.io/enforce": .string(level),
            ]
            return ["metadata": ["name": "apps", "labels": labels]]
        }
        cluster.put("namespaces", nil, level("baseline"))
        cluster.put(
            "limitranges", "apps",
            [
                "metadata": ["name": "limits", "namespace": "apps"],
                "spec": ["limits": [["type": "Container", "max": ["memory": "1Gi"]]]],
            ])
        cluster.put(
            "resourcequotas", "apps",
            [
                "metadata": ["name": "quota", "namespace": "apps"],
                "spec": ["hard": ["requests.cpu": "4", "pods": "9"]],
            ])
        let service = try start { $0.cluster.followsLimits = true }
        defer { service.stop() }
        func warnings() throws -> String {
            let resources: Value = ["requests": ["cpu": "1"], "limits": ["memory": "1Gi"]]
            let pod: Value = [
                "kind": "Pod", "metadata": ["name": "a", "namespace": "apps"],
                "spec": ["containers": [["name": "a", "image": "a", "resources": resources]]],
            ]
            let response = try service.client().request(
                "POST", "/decide?forecast", headers: [("Content-Type", "application/json")],
                body: Array(JSON.text(pod).utf8))
            return JSON.text(try JSON.read(try #require(response).body)["warnings"] ?? .null)
        }
        for words in ["PodSecurity baseline", "LimitRange: no limit of memory", "must specify requests.cpu"] {
            #expect(try eventually(seconds: 60) { try warnings().contains(words) }, "\(words)")
        }
        cluster.put("namespaces", nil, level("privileged"))
        cluster.remove("limitranges", "apps", "limits")
        #expect(
            try eventually(seconds: 60) {
                let text = try warnings()
                return !text.contains("PodSecurity") && !text.contains("LimitRange")
                    && text.contains("ResourceQuota")
            })
    }

    private func putNode(_ name: String, _ version: String) {
        cluster.put(
            "nodes", nil,
            [
                "metadata": ["name": .string(name)],
                "status": ["nodeInfo": ["kubeletVersion": .string(version)]],
            ])
    }

    @Test func nativeSidecarsOfNodes() throws {
        putModern("native-{{ .NativeSidecars }}")
        func served() throws -> String {
            let service = try start { $0.cluster.nativeSidecarsOfNodes = true }
            defer { service.stop() }
            return try image(service)
        }
        // Without nodes, the API server's version counts.
        #expect(try served() == "native-true")
        putNode("new", "v1.36.0")
        #expect(try served() == "native-true")
        putNode("old", "v1.32.4")
        #expect(try served() == "native-false")
        cluster.setRules([
            ["apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]]
        ])
        #expect(try served() == "native-false")
        #expect(log.contains("expected a role that allows list on nodes in the cluster"))
    }

    @Test func idsOfOpenShiftNamespaces() throws {
        putModern("uid-{{ .ProxyUID }}")
        func put(_ range: String) {
            cluster.put(
                "namespaces", nil,
                [
                    "metadata": [
                        "name": "apps", "annotations": ["openshift.io/sa.scc.uid-range": .string(range)],
                    ]
                ])
        }
        put("1000/10")
        let service = try start { $0.injection.environment["PLATFORM"] = "openshift" }
        defer { service.stop() }
        #expect(try serves(service, "uid-1009"))
        put("2000/10")
        #expect(try serves(service, "uid-2009"))
    }

    // MARK: Certificates

    private func putHook(service: String = "pillion", bundle: String? = nil) {
        var client = Object([
            Member("service", ["name": .string(service), "namespace": "pillion", "path": "/inject"])
        ])
        if let bundle { client["caBundle"] = .string(bundle) }
        cluster.put(
            "mutatingwebhookconfigurations", nil,
            [
                "metadata": ["name": "hook"],
                "webhooks": [
                    ["name": "injector.io", "sideEffects": "None", "clientConfig": .object(client)]
                ],
            ])
    }

    private var storedBundle: String? {
        cluster.get("mutatingwebhookconfigurations", nil, "hook")["webhooks"]?[0]?["clientConfig"]?[
            "caBundle"]?.string
    }

    private var secret: Value { cluster.get("secrets", "pillion", "tls") }

    private func startAuto() throws -> Service {
        try start {
            $0.port = 0
            $0.cluster.tlsAuto = ObjectReference(namespace: "pillion", name: "tls")
            $0.cluster.webhookConfigName = "hook"
            $0.cluster.webhookName = "injector.io"
        }
    }

    /// The response to a client that calls that Service and trusts the webhook configuration's bundle.
    private func call(_ service: Service, _ name: String = "pillion.pillion.svc") throws -> String {
        let port = try #require(service.listeners.first { $0.kind == .https }).server.port
        folder.write(Base64.decode(storedBundle ?? "") ?? [], to: "bundle.pem")
        return run(
            "/usr/bin/curl",
            [
                "--silent", "--show-error", "--max-time", "10", "--cacert", folder.path("bundle.pem"),
                "--resolve",
                "\(name):\(port):127.0.0.1", "https://\(name):\(port)/readyz",
            ]
        ).output
    }

    @Test func certificateOfItsOwn() throws {
        cluster.put("secrets", "pillion", ["metadata": ["name": "tls"], "type": "Opaque"])
        putHook()
        let first = try startAuto()
        defer { first.stop() }
        let second = try startAuto()
        defer { second.stop() }
        let made = secret["data"]?["ca.crt"]?.string
        #expect(made != nil)
        #expect(eventually { storedBundle == made })
        for service in [first, second] {
            #expect(try eventually { try call(service) == "ok\n" })
            #expect(try call(service, "pillion.pillion.svc.cluster.local") == "ok\n")
        }
        let metrics = try ask(first, "/metrics")
        #expect(metrics.contains(#"webhook_patch_attempts_total{name="hook"}"#))
        #expect(
            metrics.contains(#"webhook_patch_failures_total{name="hook",reason="webhook_config_not_found"}"#))
    }

    @Test func damageIsRepaired() throws {
        putHook(bundle: "b2xk")
        let service = try startAuto()
        defer { service.stop() }
        let bundle = secret["data"]?["ca.crt"]?.string
        #expect(eventually { storedBundle == bundle })
        // Another client restores the value before the patch.
        putHook(bundle: "b2xk")
        #expect(eventually { storedBundle == bundle })
        cluster.remove("mutatingwebhookconfigurations", nil, "hook")
        #expect(eventually { log.contains("mutatingwebhookconfiguration hook is not there") })
        putHook()
        #expect(eventually { storedBundle == bundle })

        cluster.remove("secrets", "pillion", "tls")
        #expect(eventually { secret["data"]?["tls.crt"]?.string != nil })
        #expect(try eventually { try call(service) == "ok\n" })
        cluster.put(
            "secrets", "pillion",
            ["metadata": ["name": "tls"], "type": "Opaque", "data": ["tls.crt": "YQ=="]])
        // The old authority stays for some time, for replicas that still serve its certificate.
        #expect(
            eventually {
                guard let new = secret["data"]?["ca.crt"]?.string.flatMap({ Base64.decode($0) }),
                    let stored = storedBundle.flatMap({ Base64.decode($0) })
                else { return false }
                return stored.starts(with: new)
            })
        #expect(try eventually { try call(service) == "ok\n" })
    }

    /// If another client always changes the bundle back, each update waits longer, with a log line.
    @Test func aFightIsPaced() throws {
        putHook()
        let service = try startAuto()
        defer { service.stop() }
        let bundle = secret["data"]?["ca.crt"]?.string
        _ = cluster.takeLog()
        let end = MonotonicClock.milliseconds + 3_000
        while MonotonicClock.milliseconds < end {
            if storedBundle == bundle { putHook(bundle: "b2xk") }
            usleep(10_000)
        }
        #expect(log.contains("somebody else keeps changing the caBundle: patching slows down"))
        // Three at once, then after 0.25, 0.5, 1 and 2 s.
        let patches = cluster.takeLog().requests.count { $0["method"] == "PATCH" }
        #expect((3...8).contains(patches), "\(patches)")
    }

    /// Two replicas with different authorities, as if one had not seen the newest Secret: neither undoes the other's work.
    @Test func authoritiesOfReplicasStayTogether() throws {
        let old = WebhookBundle(configuration: "hook", entry: "injector.io", revision: "")
        func authority(_ name: String) throws -> [UInt8] {
            let access = try ClusterAccess.find(kubeconfig: cluster.kubeconfig())
            return try SharedCertificate(
                ObjectReference(namespace: "pillion", name: name), client: APIClient(access)
            ).ensure(names: ["a"]).bundle
        }
        let (first, second) = (try authority("one"), try authority("two"))
        func hook(_ bundle: [UInt8]) -> Value {
            [
                "webhooks": [
                    ["name": "injector.io", "clientConfig": ["caBundle": .string(Base64.encode(bundle))]]
                ]
            ]
        }
        let patch = try #require(try old.patch(hook(first), bundle: second, keepsOthers: true))
        let both = try #require(patch["webhooks"]?[0]?["clientConfig"]?["caBundle"]?.string)
        #expect(Base64.decode(both) == second + first)
        // In either order, no replica patches it.
        for (bundle, other) in [(first, second), (second, first)] {
            #expect(try old.patch(hook(bundle + other), bundle: bundle, keepsOthers: true) == nil)
            #expect(try old.patch(hook(other + bundle), bundle: bundle, keepsOthers: true) == nil)
        }
        // Later, only its own authority is kept. A bundle that is not an authority is never kept.
        #expect(try old.patch(hook(second + first), bundle: second) != nil)
        #expect(try old.patch(hook(Array("old".utf8)), bundle: second, keepsOthers: true) != nil)
        // A replica reads the Secret before it patches.
        putHook()
        let service = try startAuto()
        defer { service.stop() }
        #expect(eventually { storedBundle == secret["data"]?["ca.crt"]?.string })
        _ = cluster.takeLog()
        putHook(bundle: "b2xk")
        #expect(eventually { storedBundle == secret["data"]?["ca.crt"]?.string })
        let asked = cluster.takeLog().requests.map {
            "\($0["method"]?.string ?? "") \($0["path"]?.string?.split(separator: "/").last ?? "")"
        }
        let read = asked.firstIndex { $0.hasPrefix("GET tls") }
        let patched = asked.firstIndex { $0.hasPrefix("PATCH") }
        #expect(read != nil && patched != nil && read! < patched!, "\(asked)")
    }

    /// Never overwrites a certificate and key that someone else stored, neither at the start nor later.
    @Test func secretsOfOthersStay() throws {
        let certificates = packageRoot + "/Tests/HTTPServerTests/certificates/"
        func encoded(_ name: String) -> Value {
            .string(Base64.encode(contents(of: certificates + name) ?? []))
        }
        let data: Value = ["tls.crt": encoded("server.pem"), "tls.key": encoded("server.key")]
        let foreign: Value = ["metadata": ["name": "tls"], "type": "kubernetes.io/tls", "data": data]
        cluster.put("secrets", "pillion", foreign)
        #expect {
            try startAuto().stop()
        } throws: { error in
            "\(error)".contains(
                "is not Pillion's to write: found a certificate or key without the annotation")
                && "\(error)".contains("name another with --tlsAuto")
        }
        #expect(secret["data"] == data)
        cluster.put("secrets", "pillion", ["metadata": ["name": "tls"], "type": "Opaque"])
        let service = try startAuto()
        defer { service.stop() }
        #expect(secret["metadata"]?["annotations"]?["pillion.dev/certificate"] == "generated")
        cluster.put("secrets", "pillion", foreign)
        #expect(eventually { log.contains("is not Pillion's to write") })
        usleep(300_000)
        #expect(secret["data"] == data)
        #expect(log.split(separator: "\n").count { $0.contains("is not Pillion's to write") } == 1)
    }

    // MARK: Status

    @Test func watchesAreReported() throws {
        let service = try start { _ in }
        defer { service.stop() }
        func watch(_ name: String) throws -> Value? {
            try state(service)["watches"]?.array?.first { $0["watch"]?.string == name }
        }
        #expect(try eventually { try watch("inject")?["connected"] == true })
        #expect(try watch("inject")?["of"] == "configmap istio-system/injector")
        #expect(try watch("inject")?["lastEvent"]?.string != nil)
        let connected = #"sidecar_injection_watch_connected{watch="inject"} "#
        #expect(try ask(service, "/metrics").contains(connected + "1"))
        // A right is removed while the server runs. With the right to list, it still finds changes.
        cluster.setRules([
            ["apiGroups": [""], "resources": ["configmaps", "namespaces"], "verbs": ["get", "list"]]
        ])
        cluster.cut()
        #expect(try eventually { try watch("inject")?["connected"] == false })
        #expect(
            try eventually {
                try watch("inject")?["problem"]?.string?.contains(
                    "expected a role that allows watch on configmaps") == true
            })
        #expect(try ask(service, "/metrics").contains(connected + "0"))
        putConfiguration("listed")
        #expect(try serves(service, "listed-here"))
        #expect(log.split(separator: "\n").count { $0.contains("watch interrupted") } <= 6)
    }

    /// A series exists only for a configured file, so that no alert fires for others.
    @Test func seriesOfFilesThatThereAre() throws {
        let name = "sidecar_injection_config_last_reload_successful"
        let service = try start { $0.cluster.meshConfigMap = nil }
        defer { service.stop() }
        let lines = try ask(service, "/metrics").split(separator: "\n").filter { $0.hasPrefix(name + "{") }
        #expect(lines.map(String.init) == [#"\#(name){file="inject"} 1"#, #"\#(name){file="values"} 1"#])
    }

    /// `/decide` uses the installed webhook configuration, which is watched, instead of Istio's.
    @Test func decisionsOfTheInstalledWebhook() throws {
        cluster.put("namespaces", nil, ["metadata": ["name": "apps", "labels": ["team": "shop"]]])
        func put(_ label: String) {
            cluster.put(
                "mutatingwebhookconfigurations", nil,
                [
                    "metadata": ["name": "hook"],
                    "webhooks": [
                        [
                            "name": "injector.io", "sideEffects": "None",
                            "clientConfig": ["service": ["name": "pillion", "namespace": "pillion"]],
                            "namespaceSelector": ["matchLabels": ["team": .string(label)]],
                            "rules": [
                                [
                                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                                    "resources": ["pods"],
                                ]
                            ],
                        ]
                    ],
                ])
        }
        put("shop")
        let service = try startAuto()
        defer { service.stop() }
        func reason() throws -> String? {
            let body =
                #"{"kind": "Pod", "metadata": {"name": "a", "namespace": "apps"}, "spec": {"containers": [{"name": "a"}]}}"#
            let port = try #require(service.listeners.first { $0.kind == .http }).server.port
            let response = HTTPClient(port: port)?.request(
                "POST", "/decide", headers: [("Content-Type", "application/json")], body: Array(body.utf8))
            return try JSON.read(try #require(response).body)["reason"]?.string
        }
        #expect(try eventually { try reason() == "policy_enabled" })
        put("other")
        #expect(try eventually { try reason() == "namespace_label_disabled" })
    }

    @Test func servicesOfACertificateAreBounded() throws {
        let access = try ClusterAccess.find(kubeconfig: cluster.kubeconfig())
        let keeper = CertificateKeeper(
            ObjectReference(namespace: "pillion", name: "tls"), services: [], client: APIClient(access))
        keeper.add((0..<50).map { ObjectReference(namespace: "ns", name: "svc-\($0)") })
        #expect(try keeper.ensure())
        let pem = try #require(keeper.current?.certificate)
        func has(_ name: String) throws -> Bool {
            try #require(try CertificateChain(pem: pem).certificates.first).names.contains(name)
        }
        #expect(try has("svc-18.ns.svc"))
        #expect(try !has("svc-19.ns.svc"))
    }

    /// If the webhook configuration names another Service, the certificate gets its name too and is served without a
    /// restart.
    @Test func anotherServiceCalls() throws {
        let service = try startAuto()
        defer { service.stop() }
        putHook(service: "renamed")
        #expect(try eventually { try call(service, "renamed.pillion.svc") == "ok\n" })
        #expect(try call(service) == "ok\n")
        #expect(log.contains("certificate loaded"))
    }

    /// `--caCertFile` with mounted certificates.
    @Test func bundleOfMountedFiles() throws {
        let certificates = packageRoot + "/Tests/HTTPServerTests/certificates/"
        func copy(_ name: String, _ target: String) {
            folder.write(contents(of: certificates + name) ?? [], to: target)
        }
        copy("authority.pem", "ca.pem")
        putHook()
        let service = try start {
            $0.port = 0
            $0.tlsCertFile = certificates + "server.pem"
            $0.tlsKeyFile = certificates + "server.key"
            $0.cluster.caCertFile = folder.path("ca.pem")
            $0.cluster.reconcilesWebhook = true
            $0.cluster.webhookConfigName = "hook"
            $0.cluster.webhookName = "injector.io"
        }
        defer { service.stop() }
        let wanted = Base64.encode(contents(of: certificates + "authority.pem") ?? [])
        #expect(eventually { storedBundle == wanted })
        // A bundle that has not signed the served certificate is not written.
        folder.write(contents(of: cluster.folder.path("ca.crt")) ?? [], to: "ca.pem")
        #expect(eventually { log.contains("none of its certificates has signed the one that is served") })
        #expect(storedBundle == wanted)
        #expect(
            try ask(service, "/metrics").contains(
                #"webhook_patch_failures_total{name="hook",reason="load_ca_bundle_failure"}"#))
    }

    @Test func nothingIsAskedWithoutTheFlags() throws {
        _ = cluster.takeLog()
        let service = try LiveService.start()
        service.stop()
        #expect(cluster.takeLog().requests.isEmpty)
    }
}
