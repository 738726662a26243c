import Glibc
import HTTPServer
import System
import TestSupport
import Testing
import Values

@testable import Service

/// The life of a server: changed files, certificates, callers, and errors that prevent its start.
@Suite(.timeLimit(.minutes(10)))
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

    /// Kubernetes creates a new folder next to the old one and swaps the link `..data`.
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
        // The watch may not have started yet: swap until the server notices.
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
            Issue.record("expected no reload without a change")
            return
        }
        install("renewed.pem", "server.key")
        guard case .refused(let reason) = certificates.reload() else {
            Issue.record("expected a mismatched pair to be refused")
            return
        }
        #expect(
            reason == folder.path("cert") + ": the key is not the certificate's: their public keys differ")
        #expect(certificates.credentials.current === first)
        install("renewed.pem", "renewed.key")
        guard case .loaded = certificates.reload() else {
            Issue.record("expected a good pair to be loaded")
            return
        }
        #expect(certificates.credentials.current !== first)
        let day = 86_400
        let end = certificates.expiry
        #expect(certificates.expiryWarning(now: end - 31 * day) == nil)
        #expect(certificates.expiryWarning(now: end - 30 * day + 1)?.contains("within 30 days") == true)
        #expect(certificates.expiryWarning(now: end - 29 * day) == nil)
        #expect(certificates.expiryWarning(now: end - 7 * day + 1)?.contains("within 7 days") == true)
        #expect(certificates.expiryWarning(now: end + 1)?.contains("ended at") == true)
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
                == "plain HTTP on 0.0.0.0 shows every review and template to the network: expected a loopback address, "
                + "or --allow-plain-http")
        #expect(
            reason { $0.httpPort = -1 }
                == "nothing is served: expected --httpPort, or --port with a certificate")
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

    @Test func whoMayConnectToTheSocket() throws {
        let folder = TemporaryFolder()
        for mode in [0o600, 0o660] {
            let service = try LiveService.start {
                $0.httpAddress = "unix:" + folder.path("socket")
                $0.socketMode = mode
            }
            var status = stat()
            stat(folder.path("socket"), &status)
            // Bits that the umask removes are not set.
            #expect(Int(status.st_mode & 0o777) & ~mode == 0)
            #expect(status.st_mode & 0o600 == 0o600)
            service.stop()
            #expect(access(folder.path("socket"), F_OK) != 0)
        }
    }

    @Test func anAbandonedSocketIsReplacedAndAnotherFileIsNot() throws {
        let folder = TemporaryFolder()
        let abandoned = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: folder.path("socket").utf8) }
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(abandoned, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(abandoned)
        #expect(access(folder.path("socket"), F_OK) == 0)
        let service = try LiveService.start { $0.httpAddress = "unix:" + folder.path("socket") }
        #expect(HTTPClient(path: folder.path("socket"))?.request("GET", "/livez")?.status == 200)
        let second = #expect(throws: ServiceError.self) {
            try LiveService.start { $0.httpAddress = "unix:" + folder.path("socket") }
        }
        #expect(second?.message == folder.path("socket") + " is in use by another process")
        service.stop()
        folder.write("precious", to: "socket")
        let third = #expect(throws: ServiceError.self) {
            try LiveService.start { $0.httpAddress = "unix:" + folder.path("socket") }
        }
        #expect(third?.message == folder.path("socket") + " exists and is not a socket: expected a free path")
        #expect(TestSupport.text(of: folder.path("socket")) == "precious")
    }

    @Test func clientCAsAndTokensAreReadAgain() throws {
        let folder = TemporaryFolder()
        func authority(_ name: String) {
            folder.write(TestSupport.text(of: Self.certificates + name), to: "ca")
        }
        authority("authority.pem")
        folder.write("one\n", to: "token")
        let service = try LiveService.start { options in
            options.port = 0
            options.tlsCertFile = Self.certificates + "server.pem"
            options.tlsKeyFile = Self.certificates + "server.key"
            options.clientCAFile = folder.path("ca")
            options.authTokenFile = folder.path("token")
        }
        defer { service.stop() }
        let port = try #require(service.listeners.first { $0.kind == .https }).server.port
        func inject(_ name: String) -> Int? {
            let pair = Self.certificates + name
            return HTTPClient.overTLS(
                port, "POST", "/inject", [("Content-Type", "application/json")], Array("{}".utf8),
                ["--cert", pair + ".pem", "--key", pair + ".key"])?.status
        }
        func decide(_ token: String) -> Int? {
            HTTPClient.overTLS(
                port, "POST", "/decide",
                [("Content-Type", "application/json"), ("Authorization", "Bearer " + token)],
                Array(#"{"kind":"Pod"}"#.utf8))?.status
        }
        #expect(inject("client") == 200)
        #expect(inject("stranger") == 403)
        #expect(decide("one") == 200)
        authority("stranger.pem")
        folder.write("two\n", to: "token")
        service.reload()
        #expect(inject("client") == 403)
        #expect(inject("stranger") == 200)
        #expect(decide("one") == 403)
        #expect(decide("two") == 200)
        folder.write("nonsense", to: "ca")
        folder.write("\n", to: "token")
        service.reload()
        #expect(inject("stranger") == 200)
        #expect(decide("two") == 200)
    }

    /// Without a token, `/decide` is refused to clients beyond loopback unless it is allowed.
    @Test func questionsWithoutAToken() throws {
        for isAllowed in [false, true] {
            let service = try LiveService.start { options in
                options.port = 0
                options.tlsCertFile = Self.certificates + "server.pem"
                options.tlsKeyFile = Self.certificates + "server.key"
                options.allowsUnauthenticated = isAllowed
            }
            defer { service.stop() }
            let port = try #require(service.listeners.first { $0.kind == .https }).server.port
            let json = [("Content-Type", "application/json")]
            let pod = Array(#"{"kind":"Pod"}"#.utf8)
            let decided = try #require(HTTPClient.overTLS(port, "POST", "/decide", json, pod))
            #expect(decided.status == (isAllowed ? 200 : 403))
            #expect(decided.text.contains("--allow-unauthenticated") == !isAllowed)
            #expect(HTTPClient.overTLS(port, "POST", "/inject", json, Array("{}".utf8))?.status == 200)
            let local = try #require(service.listeners.first { $0.kind == .http }).server.port
            let answer = HTTPClient(port: local)?.request("POST", "/decide", headers: json, body: pod)
            #expect(answer?.status == 200)
        }
    }

    @Test func compressionIsForThoseWhoTakeIt() throws {
        let client = try LiveService.shared.get().client()
        let plain = try #require(client.request("GET", "/functions"))
        #expect(plain.header("Content-Encoding") == nil)
        for header in ["gzip", "deflate, gzip;q=0.5", "GZIP"] {
            let packed = try #require(
                client.request("GET", "/functions", headers: [("Accept-Encoding", header)]))
            #expect(packed.header("Content-Encoding") == "gzip")
            #expect(packed.header("Vary") == "Accept-Encoding")
            #expect(packed.body.count < plain.body.count / 4)
            let folder = TemporaryFolder()
            let path = folder.write(packed.body, to: "answer")
            #expect(run("/usr/bin/env", ["gzip", "-dc", path]).output == plain.text)
        }
        for header in ["identity", "gzip;q=0", "gzip; q=0.000", "gzipped"] {
            let answer = client.request("GET", "/functions", headers: [("Accept-Encoding", header)])
            #expect(answer?.header("Content-Encoding") == nil, "\(header)")
        }
        // Short answers are not compressed.
        let short = client.request("GET", "/livez", headers: [("Accept-Encoding", "gzip")])
        #expect(short?.header("Content-Encoding") == nil)
    }

    @Test func injectionCanBeOff() throws {
        let service = try LiveService.start { $0.isInjectionEnabled = false }
        defer { service.stop() }
        let client = try service.client()
        let json = [("Content-Type", "application/json")]
        #expect(client.request("POST", "/inject", headers: json, body: Array("{}".utf8))?.status == 404)
        #expect(client.request("POST", "/inject/cluster/c", headers: json)?.status == 404)
        #expect(client.request("GET", "/livez")?.status == 200)
    }

    @Test func secretsOfTheMeshAreNotShown() throws {
        let folder = TemporaryFolder()
        folder.write(Self.good, to: "config")
        folder.write(
            "defaultConfig:\n  proxyMetadata:\n    PASSWORD: hunter2\n    OTHER: hunter3\n", to: "mesh")
        let service = try LiveService.start {
            $0.injectConfig = folder.path("config")
            $0.meshConfig = folder.path("mesh")
        }
        defer { service.stop() }
        let text = try #require(try service.client().request("GET", "/debug/mesh")).text
        #expect(text.contains(#""OTHER":"(redacted)""#))
        #expect(!text.contains("hunter"))
        let templates = try #require(try service.client().request("GET", "/debug/inject"))
        #expect(templates.text.hasPrefix("--- template\n"))
        #expect(templates.text.contains("image: one"))
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
        // As a path, because an API server accepts no query in a webhook's path.
        #expect(try allowed("/inject/failure-mode/allow") { _ in } == true)
        #expect(try allowed("/inject/cluster/east/failure-mode/deny") { $0.failureMode = .allow } == false)
        #expect(try allowed("/inject") { $0.failureModes = [("def*", .allow)] } == true)
        #expect(try allowed("/inject") { $0.failureModes = [("kube-*", .allow)] } == false)
        #expect(try allowed("/inject") { $0.ownNamespace = "default" } == true)
        // A namespace that is never blocked overrides the path and the rules.
        #expect(try allowed("/inject?failureMode=deny") { $0.ownNamespace = "default" } == true)
        #expect(try allowed("/inject?failureMode=deny") { $0.neverBlocked = ["def*"] } == true)
        #expect(try allowed("/inject") { $0.neverBlocked = ["kube-*"] } == false)
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

    /// A health file that cannot be written is logged once, and the server continues.
    @Test func aHealthFileThatCannotBeTouchedIsSaidOnce() throws {
        let folder = TemporaryFolder()
        let file = open(folder.path("log"), O_RDWR | O_CREAT, 0o600)
        defer { close(file) }
        let health = Health()
        health.becomeReady()
        let log = Log(LogLevels(.info), format: .json, descriptor: file)
        mkdir(folder.path("there"), 0o755)
        let healthFile = HealthFile(
            path: folder.path("away/health"), seconds: 0.01, health: health, log: log)
        healthFile.start()
        #expect(eventually { TestSupport.text(of: folder.path("log")).contains("No such file") })
        usleep(100_000)
        rename(folder.path("there"), folder.path("away"))
        #expect(eventually { access(folder.path("away/health"), F_OK) == 0 })
        #expect(eventually { TestSupport.text(of: folder.path("log")).contains("touched again") })
        healthFile.stop()
        #expect(TestSupport.text(of: folder.path("log")).split(separator: "\n").count == 2)
        let full = HealthFile(path: "/dev/full/health", seconds: 0.01, health: health, log: log)
        full.start()
        #expect(eventually { TestSupport.text(of: folder.path("log")).contains("Not a directory") })
        full.stop()
    }

    @Test func unreadyBeforeItEnds() throws {
        // Long enough for an answer in between on a busy machine.
        let service = try LiveService.start { $0.shutdownDelay = 2 }
        let client = try service.client()
        #expect(client.request("GET", "/readyz")?.status == 200)
        let stopping = Thread(stackBytes: 512 << 10) { service.stop() }
        let isUnreadyAndCloses = eventually {
            let response = HTTPClient(port: service.http.server.port)?.request("GET", "/readyz")
            guard response?.status == 503, response?.header("Connection") == "close" else { return false }
            return response?.text.contains("[-]shutdown failed") == true
        }
        #expect(isUnreadyAndCloses)
        stopping?.join()
        // For a while, the port may belong to the server of a test that runs next to this one.
        #expect(eventually { HTTPClient(port: service.http.server.port) == nil })
    }
}
