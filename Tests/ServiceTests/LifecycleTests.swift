import Glibc
import HTTPServer
import TestSupport
import Testing
import Values

@testable import Service

/// From start to end: files that change, certificates, callers, and what keeps a server from starting.
@Suite(.timeLimit(.minutes(2)))
struct LifecycleTests {
    private static let certificates = packageRoot + "/Tests/HTTPServerTests/certificates/"
    private static let good = "policy: enabled\ntemplate: |\n  containers:\n  - name: proxy\n    image: one\n"
    private static let other =
        "policy: disabled\ntemplate: |\n  containers:\n  - name: proxy\n    image: two\n"
    private static let bad = "policy: [\n"

    private func state(_ service: Service) throws -> Value {
        let response = try #require(try service.client().request("GET", "/debug/config"))
        return try JSON.read(response.body)
    }

    /// Whether it becomes true within ten seconds.
    private func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<1_000 {
            if try condition() { return true }
            usleep(10_000)
        }
        return false
    }

    @Test func reloadKeepsTheLastGoodConfiguration() throws {
        let folder = TemporaryFolder()
        folder.write(Self.good, to: "config")
        let service = try LiveService.start { $0.injectConfig = folder.path("config") }
        defer { service.stop() }
        #expect(try state(service)["generation"]?.int == 1)
        #expect(try state(service)["files"]?.array == [.string(folder.path("config"))])

        folder.write(Self.bad, to: "config")
        service.reload()
        let refused = try state(service)
        #expect(refused["generation"]?.int == 1)
        #expect(refused["lastAttempt"]?["ok"]?.bool == false)
        #expect(refused["lastAttempt"]?["errors"]?.array?.isEmpty == false)

        folder.write(Self.other, to: "config")
        service.reload()
        let loaded = try state(service)
        #expect(loaded["generation"]?.int == 2)
        #expect(loaded["lastAttempt"]?["ok"]?.bool == true)
        #expect(loaded["hash"]?.string != refused["hash"]?.string)

        unlink(folder.path("config"))
        service.reload()
        #expect(try state(service)["generation"]?.int == 2)
        #expect(try state(service)["lastAttempt"]?["ok"]?.bool == false)
        let text = try #require(try service.client().request("GET", "/metrics")).text
        #expect(text.contains(#"sidecar_injection_config_last_reload_successful{file="inject"} 0"#))
        #expect(text.contains(#"sidecar_injection_config_reloads_total{file="inject",result="failure"} 2"#))
    }

    /// Kubernetes puts a new folder beside the old one and swaps the link `..data`.
    @Test func swappedLinksAreNoticed() throws {
        let folder = TemporaryFolder()
        mkdir(folder.path("..1"), 0o755)
        mkdir(folder.path("..2"), 0o755)
        folder.write(Self.good, to: "..1/config")
        folder.write(Self.other, to: "..2/config")
        symlink("..1", folder.path("..data"))
        symlink("..data/config", folder.path("config"))
        let service = try LiveService.start { $0.injectConfig = folder.path("config") }
        defer { service.stop() }
        // The watch may not have begun yet: swap until it is seen.
        var turn = 0
        let isSeen = try eventually {
            turn += 1
            if turn % 50 == 1 {
                symlink(turn % 100 == 1 ? "..2" : "..1", folder.path("..new"))
                rename(folder.path("..new"), folder.path("..data"))
            }
            return try state(service)["generation"]?.int ?? 0 > 1
        }
        #expect(isSeen)
    }

    @Test func certificatesOfCallersAndTokens() throws {
        let folder = TemporaryFolder()
        folder.write("secret\n", to: "token")
        let service = try LiveService.start { options in
            options.port = 0
            options.tlsCertFile = Self.certificates + "server.pem"
            options.tlsKeyFile = Self.certificates + "server.key"
            options.clientCAFile = Self.certificates + "authority.pem"
            options.clientNames = ["kube-apiserver"]
            options.authTokenFile = folder.path("token")
        }
        defer { service.stop() }
        let port = try #require(service.listeners.first { $0.kind == .https }).server.port
        func ask(_ path: String, _ body: String, _ more: [String]) -> String {
            let arguments =
                [
                    "--silent", "--max-time", "10", "--cacert", Self.certificates + "authority.pem",
                    "--header", "Content-Type: application/json", "--data", body, "--output", "/dev/null",
                    "--write-out", "%{http_code}",
                ] + more + ["https://localhost:\(port)\(path)"]
            return run("/usr/bin/curl", arguments).output
        }
        func certificate(_ name: String) -> [String] {
            ["--cert", Self.certificates + name + ".pem", "--key", Self.certificates + name + ".key"]
        }
        let token = ["--header", "Authorization: Bearer secret"]
        #expect(ask("/inject", "{}", certificate("client")) == "200")
        #expect(ask("/inject", "{}", []) == "401")
        #expect(ask("/inject", "{}", certificate("server")) == "403")
        #expect(["403", "000"].contains(ask("/inject", "{}", certificate("stranger"))))
        #expect(ask("/decide", #"{"object":{"kind":"Pod"}}"#, []) == "401")
        #expect(
            ask("/decide", #"{"object":{"kind":"Pod"}}"#, ["--header", "Authorization: Bearer secre7"])
                == "403")
        #expect(ask("/decide", #"{"object":{"kind":"Pod"}}"#, token) == "200")
        // A template of the request itself is answered on loopback listeners only.
        #expect(ask("/render", #"{"template":"x"}"#, token) == "403")
        #expect(ask("/render", #"{"templateRef":"x"}"#, token) == "422")
    }

    @Test func badCertificatesAreRefused() throws {
        let folder = TemporaryFolder()
        func install(_ certificate: String, _ key: String) {
            folder.write(TestSupport.text(of: Self.certificates + certificate), to: "cert")
            folder.write(TestSupport.text(of: Self.certificates + key), to: "key")
        }
        install("server.pem", "server.key")
        let certificates = try Certificates(certificatePath: folder.path("cert"), keyPath: folder.path("key"))
        let first = certificates.credentials.current
        guard case .unchanged = certificates.reload() else {
            Issue.record("a reload without a change")
            return
        }
        install("renewed.pem", "server.key")
        guard case .refused(let reason) = certificates.reload() else {
            Issue.record("a pair that does not belong together was taken")
            return
        }
        #expect(
            reason == folder.path("cert") + ": the key is not the certificate's: their public keys differ")
        #expect(certificates.credentials.current === first)
        install("renewed.pem", "renewed.key")
        guard case .loaded = certificates.reload() else {
            Issue.record("a good pair was not taken")
            return
        }
        #expect(certificates.credentials.current !== first)
    }

    @Test func whatKeepsItFromStarting() throws {
        func reason(_ change: (inout ServeOptions) -> Void) -> String {
            do {
                try LiveService.start(change).stop()
                return "it started"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            reason { $0.httpAddress = "0.0.0.0" }
                == "plain HTTP on 0.0.0.0 shows every review and template to the network: want a loopback address, "
                + "or --allow-plain-http")
        #expect(
            reason { $0.httpPort = -1 } == "nothing is served: want --httpPort, or --port with a certificate")
        #expect(
            reason { $0.injectConfig = "/nonexistent/config" }
                == "the configuration cannot be used: /nonexistent/config: No such file or directory")
        #expect(
            reason {
                $0.port = 0
                $0.tlsCertFile = "/nonexistent/cert"
            } == "/nonexistent/cert: No such file or directory")
        #expect(
            reason { $0.authTokenFile = "/nonexistent/token" }
                == "/nonexistent/token: No such file or directory")
    }

    @Test func unixSocket() throws {
        let folder = TemporaryFolder()
        let service = try LiveService.start { $0.httpAddress = "unix:" + folder.path("socket") }
        defer { service.stop() }
        let client = try #require(HTTPClient(path: folder.path("socket")))
        #expect(client.request("GET", "/livez")?.text == "ok\n")
        #expect(client.request("GET", "/metrics")?.status == 200)
    }

    @Test func failureModeTurnsReviews() throws {
        let body = Array(
            #"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","namespace":"default"}}"#
                .utf8)
        func allowed(_ target: String, _ change: (inout ServeOptions) -> Void) throws -> Bool? {
            let service = try LiveService.start(change)
            defer { service.stop() }
            let response = try #require(
                try service.client().request(
                    "POST", target, headers: [("Content-Type", "application/json")], body: body))
            #expect(response.status == 200)
            let review = try JSON.read(response.body)
            #expect(review["response"]?["uid"]?.string == "u")
            return review["response"]?["allowed"]?.bool
        }
        #expect(try allowed("/inject") { _ in } == false)
        #expect(try allowed("/inject") { $0.failureMode = .allow } == true)
        #expect(try allowed("/inject?failureMode=allow") { _ in } == true)
        #expect(try allowed("/inject?failureMode=deny") { $0.failureMode = .allow } == false)
        #expect(try allowed("/inject") { $0.failureModes = [("def*", .allow)] } == true)
        #expect(try allowed("/inject") { $0.failureModes = [("kube-*", .allow)] } == false)
        #expect(try allowed("/inject") { $0.ownNamespace = "default" } == true)
    }

    @Test func healthFileIsTouchedAndRemoved() throws {
        let folder = TemporaryFolder()
        let service = try LiveService.start {
            $0.healthCheckFile = folder.path("health")
            $0.healthCheckInterval = 0.05
        }
        #expect(eventually { access(folder.path("health"), F_OK) == 0 })
        service.stop()
        #expect(access(folder.path("health"), F_OK) != 0)
    }

    @Test func unreadyBeforeItEnds() throws {
        // Long enough that a machine with other work to do gets an answer in between.
        let service = try LiveService.start { $0.shutdownDelay = 2 }
        let client = try service.client()
        #expect(client.request("GET", "/readyz")?.status == 200)
        let stopping = ServerThread(stackBytes: 512 << 10) { service.stop() }
        let isUnreadyAndCloses = eventually {
            let response = HTTPClient(port: service.http.server.port)?.request("GET", "/readyz")
            guard response?.status == 503, response?.header("Connection") == "close" else { return false }
            return response?.text.contains("[-]shutdown failed") == true
        }
        #expect(isUnreadyAndCloses)
        stopping?.join()
        #expect(HTTPClient(port: service.http.server.port) == nil)
    }
}
