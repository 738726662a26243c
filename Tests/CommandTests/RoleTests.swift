import Glibc
import TestSupport
import Testing
import Values
import YAML

/// Runs `serve` with exactly the roles, arguments and objects of the overlay `auto` of deploy/kustomize. With all
/// rights everything works; without any one of them, the log names the verb and the resource.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct RoleTests {
    private static let folder = packageRoot + "/deploy/kustomize/"

    private static func documents(_ name: String) throws -> [Value] {
        try YAMLReader.documents(contents(of: folder + name) ?? []).filter { !$0.isEmpty }.map(\.value)
    }

    /// The rules of the Roles and ClusterRoles, in the test server's form.
    private static func rules() throws -> [Value] {
        var rules: [Value] = []
        for file in ["components/auto-certificates/rbac.yaml", "overlays/auto/rbac.yaml"] {
            for object in try documents(file) {
                let kind = object["kind"]?.string
                guard kind == "Role" || kind == "ClusterRole" else { continue }
                for var rule in object["rules"]?.array ?? [] {
                    if kind == "Role", let namespace = object["metadata"]?["namespace"] {
                        rule.modifyObject { $0["namespace"] = namespace }
                    }
                    rules.append(rule)
                }
            }
        }
        return rules
    }

    /// The arguments that the overlay adds.
    private static func arguments() throws -> [String] {
        try ["components/auto-certificates/deployment.yaml", "overlays/auto/deployment.yaml"].flatMap {
            file in
            try documents(file).flatMap { $0.array ?? [] }.compactMap { $0["value"]?.string }
                .filter { $0.hasPrefix("--") }.map {
                    $0.replacing("$(POD_NAMESPACE)", with: "pillion-system")
                }
        }
    }

    /// Creates the objects that exist in the cluster before the pods.
    private static func install(_ cluster: TestCluster) throws {
        for object in try documents("components/auto-certificates/rbac.yaml")
            + documents("base/configmap.yaml")
            + documents("base/mutatingwebhookconfiguration.yaml")
        {
            let name = (object["kind"]?.string ?? "").lowercased() + "s"
            guard ["secrets", "configmaps", "mutatingwebhookconfigurations"].contains(name) else { continue }
            cluster.put(name, object["metadata"]?["namespace"]?.string, object)
        }
    }

    private func start(_ cluster: TestCluster) throws -> RunningProcess {
        let own = ["--httpPort", "0", "--port", "0", "--monitoringPort", "-1", "--log-format", "text"]
        let arguments = try ["serve"] + Self.arguments() + own
        return try #require(
            RunningProcess(
                pillionBinary, arguments,
                environment: cluster.podEnvironment.merging(["HOME": "/none"]) { $1 }))
    }

    private func bundle(_ cluster: TestCluster) -> String? {
        let object = cluster.get("mutatingwebhookconfigurations", nil, "pillion")
        return object["webhooks"]?[0]?["clientConfig"]?["caBundle"]?.string
    }

    @Test func withThemEverythingWorks() throws {
        let cluster = try #require(TestCluster())
        try Self.install(cluster)
        cluster.setRules(try Self.rules())
        let server = try start(cluster)
        #expect(eventually(seconds: 30) { server.errors.contains("serving") }, "\(server.errors)")
        #expect(eventually { bundle(cluster) != nil }, "\(server.errors)")
        #expect(
            cluster.get("secrets", "pillion-system", "pillion-tls")["data"]?["ca.crt"]?.string
                == bundle(cluster))
        var map = cluster.get("configmaps", "pillion-system", "pillion-config")
        map.modifyObject { $0["data"] = ["config": "policy: [", "mesh": "{}"] }
        cluster.put("configmaps", "pillion-system", map)
        #expect(eventually { server.errors.contains("configuration refused") }, "\(server.errors)")
        #expect(!server.errors.contains("expected a role"), "\(server.errors)")
        #expect(server.end() == 0)
    }

    /// The base64 of the first certificate in a text.
    private static func certificate(in text: String) -> Substring? {
        guard let begin = text.firstRange(of: "-----BEGIN CERTIFICATE-----"),
            let end = text[begin.upperBound...].firstRange(of: "-----END CERTIFICATE-----")
        else { return nil }
        return text[begin.upperBound..<end.lowerBound]
    }

    /// Two replicas that start at the same time with the empty Secret of the manifests serve one certificate: the one
    /// in the Secret. Clients that trust the webhook's bundle accept it for the Service's name.
    @Test func replicasEndWithOneCertificate() throws {
        let cluster = try #require(TestCluster())
        try Self.install(cluster)
        cluster.setRules(try Self.rules())
        let servers = [try start(cluster), try start(cluster)]
        let served = try servers.map { server in
            #expect(eventually(seconds: 30) { server.errors.contains("https://*:") }, "\(server.errors)")
            #expect(eventually { bundle(cluster) != nil })
            cluster.folder.write(Base64.decode(bundle(cluster) ?? "") ?? [], to: "bundle.pem")
            let address = try #require(server.errors.split(separator: "https://*:").last)
            let port = address.prefix { $0.isNumber }
            let name = "pillion.pillion-system.svc"
            let shown = run(
                "/usr/bin/openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(port)", "-servername", name, "-verify_hostname",
                    name,
                    "-verify_return_error", "-CAfile", cluster.folder.path("bundle.pem"),
                ])
            #expect(shown.output.contains("Verify return code: 0 (ok)"), "\(shown.errors)")
            return Self.certificate(in: shown.output)
        }
        #expect(served[0] != nil)
        #expect(served[0] == served[1])
        let secret = cluster.get("secrets", "pillion-system", "pillion-tls")["data"]?["tls.crt"]?.string ?? ""
        #expect(
            Self.certificate(in: String(decoding: Base64.decode(secret) ?? [], as: UTF8.self)) == served[0])
    }

    @Test func withoutOneTheMessageNamesIt() throws {
        let rules = try Self.rules()
        var count = 0
        for (index, rule) in rules.enumerated() {
            for verb in rule["verbs"]?.array ?? [] {
                count += 1
                let cluster = try #require(TestCluster())
                try Self.install(cluster)
                var fewer = rules
                fewer[index].modifyObject {
                    $0["verbs"] = .array(rule["verbs"]?.array?.filter { $0 != verb } ?? [])
                }
                cluster.setRules(fewer)
                let server = try start(cluster)
                let resource = rule["resources"]?[0]?.string ?? ""
                let missing = "expected a role that allows \(verb.string ?? "") on \(resource)"
                #expect(
                    eventually(seconds: 20) { server.errors.contains(missing) },
                    "\(missing)\n\(server.errors)")
            }
        }
        #expect(count >= 12)
    }
}
