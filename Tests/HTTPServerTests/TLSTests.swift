import Glibc
import HTTPServer
import TestSupport
import Testing
import Values

/// Answers with the client's identity.
private final class Greeter: HTTPHandler {
    let authority: TLSClientAuthority?

    init(trusting authority: TLSClientAuthority? = nil) { self.authority = authority }

    func bodyLimit(for request: HTTPRequest) -> Int { 0 }

    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse? {
        var body = ByteBuffer()
        switch authority.map({ request.tlsClient(trusting: $0) }) ?? .unknown {
        case .unknown: body.append("unknown")
        case .untrusted: body.append("untrusted")
        case .verified(let name): body.append("\(name) \(request.tlsClientIs("kube-apiserver"))")
        }
        return HTTPResponse(status: 200, body: body)
    }

    func isUrgent(_ request: HTTPRequest) -> Bool { request.query("urgent") != nil }

    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse { HTTPResponse(status: 400) }
    func shed(_ request: HTTPRequest) -> HTTPResponse { HTTPResponse(status: 503) }
}

private let folder = packageRoot + "/Tests/HTTPServerTests/certificates/"

private func file(_ name: String) throws -> [UInt8] {
    try #require(contents(of: folder + name))
}

private func pair(_ name: String) throws -> TLSPair {
    try TLSPair(certificates: file(name + ".pem"), key: file(name + ".key"))
}

private func isInstalled(_ program: String) -> Bool { access("/usr/bin/" + program, X_OK) == 0 }

@Suite(.timeLimit(.minutes(10)), .enabled(if: isInstalled("curl"), "needs curl"))
struct TLSTests {
    private func server(
        trusting authority: TLSClientAuthority? = nil, _ change: (inout TLSOptions) -> Void = { _ in }
    ) throws -> HTTPServer {
        var options = HTTPServer.Options(address: .network(host: "127.0.0.1", port: 0))
        var tls = TLSOptions(credentials: TLSCredentials(try pair("server")))
        change(&tls)
        options.tls = tls
        return try HTTPServer(options, handler: Greeter(trusting: authority))
    }

    private func curl(_ server: HTTPServer, _ arguments: String...) -> ProcessResult {
        let base = ["--silent", "--show-error", "--max-time", "10", "--cacert", folder + "authority.pem"]
        return run("/usr/bin/curl", base + arguments + ["https://localhost:\(server.port)/"])
    }

    @Test func answersWhoTrustsTheAuthority() throws {
        let server = try server()
        defer { server.stop() }
        #expect(curl(server).output == "unknown")
        #expect(curl(server, "--tls-max", "1.2").output == "unknown")
        #expect(curl(server, "--tlsv1.3").output == "unknown")
    }

    /// Keeps idle connections for longer than an API server, which closes them after 90 s. Closing one first could cut
    /// a call that is being sent, which is not retried: with `failurePolicy: Fail`, the pod is refused.
    @Test func connectionsOutliveAnAPIServersPool() throws {
        #expect(HTTPLimits().idleSeconds >= 90 + 30)
        let server = try server()
        defer { server.stop() }
        let url = "https://localhost:\(server.port)/"
        let result = run(
            "/usr/bin/curl",
            [
                "-sS", "-v", "--cacert", folder + "authority.pem", url, url,
            ])
        #expect(
            result.status == 0 && result.errors.contains("Re-using existing connection"), "\(result.errors)")
    }

    @Test func oldVersionsAndWeakCiphersAreRefused() throws {
        let server = try server()
        defer { server.stop() }
        let old = curl(server, "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
        #expect(old.status != 0)
        for cipher in ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"] {
            #expect(curl(server, "--tls-max", "1.2", "--ciphers", cipher + "@SECLEVEL=0").status != 0)
        }
        #expect(curl(server, "--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256").status == 0)
    }

    @Test func chosenCipherSuites() throws {
        let suites = try TLSCipherSuites(["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"], minimum: .v12)
        let server = try server { $0.suites = suites }
        defer { server.stop() }
        func status(_ cipher: String) -> Int32 {
            curl(server, "--tls-max", "1.2", "--ciphers", cipher).status
        }
        #expect(status("ECDHE-ECDSA-AES256-GCM-SHA384") == 0)
        #expect(status("ECDHE-ECDSA-AES128-GCM-SHA256") != 0)
        #expect(status("ECDHE-ECDSA-CHACHA20-POLY1305") != 0)
        #expect(curl(server, "--tlsv1.3", "--tls13-ciphers", "TLS_AES_256_GCM_SHA384").status == 0)
        #expect(curl(server, "--tlsv1.3", "--tls13-ciphers", "TLS_AES_128_GCM_SHA256").status != 0)
    }

    @Test(arguments: [
        (["TLS_RSA_WITH_AES_128_CBC_SHA"], "is not offered, expected some of TLS_AES_256_GCM_SHA384, "),
        (["TLS_AES_128_GCM_SHA256"], "none of the cipher suites is one of TLS 1.2"),
        (
            ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
            "add TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, or leave one of the two out"
        ),
    ])
    func cipherSuitesThatCannotBe(names: [String], message: String) {
        let error = #expect(throws: HTTPServerError.self) { try TLSCipherSuites(names, minimum: .v12) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func everyCipherSuiteCanBeNamed() throws {
        #expect(try TLSCipherSuites(TLSCipherSuites.names, minimum: .v12) == TLSCipherSuites())
        #expect(try TLSCipherSuites([], minimum: .v12) == TLSCipherSuites())
        _ = try TLSCipherSuites(["TLS_AES_128_GCM_SHA256"], minimum: .v13)
    }

    @Test func minimumVersion() throws {
        let server = try server { $0.minimum = .v13 }
        defer { server.stop() }
        #expect(curl(server, "--tls-max", "1.2").status != 0)
        #expect(curl(server, "--tlsv1.3").status == 0)
    }

    @Test func plainHTTPOnATLSPortIsNotAnswered() throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        #expect(client.request("GET", "/") == nil)
        #expect(curl(server).status == 0)
    }

    @Test func certificatesAreSwappedUnderTheServer() throws {
        let credentials = TLSCredentials(try pair("server"))
        let server = try server { $0.credentials = credentials }
        defer { server.stop() }
        func shown() -> Bool {
            curl(server, "--pinnedpubkey", "", "--verbose").errors.contains("CN=renewed")
        }
        #expect(!shown())
        credentials.replace(with: try pair("renewed"))
        #expect(shown())
    }

    @Test func clientCertificates() throws {
        let authority = try TLSClientAuthority(certificates: file("authority.pem"))
        let server = try server(trusting: authority) { $0.asksClient = true }
        defer { server.stop() }
        func asked(_ name: String) -> ProcessResult {
            curl(server, "--cert", folder + name + ".pem", "--key", folder + name + ".key")
        }
        #expect(asked("client").output == "kube-apiserver true")
        #expect(asked("server").output == "server false")
        #expect(curl(server).output == "unknown")
        #expect(asked("stranger").output == "untrusted")
        // The stranger's certificate is self-signed: with it as CA, the server trusts no other client.
        try authority.replace(with: file("stranger.pem"))
        #expect(asked("stranger").output.hasPrefix("kube-apiserver "))
        #expect(asked("client").output == "untrusted")
        #expect(throws: HTTPServerError.self) { try authority.replace(with: Array("nonsense".utf8)) }
        #expect(asked("client").output == "untrusted")
    }

    @Test func namesAndTimes() throws {
        let pair = try pair("server")
        #expect(pair.isFor("pillion.mesh.svc"))
        #expect(!pair.isFor("server"))
        #expect(pair.validity.contains(time(nil)))
    }

    @Test func badPairs() throws {
        let server = try file("server.pem")
        let other = try file("renewed.key")
        func refusal(_ certificates: [UInt8], _ key: [UInt8]) -> String? {
            #expect(throws: HTTPServerError.self) { try TLSPair(certificates: certificates, key: key) }?
                .message
        }
        #expect(refusal(server, other) == "the key is not the certificate's: their public keys differ")
        #expect(refusal(Array("nonsense".utf8), other) == "the certificate file holds no PEM certificate")
        #expect(refusal(server, Array("nonsense".utf8)) == "the key file holds no PEM key without a password")
        #expect(refusal([], []) == "the certificate file holds no PEM certificate")
    }
}
