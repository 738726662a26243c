import Glibc
import HTTPServer
import TestSupport
import Testing
import Values

@testable import Service

/// Certificates with one fault each, and the message. openssl creates them in each run.
@Suite(.enabled(if: access("/usr/bin/openssl", X_OK) == 0, "needs openssl"))
struct CertificateDoctorTests {
    private static let certificates = packageRoot + "/Tests/HTTPServerTests/certificates/"
    private let folder = TemporaryFolder()

    private func file(_ name: String) throws -> [UInt8] {
        try #require(contents(of: Self.certificates + name))
    }

    private func doctor(_ pem: [UInt8]? = nil) throws -> CertificateDoctor {
        CertificateDoctor(chain: try CertificateChain(pem: pem ?? file("server.pem")), now: time(nil))
    }

    private func codes(_ doctor: CertificateDoctor) -> [String] {
        doctor.findings().filter { $0.severity != .good && $0.code != "lifetime_long" }.map(\.code)
    }

    @Test func aGoodOne() throws {
        var doctor = try doctor()
        doctor.key = try file("server.key")
        doctor.names = ["pillion.mesh.svc", "localhost"]
        doctor.authorities = [("the CA", try file("authority.pem"))]
        #expect(codes(doctor) == [])
        #expect(
            doctor.findings().filter { $0.severity == .good }.map(\.code) == [
                "pair", "time", "name", "name", "key", "authority",
            ])
        #expect(doctor.chain.certificates.map(\.names) == [["localhost", "pillion.mesh.svc"]])
    }

    @Test func pairNameAndAuthority() throws {
        var doctor = try doctor()
        doctor.key = try file("renewed.key")
        doctor.names = ["pillion.mesh", "other.mesh.svc"]
        doctor.authorities = [("the bundle", try file("stranger.pem")), ("nothing", Array("x".utf8))]
        #expect(
            codes(doctor) == [
                "pair_invalid", "name_missing", "name_missing", "authority_unknown", "authority_unknown",
            ])
        let texts = doctor.findings().map(\.message)
        #expect(
            texts.contains(
                "the bundle does not lead to the certificate: The certificate is NOT trusted. "
                    + "The certificate issuer is unknown."))
        #expect(
            texts.contains(
                "the certificate is not made out for other.mesh.svc, but for localhost, pillion.mesh.svc"))
    }

    @Test func time30And7DaysBeforeItsEnd() throws {
        var doctor = try doctor()
        let end = doctor.chain.certificates[0].notAfter
        let day = 86_400
        for (now, expected) in [
            (end - 30 * day, []), (end - 30 * day + 1, ["certificate_ends_soon"]),
            (end, ["certificate_ends_soon"]), (end + 1, ["certificate_ended"]),
            (doctor.chain.certificates[0].notBefore - 1, ["certificate_not_begun"]),
        ] as [(Int, [String])] {
            doctor.now = now
            #expect(codes(doctor) == expected)
        }
        doctor.now = end - 7 * day
        #expect(doctor.findings()[0].severity == .warning)
        doctor.now = end - 7 * day + 1
        #expect(doctor.findings()[0].severity == .error)
    }

    @Test func weakKeysAndTheirUse() throws {
        let names = ["-addext", "subjectAltName=DNS:x.y.svc"]
        func made(_ label: String, _ more: [String]) throws -> [UInt8] {
            let base = [
                "req", "-x509", "-nodes", "-keyout", folder.path("k"), "-out", folder.path(label), "-subj",
                "/CN=x.y.svc", "-days", "90", "-newkey",
            ]
            let result = run("/usr/bin/openssl", base + more)
            try #require(result.status == 0, "\(result.errors)")
            return try #require(contents(of: folder.path(label)))
        }
        #expect(codes(try doctor(made("small", ["rsa:1024"] + names))).contains("key_weak"))
        #expect(codes(try doctor(made("enough", ["rsa:2048"] + names))) == [])
        let client = try made("client", ["rsa:2048", "-addext", "extendedKeyUsage=clientAuth"] + names)
        #expect(codes(try doctor(client)) == ["usage_wrong"])
        #expect(codes(try doctor(made("sha1", ["rsa:2048", "-sha1"] + names))) == ["signature_weak"])
        var nameless = try doctor(made("nameless", ["rsa:2048"]))
        nameless.names = ["x.y.svc"]
        #expect(codes(nameless) == ["name_missing"])
    }

    @Test func chainsOutOfOrder() throws {
        let good = try file("server.pem") + file("authority.pem")
        #expect(codes(try doctor(good)) == [])
        let broken = try file("server.pem") + file("stranger.pem")
        #expect(codes(try doctor(broken)) == ["chain_broken"])
        #expect(throws: HTTPServerError.self) { try CertificateChain(pem: Array("nonsense".utf8)) }
    }

    @Test func whatARunningServerShows() throws {
        let service = try LiveService.start { options in
            options.port = 0
            options.address = "127.0.0.1"
            options.tlsCertFile = Self.certificates + "server.pem"
            options.tlsKeyFile = Self.certificates + "server.key"
        }
        defer { service.stop() }
        let https = try #require(service.listeners.first { $0.kind == .https })
        let chain = try CertificateChain.shown(by: "127.0.0.1", port: https.server.port, name: "localhost")
        #expect(chain.certificates == (try CertificateChain(pem: file("server.pem")).certificates))
        // A plain HTTP port, and port 1, on which no server listens.
        for port in [service.listeners[1].server.port, 1] {
            #expect(throws: HTTPServerError.self) {
                try CertificateChain.shown(by: "127.0.0.1", port: port, name: "x", milliseconds: 2_000)
            }
        }
    }

    @Test func webhookConfigurations() throws {
        let bundle = Base64.encode(try file("authority.pem"))
        let configuration: Value = [
            "kind": "MutatingWebhookConfiguration",
            "webhooks": [
                [
                    "name": "a.b.c",
                    "clientConfig": [
                        "service": ["name": "pillion", "namespace": "mesh"], "caBundle": .string(bundle),
                    ],
                ],
                ["name": "d.e.f", "clientConfig": ["url": "https://host.example:9443/inject"]],
            ],
        ]
        let clients = try WebhookClient.all(of: configuration, name: "file")
        #expect(clients.map(\.serverName) == ["pillion.mesh.svc", "host.example"])
        #expect(clients[0].authorities == (try file("authority.pem")))
        #expect(clients[1].authorities == nil)
        #expect(clients.map(\.isService) == [true, false])
        let list: Value = ["kind": "List", "items": [["kind": "Service"], configuration]]
        #expect(try WebhookClient.all(of: list, name: "file") == clients)
        let wrong: [Value] = [
            ["kind": "Pod"], ["kind": "MutatingWebhookConfiguration"],
            ["kind": "List", "items": [["kind": "Service"]]],
        ]
        for wrong in wrong {
            #expect(throws: ServiceError.self) { try WebhookClient.all(of: wrong, name: "file") }
        }
    }

    /// The state after an installation without a caBundle: an API server would not call the webhook.
    @Test func missingBundles() throws {
        var doctor = try doctor()
        doctor.unbundled = [("a.b.c", true)]
        let finding = try #require(doctor.findings().first)
        #expect(finding.severity == .error && finding.code == "bundle_missing")
        #expect(
            finding.message
                == "a.b.c has no caBundle: no CA of the API server's own issues certificates for Services")
        doctor.unbundled = [("d.e.f", false)]
        #expect(!doctor.findings().contains { $0.code == "bundle_missing" })
        doctor.systemAuthorities = try file("stranger.pem")
        #expect(doctor.findings().first?.code == "bundle_missing")
        doctor.systemAuthorities = try file("authority.pem")
        #expect(!doctor.findings().contains { $0.code == "bundle_missing" })
    }
}
