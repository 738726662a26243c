import Glibc
import System
import TestSupport
import Testing
import Values

@testable import Kubernetes

/// Single requests: credentials, what is sent, and errors.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct ClientTests {
    private let cluster: TestCluster
    private let pod: ClusterAccess

    init() throws {
        cluster = try #require(TestCluster())
        pod = try #require(try ClusterAccess.ofPod(environment: Environment(cluster.podEnvironment)))
        cluster.putConfigMap("istio-system", "istio", [("mesh", "a: 1\n")])
    }

    private func client(_ access: ClusterAccess? = nil, _ change: (inout APILimits) -> Void = { _ in })
        -> APIClient
    {
        var limits = APILimits()
        limits.firstPause = 5
        change(&limits)
        return APIClient(access ?? pod, limits: limits)
    }

    private func mesh(_ client: APIClient) throws -> String? {
        try client.get(.configMaps, namespace: "istio-system", name: "istio")["data"]?["mesh"]?.string
    }

    private func kubeconfig(_ user: String, _ more: String = "", _ environment: [String: String] = [:]) throws
        -> ClusterAccess
    {
        try ClusterAccess.find(
            kubeconfig: cluster.kubeconfig(user: user, cluster: more), environment: Environment(environment))
    }

    private func error(_ body: () throws -> Void) -> APIError? {
        do {
            try body()
            return nil
        } catch { return error as? APIError }
    }

    /// The user of each request since the last call.
    private func users() -> [String] { cluster.takeLog().requests.map { $0["user"]?.string ?? "" } }

    // MARK: Connections

    /// A command keeps one connection; a server, which calls seldom, opens one for each call.
    @Test func connectionIsKept() throws {
        for (keeps, connections) in [(true, 1), (false, 3)] {
            let client = client { $0.keepsConnection = keeps }
            for _ in 0..<3 { #expect(try mesh(client) == "a: 1\n") }
            #expect(cluster.takeLog().requests.count == 3)
            #expect(cluster.connections() == connections)
        }
    }

    /// It is not an error if the server has closed a kept connection.
    @Test func keptConnectionWasCut() throws {
        let client = client {
            $0.keepsConnection = true
            $0.attempts = 1
        }
        #expect(try mesh(client) == "a: 1\n")
        cluster.cut()
        #expect(try mesh(client) == "a: 1\n")
    }

    /// A connection is reused only for equal bytes of certificate, key and authorities, because a file may change.
    @Test func keptConnectionIsOfItsCredentials() throws {
        var request = TransportRequest(method: "GET", url: "https://127.0.0.1/")
        request.certificate = [1]
        let (idle, transport) = (IdleTransport(), try Transport())
        idle.keep(transport, after: request)
        for change in [\TransportRequest.certificate, \.key, \.authorities] {
            var other = request
            other[keyPath: change] = [2]
            #expect(idle.take(for: other) == nil)
        }
        #expect(idle.take(for: request) === transport)
        #expect(idle.take(for: request) == nil, "expected one user at a time")
    }

    // MARK: Credentials

    @Test func podAccount() throws {
        #expect(try mesh(client()) == "a: 1\n")
        #expect(pod.namespace == "pillion")
    }

    /// The kubelet renews the token file; the next request has the new token.
    @Test func rotatedTokenIsReadAgain() throws {
        let client = client()
        #expect(try mesh(client) != nil)
        cluster.setTokens(["second": "system:serviceaccount:pillion:pillion"])
        let refused = error { _ = try mesh(client) }
        #expect(refused?.kind == .unauthorized)
        cluster.folder.write("second\n", to: "token")
        #expect(try mesh(client) == "a: 1\n")
    }

    @Test func clientCertificates() throws {
        #expect(
            try mesh(client(kubeconfig("{client-certificate: client.crt, client-key: client.key}"))) != nil)
        #expect(users() == ["tester"])
        func base64(_ name: String) -> String { Base64.encode(contents(of: cluster.folder.path(name)) ?? []) }
        let user =
            "{client-certificate-data: \(base64("client.crt")), client-key-data: \(base64("client.key"))}"
        #expect(try mesh(client(kubeconfig(user))) != nil)
        #expect(users() == ["tester"])
    }

    @Test func tokensAndFilesOfThem() throws {
        #expect(try mesh(client(kubeconfig("{token: first}"))) != nil)
        #expect(try mesh(client(kubeconfig("{tokenFile: token, token: other}"))) != nil)
        #expect(try mesh(client(kubeconfig("{tokenFile: nothing, token: first}"))) != nil)
        #expect(error { _ = try mesh(client(kubeconfig("{tokenFile: nothing}"))) }?.kind == .credentials)
        #expect(try mesh(client(kubeconfig("{username: adam, password: x}"))) != nil)
        #expect(try mesh(client(kubeconfig("{token: first, as: eve, as-groups: [g]}"))) != nil)
        #expect(cluster.takeLog().requests.last?["impersonate"] == "eve")
    }

    @Test func authorities() throws {
        let data = Base64.encode(contents(of: cluster.folder.path("ca.crt")) ?? [])
        var access = try kubeconfig("{token: first}")
        access.authorities = nil
        let refused = error { _ = try mesh(client(access)) }
        #expect(refused?.kind == .certificate)
        #expect(refused?.message.contains("no certificate authorities for it except the system's") == true)
        // libcurl's message has the path of the authorities' file, which here is temporary and must not be shown.
        access.authorities = .bytes(
            contents(of: packageRoot + "/Tests/DeployTests/certificates/ca.crt") ?? [])
        let other = error { _ = try mesh(client(access)) }
        #expect(
            other?.kind == .certificate && other?.message.contains("/proc/") == false,
            "\(other?.message ?? "")")
        access.authorities = nil
        access.isUnverified = true
        #expect(try mesh(client(access)) != nil)
        cluster.folder.write(
            TestSupport.text(of: cluster.kubeconfig()).replacing(
                "certificate-authority: ca.crt", with: "certificate-authority-data: \(data)"),
            to: "kubeconfig")
        let inline = try ClusterAccess.find(
            kubeconfig: cluster.folder.path("kubeconfig"), environment: Environment([:]))
        #expect(try mesh(client(inline)) != nil)
    }

    @Test func serverName() throws {
        let good = try kubeconfig("{token: first}", ", tls-server-name: kubernetes.default.svc")
        #expect(try mesh(client(good)) != nil)
        #expect(cluster.takeLog().requests.last?["host"] == .string("127.0.0.1:\(cluster.port)"))
        let other = try kubeconfig("{token: first}", ", tls-server-name: another.name")
        #expect(error { _ = try mesh(client(other)) }?.kind == .certificate)
    }

    @Test func proxies() throws {
        let proxy = "http://127.0.0.1:\(cluster.proxyPort)"
        #expect(try mesh(client(kubeconfig("{token: first}", ", proxy-url: \"\(proxy)\""))) != nil)
        #expect(cluster.takeLog().proxied == ["127.0.0.1:\(cluster.port)"])
        var dead = try kubeconfig("{token: first}", ", proxy-url: \"http://me:secret@127.0.0.1:1\"")
        let refused = error { _ = try mesh(client(dead) { $0.attempts = 1 }) }
        #expect(refused?.kind == .unreachable)
        #expect(refused?.message.contains("by the proxy http://…@127.0.0.1:1") == true)
        dead.proxy = ""
        #expect(try mesh(client(dead)) != nil)
    }

    // MARK: Plugins

    private func plugin(_ script: String, version: String = "v1", _ more: String = "") throws -> ClusterAccess
    {
        cluster.folder.write("#!/bin/sh\n\(script)\n", to: "plugin.sh")
        chmod(cluster.folder.path("plugin.sh"), 0o755)
        return try kubeconfig(
            "{exec: {apiVersion: client.authentication.k8s.io/\(version), command: ./plugin.sh, "
                + "interactiveMode: Never\(more)}}", "", ["PATH": "/usr/bin:/bin"])
    }

    private static func credential(_ status: String, version: String = "v1") -> String {
        #"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/\#(version)","status":{\#(status)}}'"#
    }

    @Test(arguments: ["v1", "v1beta1"])
    func pluginIsAskedOnceUntilItsCredentialEnds(_ version: String) throws {
        let count = "echo x >> \(cluster.folder.path("count"))\n"
        let script = count + Self.credential(#""token":"first""#, version: version)
        let client = client(try plugin(script, version: version))
        for _ in 0..<3 { #expect(try mesh(client) != nil) }
        #expect(text(of: cluster.folder.path("count")) == "x\n")

        let ended = Self.credential(#""token":"first","expirationTimestamp":"2020-01-01T00:00:00Z""#)
        let short = self.client(try plugin(count + ended))
        for _ in 0..<2 { #expect(try mesh(short) != nil) }
        #expect(text(of: cluster.folder.path("count")) == "x\nx\nx\n")
    }

    /// After the API server refuses a credential, the plugin is called once more.
    @Test func pluginIsAskedAgainAfterRefusal() throws {
        let script =
            "f=\(cluster.folder.path("n")); if [ -e $f ]; then t=first; else t=stale; touch $f; fi\n"
            + #"echo "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"$t\"}}""#
        #expect(try mesh(client(plugin(script))) != nil)
        #expect(users() == ["", "system:serviceaccount:pillion:pillion"])
    }

    @Test func pluginIsToldAboutTheCluster() throws {
        let seen = cluster.folder.path("seen")
        let script =
            "printf %s \"$KUBERNETES_EXEC_INFO\" > \(seen)\nprintf %s \"$EXTRA $1\" >> \(seen)\n"
            + Self.credential(#""token":"first""#)
        let more = ", provideClusterInfo: true, args: [one], env: [{name: EXTRA, value: set}]"
        #expect(try mesh(client(plugin(script, more))) != nil)
        #expect(text(of: seen).contains(#""server":"\#(cluster.address)""#))
        #expect(text(of: seen).hasSuffix("set one"))
    }

    @Test func pluginsThatDoNotWork() throws {
        func message(_ script: String, _ more: String = "") throws -> String {
            let access = try plugin(script, more)
            return error { _ = try mesh(client(access)) }?.message ?? "no error"
        }
        #expect(try message("exit 3", ", installHint: get it").hasSuffix("ended with status 3; get it"))
        #expect(try message("echo hello").contains("wrote no JSON: byte 0"))
        #expect(try message(Self.credential("")).contains("gave neither status.token"))
        #expect(
            try message(Self.credential(#""token":"x""#, version: "v1beta1")).contains(
                "wrote no ExecCredential"))
        #expect(try message("head -c 2000000 /dev/zero").contains("wrote more than 1048576 bytes"))
        #expect(
            try message(Self.credential(#""token":"x","expirationTimestamp":"soon""#)).contains("\"soon\""))
        let missing = try kubeconfig(
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: /none/x}}")
        #expect(
            error { _ = try mesh(client(missing)) }?.message.contains("cannot be run: No such file") == true)
        #expect(error { _ = try kubeconfig("{exec: {apiVersion: v9, command: x}}") }?.kind == .credentials)
    }

    /// A running plugin ends with the process, whether it writes or not.
    @Test(arguments: ["exec sleep 100", "exec 1>&-; exec sleep 100"])
    func pluginEndsAtOnce(_ script: String) throws {
        let stop = StopSignal()
        let client = APIClient(try plugin("echo $$ > \(cluster.folder.path("pid"))\n\(script)"), stop: stop)
        let start = MonotonicClock.milliseconds
        let file = cluster.folder.path("pid")
        let thread = Thread {
            while MonotonicClock.milliseconds - start < 20_000, text(of: file).isEmpty { usleep(5_000) }
            stop.raise()
        }
        #expect(error { _ = try mesh(client) }?.kind == .stopped)
        thread?.join()
        #expect(MonotonicClock.milliseconds - start < 30_000)
        let child = Int32(text(of: cluster.folder.path("pid")).split(separator: "\n").first ?? "") ?? 0
        #expect(child > 0 && kill(child, 0) != 0)
    }

    /// A plugin that does not end is ended at the time limit.
    @Test func pluginThatHangs() throws {
        let value: Value = [
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sleep", "args": ["100"],
            "interactiveMode": "Never",
        ]
        let plugin = try ExecPlugin(
            value, folder: "/", place: "user", cluster: .null,
            environment: Environment(["PATH": "/usr/bin:/bin"]),
            milliseconds: 200)
        let begin = MonotonicClock.milliseconds
        #expect(
            error { _ = try plugin.credential(isAnew: false, stop: StopSignal()) }?.message.hasSuffix(
                "did not end within 200 ms")
                == true)
        #expect(MonotonicClock.milliseconds - begin < 20_000)
    }

    // MARK: Errors

    @Test func forbiddenNamesWhatIsMissing() throws {
        cluster.setRules([])
        let refused = try #require(error { _ = try mesh(client()) })
        #expect(refused.kind == .forbidden)
        #expect(
            refused.message
                == "cannot get configmaps \"istio\" in namespace \"istio-system\" (GET \(cluster.address)"
                + "/api/v1/namespaces/istio-system/configmaps/istio, as the pod's service account): 403: "
                + "configmaps \"istio\" is forbidden: User \"system:serviceaccount:pillion:pillion\" cannot get "
                + "resource \"configmaps\" in API group \"\" in the namespace \"istio-system\"; expected a role that "
                + "allows get on configmaps (resourceNames: istio) in namespace istio-system")
        let hooks = error {
            _ = try client().patch(.mutatingWebhookConfigurations, name: "pillion", .merge, [:])
        }
        #expect(
            hooks?.message.hasSuffix(
                "expected a role that allows patch on mutatingwebhookconfigurations.admissionregistration.k8s.io "
                    + "(resourceNames: pillion) in the cluster") == true)
        let creation = error {
            _ = try client().create(["metadata": ["name": "new"]], .secrets, namespace: "pillion")
        }
        #expect(creation?.message.hasSuffix("allows create on secrets in namespace pillion") == true)
    }

    /// Messages use the subject of a JSON web token as the user's name.
    @Test func userOfAToken() throws {
        let claims = Base64.encode(
            Array(#"{"sub":"system:serviceaccount:a:b"}"#.utf8), alphabet: .urlSafe, padded: false)
        cluster.folder.write("e30.\(claims).c2ln", to: "token")
        let refused = error { _ = try mesh(client()) }
        #expect(refused?.message.contains(", as system:serviceaccount:a:b): 401") == true)
    }

    @Test func nobodyAnswers() throws {
        var access = pod
        access.server.port = 1
        let begin = MonotonicClock.milliseconds
        let refused = error { _ = try mesh(client(access)) }
        #expect(refused?.kind == .unreachable)
        #expect(refused?.message.contains("https://127.0.0.1:1/api/v1") == true)
        #expect(MonotonicClock.milliseconds - begin < 10_000)
    }

    @Test func answersThatAreNone() throws {
        cluster.fail([["status": 200, "raw": "<html>"]])
        let page = error { _ = try mesh(client()) }
        #expect(page?.kind == .malformed)
        cluster.fail([["status": 404, "raw": "not here\nnor there"]])
        #expect(error { _ = try mesh(client()) }?.message.hasSuffix("): 404: not here") == true)
        cluster.putConfigMap("istio-system", "istio", [("mesh", String(repeating: "x", count: 5_000))])
        let long = error { _ = try mesh(client { $0.answerBytes = 4_000 }) }
        #expect(long?.message.contains("longer than 4000 bytes") == true)
    }

    // MARK: Retries

    @Test func passingFailuresAreTriedAgain() throws {
        for failure: Value in [["status": 503], ["status": 500], ["status": 429], ["cut": true]] {
            cluster.fail([failure, failure])
            #expect(try mesh(client()) != nil, "\(failure)")
        }
        cluster.fail(Array(repeating: ["status": 503], count: 5))
        #expect(error { _ = try mesh(client()) }?.kind == .server)
        #expect(try mesh(client()) != nil)
        cluster.fail([["status": 422]])
        #expect(error { _ = try mesh(client()) }?.kind == .invalid)
    }

    @Test func retryAfterIsHeeded() throws {
        cluster.fail([["status": 429, "retryAfter": 1]])
        let begin = MonotonicClock.milliseconds
        #expect(try mesh(client()) != nil)
        #expect(MonotonicClock.milliseconds - begin >= 1_000)
        var backoff = Backoff(first: 100, longest: 1_000)
        #expect(backoff.next(after: APIError(.server, "", retryAfterSeconds: 9_999)) == 60_000)
    }

    @Test func pausesDoubleUpToALimit() {
        var backoff = Backoff(first: 100, longest: 1_000)
        let pauses = (0..<6).map { _ in backoff.next() }
        for (pause, whole) in zip(pauses, [100, 200, 400, 800, 1_000, 1_000]) {
            #expect((whole / 2...whole).contains(pause))
        }
    }

    /// The stop signal ends a pause and a running request.
    @Test func stopEndsEverything() throws {
        let stop = StopSignal()
        let client = APIClient(pod, stop: stop)
        stop.raise()
        #expect(error { _ = try mesh(client) }?.kind == .stopped)
        #expect(!stop.pause(milliseconds: 60_000))
    }

    // MARK: Lists and writes

    @Test func listsComeInPages() throws {
        for number in 0..<25 {
            cluster.put("namespaces", nil, ["metadata": ["name": .string("ns-\(number)")]])
        }
        var pages: [Int] = []
        let version = try client { $0.pageItems = 10 }.list(.namespaces) { pages.append($0.count) }
        #expect(pages == [10, 10, 5])
        #expect(Int(version) ?? 0 > 100)
        let limit = error {
            _ = try client { limits in (limits.pageItems, limits.pages) = (10, 2) }.list(.namespaces) { _ in }
        }
        #expect(limit?.message.contains("more than 2 pages of 10") == true)
        cluster.expireContinuations(1)
        let gone = error { _ = try client { $0.pageItems = 10 }.list(.namespaces) { _ in } }
        #expect(gone?.kind == .gone)
    }

    /// With `mayMove`, a list continues at a later version if a page has expired, but not if the next page has expired
    /// too.
    @Test func listsMayMove() throws {
        for number in 0..<25 {
            cluster.put("namespaces", nil, ["metadata": ["name": .string("ns-\(number)")]])
        }
        var items = 0
        func list() throws(APIError) {
            items = 0
            _ = try client { $0.pageItems = 10 }.list(.namespaces, mayMove: true) { items += $0.count }
        }
        cluster.expireContinuations(1)
        #expect(error { try list() }?.kind == .gone)
        cluster.set(["offersRest": true])
        cluster.expireContinuations(1)
        try list()
        #expect(items == 25)
        cluster.expireContinuations(2)
        #expect(error { try list() }?.kind == .gone)
        #expect(items == 10)
    }

    @Test func writesCompareVersions() throws {
        let secret: Value = ["metadata": ["name": "s"], "type": "Opaque", "data": ["a": "YQ=="]]
        let client = client()
        var made = try client.create(secret, .secrets, namespace: "pillion")
        #expect(
            error { _ = try client.create(secret, .secrets, namespace: "pillion") }?.kind == .alreadyExists)
        let old = made
        made.modifyObject { $0["data"] = ["a": "Yg=="] }
        #expect(try client.update(made, .secrets, namespace: "pillion")["data"]?["a"] == "Yg==")
        #expect(error { _ = try client.update(old, .secrets, namespace: "pillion") }?.kind == .conflict)
        let patched = try client.patch(
            .secrets, namespace: "pillion", name: "s", .merge, ["data": ["b": "Yw=="]])
        #expect(patched["data"]?["b"] == "Yw==")
        let exact = try client.patch(
            .secrets, namespace: "pillion", name: "s", .json,
            [["op": "replace", "path": "/data/b", "value": "ZA=="]])
        #expect(exact["data"]?["b"] == "ZA==")
        #expect(exact["data"]?["a"] == "Yg==")
    }

    @Test func serverVersions() throws {
        #expect(try client().serverVersion() == KubernetesVersion(major: 1, minor: 33))
        #expect(KubernetesVersion("v1.19.16-gke.1") == KubernetesVersion(major: 1, minor: 19))
        #expect(KubernetesVersion("1.36+") == KubernetesVersion(major: 1, minor: 36))
        #expect(KubernetesVersion("master") == nil)
        #expect(try #require(KubernetesVersion("v1.9.0")) < .nativeSidecars)
    }
}
