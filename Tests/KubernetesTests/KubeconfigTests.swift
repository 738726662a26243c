import Glibc
import TestSupport
import Testing
import Values

@testable import Kubernetes

/// The choice of the cluster, before any request.
struct KubeconfigTests {
    private let folder = TemporaryFolder()

    private func find(_ environment: [String: String], kubeconfig: String? = nil, context: String? = nil)
        throws
        -> ClusterAccess
    {
        try ClusterAccess.find(
            kubeconfig: kubeconfig, context: context, environment: Environment(environment))
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch { return "\(error)" }
    }

    /// A file with one cluster, user and context of the same name.
    @discardableResult
    private func write(_ name: String, server: String, current: String? = nil, extra: String = "") -> String {
        folder.write(
            """
            \(current.map { "current-context: \($0)" } ?? "")
            clusters: [{name: \(name), cluster: {server: "\(server)"\(extra)}}]
            contexts: [{name: \(name), context: {cluster: \(name), user: \(name), namespace: ns-\(name)}}]
            users: [{name: \(name), user: {token: t-\(name)}}]
            """, to: name)
    }

    @Test func filesAreMerged() throws {
        let one = write("one", server: "https://one:6443", current: "two")
        let two = write("two", server: "https://two", current: "one")
        let list = ["KUBECONFIG": "\(one):/nonexistent:\(two)"]
        let current = try find(list)
        #expect(current.server.text == "https://two:443")
        #expect(current.namespace == "ns-two")
        #expect(current.credentials.token == "t-two")
        #expect(try find(list, context: "one").server.text == "https://one:6443")
        // Of entries with the same name, the first is used.
        folder.write("clusters: [{name: one, cluster: {server: \"https://late\"}}]", to: "late")
        #expect(
            try find(["KUBECONFIG": "\(one):\(folder.path("late"))"], context: "one").server.host == "one")
        #expect(try find(["KUBECONFIG": two], kubeconfig: one, context: "one").server.host == "one")
    }

    @Test func defaultFileAndPod() throws {
        mkdir(folder.path(".kube"), 0o755)
        write(".kube/config", server: "https://home", current: ".kube/config")
        #expect(try find(["HOME": folder.root]).server.host == "home")
        folder.write("token", to: "token")
        let pod = [
            "HOME": "/nonexistent", "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443",
            "PILLION_SERVICE_ACCOUNT_FOLDER": folder.root,
        ]
        #expect(try find(pod).server.text == "https://[fd00::1]:443")
    }

    @Test func whatIsWrong() throws {
        let file = write("a", server: "https://a", current: "a")
        #expect(
            message { _ = try find(["HOME": "/nonexistent"]) }
                == "there is no cluster to query: KUBECONFIG is not set, /nonexistent/.kube/config is not there, and "
                + "this is not a pod (KUBERNETES_SERVICE_HOST is not set)")
        #expect(
            message { _ = try find([:], kubeconfig: "/nonexistent/k") }
                == "/nonexistent/k: No such file or directory")
        #expect(
            message { _ = try find([:], kubeconfig: file, context: "b") }
                == "\(file): the context \"b\" is not there; there are: a")
        folder.write("clusters: [", to: "broken")
        #expect(
            message { _ = try find([:], kubeconfig: folder.path("broken")) }.hasPrefix(
                "\(folder.path("broken")): "))
        folder.write("clusters: 1", to: "odd")
        #expect(
            message { _ = try find([:], kubeconfig: folder.path("odd")) }
                == "\(folder.path("odd")): /clusters is not a list")
        let bad = write("bad", server: "ftp://x", current: "bad")
        #expect(
            message { _ = try find([:], kubeconfig: bad) }
                == "\(bad): the server of cluster \"bad\" is \"ftp://x\", expected https://HOST:PORT")
        #expect(
            message {
                _ = try find(["KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "1"])
            }.hasPrefix("/var/run/secrets/kubernetes.io/serviceaccount/token: "))
        folder.write(String(repeating: "# much\n", count: 3 << 20), to: "long")
        #expect(
            message { _ = try find([:], kubeconfig: folder.path("long")) }
                == "\(folder.path("long")): is longer than \(Kubeconfig.longestFile) bytes")
    }

    @Test func addresses() {
        #expect(ServerAddress("https://h:1/base/")?.text == "https://h:1/base")
        #expect(ServerAddress("http://h")?.text == "http://h:80")
        #expect(ServerAddress("h:6443")?.text == "https://h:6443")
        #expect(ServerAddress("https://[::1]:6443")?.text == "https://[::1]:6443")
        for bad in [
            "", "https://", "https://h:0", "https://h:65536", "https://[::1", "https://u@h", "https://h x",
        ] {
            #expect(ServerAddress(bad) == nil, "\(bad)")
        }
    }

    @Test(arguments: [
        ("https://10.1.2.3:443", "10.0.0.0/8", false), ("https://11.1.2.3:443", "10.0.0.0/8", true),
        ("https://a.example.org", "example.org", false), ("https://example.org", ".example.org", true),
        ("https://a.example.org", "*.example.org", false), ("https://notexample.org", "example.org", true),
        ("https://h:1", "h:2", true), ("https://h:2", "h:2", false), ("https://h", "*", false),
        ("https://[fd00::5]", "fd00::/16", false), ("https://127.0.0.1", "", false),
        ("https://localhost", "", false),
        ("https://10.0.0.1", " x , 10.0.0.1 ", false), ("https://h", "", true),
    ])
    func proxyOfTheEnvironment(_ server: String, _ excluded: String, _ isUsed: Bool) throws {
        let choice = ProxyChoice(Environment(["HTTPS_PROXY": "proxy:3128", "NO_PROXY": excluded]))
        #expect(choice.proxy(for: try #require(ServerAddress(server))) == (isUsed ? "http://proxy:3128" : ""))
    }

    @Test func proxyOfTheOtherScheme() throws {
        let choice = ProxyChoice(Environment(["http_proxy": "http://p", "HTTPS_PROXY": ""]))
        #expect(choice.proxy(for: try #require(ServerAddress("https://h"))) == "")
        #expect(choice.proxy(for: try #require(ServerAddress("http://h"))) == "http://p")
    }

    @Test func namesAndReferences() {
        #expect(ObjectReference("istio-system/istio")?.name == "istio")
        for bad in [
            "", "a", "/a", "a/", "a/b/c", "A/b", "a/b_c", "a/-b", "a/" + String(repeating: "x", count: 254),
        ] {
            #expect(ObjectReference(bad) == nil, "\(bad)")
        }
        #expect(
            APIResource.configMaps.path(namespace: "a b", name: "c/d")
                == "/api/v1/namespaces/a%20b/configmaps/c%2Fd")
    }

    @Test func times() {
        #expect(InternetTime.seconds("1970-01-01T00:01:00Z") == 60)
        #expect(InternetTime.seconds("1970-01-01T01:00:00.123456+01:00") == 0)
        #expect(InternetTime.seconds("2026-11-24T15:00:00-00:30") == 1_795_534_200)
        for bad in ["", "2026-11-24", "2026-11-24T15:00:00", "2026-11-24T15:00:00+1"] {
            #expect(InternetTime.seconds(bad) == nil, "\(bad)")
        }
    }
}
