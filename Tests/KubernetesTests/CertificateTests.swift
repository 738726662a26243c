import Glibc
import Synchronization
import System
import TestSupport
import Testing
import Values

@testable import Kubernetes

/// Checks the certificates that Pillion creates with OpenSSL, and when it replaces them.
struct CertificateTests {
    private static let names = ServingCertificate.names(of: ObjectReference(namespace: "ns", name: "svc"))
    private static let year = 365 * 86_400

    private func make(_ old: ServingCertificate? = nil, names: [String] = names, now: Int = time(nil)) throws
        -> ServingCertificate?
    {
        try ServingCertificate.renewed(old, for: names, now: now)
    }

    @Test(.enabled(if: access("/usr/bin/openssl", X_OK) == 0, "openssl is not installed"))
    func openSSLAgrees() throws {
        let made = try #require(try make())
        let folder = TemporaryFolder()
        folder.write(made.certificate, to: "tls.crt")
        folder.write(made.key, to: "tls.key")
        folder.write(made.bundle, to: "ca.crt")
        func openssl(_ words: String) -> String {
            let result = run(
                "/usr/bin/openssl", words.split(separator: " ").map(String.init), in: folder.root)
            return result.output + result.errors
        }
        for name in Self.names {
            let verified = openssl(
                "verify -purpose sslserver -verify_hostname \(name) -CAfile ca.crt tls.crt")
            #expect(verified == "tls.crt: OK\n")
        }
        #expect(!openssl("verify -verify_hostname other -CAfile ca.crt tls.crt").contains("OK"))
        let text = openssl("x509 -in tls.crt -noout -text")
        #expect(text.contains("ASN1 OID: prime256v1"))
        #expect(text.contains("DNS:svc, DNS:svc.ns, DNS:svc.ns.svc, DNS:svc.ns.svc.cluster.local"))
        #expect(text.contains("Signature Algorithm: ecdsa-with-SHA256"))
        #expect(text.contains("CA:FALSE"))
        #expect(text.contains("TLS Web Server Authentication"))
        #expect(text.contains("Issuer: CN = pillion authority"))
        let authority = openssl("x509 -in ca.crt -noout -text")
        #expect(authority.contains("CA:TRUE, pathlen:0"))
        #expect(authority.contains("Certificate Sign, CRL Sign"))
        #expect(openssl("pkey -in tls.key -noout -check").contains("Key is valid"))
    }

    @Test func aGoodOneStays() throws {
        let made = try #require(try make())
        #expect(made.isGood(for: Self.names))
        #expect(try make(made) == nil)
        #expect(try make(made, now: time(nil) + Self.year / 3) == nil)
        let validity = try #require(PEM.validity(made.certificate))
        #expect((Self.year...(Self.year + 600)).contains(validity.upperBound - validity.lowerBound))
    }

    @Test func renewedAtTwoThirds() throws {
        let made = try #require(try make())
        // `isGood` uses the system's clock; the time of renewal depends on `now`.
        let later = try #require(try make(made, now: time(nil) + Self.year / 3 * 2 + 86_400))
        #expect(later.certificate != made.certificate)
        #expect(later.bundle == made.bundle)
    }

    /// A new authority is first added to the old one; the serving certificate stays until its own renewal.
    @Test func authorityIsRenewedWithoutAGap() throws {
        let old = try #require(try make(now: time(nil) - 4 * Self.year))
        let fresh = try #require(try make(old, now: time(nil)))
        #expect(PEM.blocks(fresh.bundle).count == 2)
        #expect(PEM.blocks(fresh.bundle)[1] == PEM.blocks(old.bundle)[0])
        #expect(fresh.isGood(for: Self.names))

        var recent = try #require(try make())
        let aged = try IssuedCertificate.issue(
            commonName: "old", names: [], validity: (time(nil) - 9 * Self.year)...(time(nil) + Self.year),
            issuer: nil)
        let leaf = try IssuedCertificate.issue(
            commonName: "x", names: Self.names, validity: (time(nil) - 60)...(time(nil) + Self.year / 2),
            issuer: aged)
        (recent.certificate, recent.key, recent.bundle, recent.authorityKey) =
            (leaf.certificate, leaf.key, aged.certificate, aged.key)
        let both = try #require(try make(recent))
        #expect(both.certificate == leaf.certificate)
        #expect(PEM.blocks(both.bundle).count == 2)
        #expect(both.isGood(for: Self.names))
        #expect(try make(both) == nil)
    }

    @Test func authoritiesAreKeptUpToALimit() throws {
        var current = try #require(try make())
        for _ in 0..<8 {
            current.authorityKey = []
            current = try #require(try make(current))
        }
        #expect(PEM.blocks(current.bundle).count == ServingCertificate.mostAuthorities)
        let many = (0..<70).flatMap { _ in current.certificate }
        #expect(PEM.blocks(many).count == 64)
    }

    @Test func whatIsNoGoodIsReplaced() throws {
        let made = try #require(try make())
        let other = try #require(try make())
        var mixed = made
        mixed.key = other.key
        #expect(!mixed.isGood(for: Self.names))
        #expect(try make(mixed)?.bundle == made.bundle)
        mixed = made
        mixed.bundle = other.bundle
        #expect(try make(mixed)?.isGood(for: Self.names) == true)
        mixed = made
        mixed.certificate = Array("rubbish".utf8)
        #expect(try make(mixed)?.isGood(for: Self.names) == true)
        let more = Self.names + ["another.ns.svc"]
        #expect(!made.isGood(for: more))
        #expect(try make(made, names: more)?.isGood(for: more) == true)
    }
}

/// Replicas that share a Secret.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct SharedCertificateTests {
    private let cluster: TestCluster
    private let names = ["svc.pillion.svc"]
    private let secret = ObjectReference(namespace: "pillion", name: "tls")

    init() throws { cluster = try #require(TestCluster()) }

    private func shared() throws -> SharedCertificate {
        let access = try #require(try ClusterAccess.ofPod(environment: Environment(cluster.podEnvironment)))
        return SharedCertificate(secret, client: APIClient(access))
    }

    private var stored: ServingCertificate? {
        ServingCertificate(secret: cluster.get("secrets", "pillion", "tls"))
    }

    private func putEmpty() {
        cluster.put(
            "secrets", "pillion",
            ["metadata": ["name": "tls", "labels": ["keep": "this"]], "type": "Opaque"])
    }

    /// Replicas start at the same time, with an empty Secret and without one.
    @Test(arguments: [true, false])
    func replicasEndWithOneCertificate(_ isThere: Bool) throws {
        if isThere { putEmpty() }
        let found = Mutex<[ServingCertificate]>([])
        let threads = try (0..<6).map { _ in
            let shared = try shared()
            return Thread {
                guard let certificate = try? shared.ensure(names: names) else { return }
                found.withLock { $0.append(certificate) }
            }
        }
        for thread in threads { thread?.join() }
        let all = found.withLock { $0 }
        #expect(all.count == 6)
        #expect(all.allSatisfy { $0 == stored })
        let object = cluster.get("secrets", "pillion", "tls")
        #expect(object["type"]?.string == (isThere ? "Opaque" : "kubernetes.io/tls"))
        if isThere { #expect(object["metadata"]?["labels"]?["keep"] == "this") }
    }

    @Test func whatIsThereIsTaken() throws {
        let first = try shared().ensure(names: names)
        _ = cluster.takeLog()
        #expect(try shared().ensure(names: names) == first)
        #expect(cluster.takeLog().requests.map { $0["method"]?.string } == ["GET"])
    }

    @Test func anotherWritersConflictIsNoFailure() throws {
        putEmpty()
        cluster.fail([
            ["status": 200, "raw": #"{"metadata":{"name":"tls","resourceVersion":"1"},"type":"Opaque"}"#]
        ])
        #expect(try shared().ensure(names: names) == stored)
        let methods = cluster.takeLog().requests.map { $0["method"]?.string }
        #expect(methods == ["GET", "PUT", "GET", "PUT"])
    }
}

/// The caBundle of a webhook configuration.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct WebhookBundleTests {
    private let cluster: TestCluster
    private let bundle = Array("bundle".utf8)

    init() throws { cluster = try #require(TestCluster()) }

    private func client() throws -> APIClient {
        APIClient(try #require(try ClusterAccess.ofPod(environment: Environment(cluster.podEnvironment))))
    }

    private func put(_ entries: [String], label: String? = nil) {
        var metadata = Object([Member("name", "hook")])
        if let label { metadata["labels"] = ["istio.io/rev": .string(label)] }
        cluster.put(
            "mutatingwebhookconfigurations", nil,
            [
                "metadata": .object(metadata),
                "webhooks": .array(
                    entries.map { name in
                        [
                            "name": .string(name), "sideEffects": "None", "failurePolicy": "Fail",
                            "clientConfig": [
                                "service": ["name": "svc", "namespace": "ns", "path": "/inject"]
                            ],
                        ]
                    }),
            ])
    }

    private func bundles() -> [String?] {
        let object = cluster.get("mutatingwebhookconfigurations", nil, "hook")
        return (object["webhooks"]?.array ?? []).map { $0["clientConfig"]?["caBundle"]?.string }
    }

    private func reconcile(
        _ entry: String = "injector.io", revision: String = "", seen: Value? = nil, retried: () -> Void = {}
    ) throws -> Bool {
        try WebhookBundle(configuration: "hook", entry: entry, revision: revision)
            .reconcile(seen, bundle: bundle, client: client(), retried: retried)
    }

    private func reason(_ body: () throws -> Void) -> WebhookBundle.Problem? {
        do {
            try body()
            return nil
        } catch { return error as? WebhookBundle.Problem }
    }

    @Test func allEntriesAndNoOthers() throws {
        put(["injector.io", "rev.injector.io", "other.io"])
        #expect(try reconcile())
        let wanted = Base64.encode(bundle)
        #expect(bundles() == [wanted, wanted, nil])
        #expect(try !reconcile())
        #expect(try reconcile(""))
        #expect(bundles() == [wanted, wanted, wanted])
        let object = cluster.get("mutatingwebhookconfigurations", nil, "hook")
        #expect(object["webhooks"]?[0]?["failurePolicy"] == "Fail")
        #expect(object["webhooks"]?[0]?["clientConfig"]?["service"]?["path"] == "/inject")
        let hooks = WebhookBundle(configuration: "hook", entry: "", revision: "")
        #expect(hooks.services(of: object).first == ObjectReference(namespace: "ns", name: "svc"))
    }

    /// With an old object, the server refuses the patch; the current one is patched instead.
    @Test func changedMeanwhile() throws {
        put(["injector.io"])
        let old = cluster.get("mutatingwebhookconfigurations", nil, "hook")
        put(["injector.io", "a.injector.io"])
        var retries = 0
        #expect(try reconcile(seen: old) { retries += 1 })
        #expect(retries == 1)
        #expect(bundles() == [Base64.encode(bundle), Base64.encode(bundle)])
    }

    @Test func reasons() throws {
        #expect(reason { _ = try reconcile() }?.reason == .configurationNotFound)
        put(["other.io"])
        let entry = try #require(reason { _ = try reconcile() })
        #expect(entry.reason == .entryNotFound)
        #expect(
            entry.message == "mutatingwebhookconfiguration hook has no entry injector.io: it has other.io")
        put(["injector.io"], label: "canary")
        #expect(reason { _ = try reconcile() }?.reason == .wrongRevision)
        #expect(try reconcile(revision: "canary"))
        put(["injector.io"], label: "default")
        #expect(try reconcile())
        put(["injector.io"])
        cluster.setRules([
            [
                "apiGroups": ["admissionregistration.k8s.io"], "resources": ["mutatingwebhookconfigurations"],
                "verbs": ["get"],
            ]
        ])
        let refused = try #require(reason { _ = try reconcile() })
        #expect(refused.reason == .updateFailed)
        #expect(
            refused.message.contains(
                "allows patch on mutatingwebhookconfigurations.admissionregistration.k8s.io"))
    }
}
