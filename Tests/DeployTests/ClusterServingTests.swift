import Glibc
import TestSupport
import Testing
import Values
import YAML

/// Runs the overlays that use an API server, with exactly the account, objects and rights that they install.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct ClusterServingTests {
    private static let account = "system:serviceaccount:pillion-system:pillion"

    /// A cluster with the overlay's objects that Pillion reads or writes, and with Istio's ConfigMaps.
    private static func cluster(_ overlay: Overlay, rules: [Value]) throws -> TestCluster {
        let cluster = try #require(TestCluster())
        cluster.setTokens(["first": account])
        cluster.folder.write("pillion-system", to: "namespace")
        let resources = [
            "ConfigMap": "configmaps", "Secret": "secrets", "Namespace": "namespaces",
            "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
        ]
        for object in try overlay.objects {
            guard let resource = resources[object.kind] else { continue }
            cluster.put(resource, object.namespace.isEmpty ? nil : object.namespace, object.value)
        }
        let data = try #require(try Overlay(name: "auto").object("ConfigMap")["data"])
        func text(_ key: String) -> String { data[key]?.string ?? "" }
        cluster.putConfigMap(
            "istio-system", "istio-sidecar-injector",
            [("config", text("config")), ("values", text("values"))])
        cluster.putConfigMap("istio-system", "istio", [("mesh", text("mesh"))])
        cluster.put(
            "namespaces", nil, ["metadata": ["name": "shop", "labels": ["istio-injection": "enabled"]]])
        cluster.setRules(rules)
        return cluster
    }

    /// The rules of all roles; those of a Role have its namespace.
    private static func rules(_ overlay: Overlay) throws -> [Value] {
        try overlay.objects.filter { $0.kind == "Role" || $0.kind == "ClusterRole" }.flatMap { role in
            (role.value["rules"]?.array ?? []).map { rule in
                var rule = rule.object ?? Object()
                if role.kind == "Role" { rule["namespace"] = .string(role.namespace) }
                return .object(rule)
            }
        }
    }

    private static func bundle(_ cluster: TestCluster) -> String? {
        let configuration = cluster.get("mutatingwebhookconfigurations", nil, "pillion")
        return configuration["webhooks"]?.array?.first?.at("clientConfig", "caBundle")?.string
    }

    @Test(arguments: [Overlay(name: "auto"), Overlay(name: "revision")])
    func servesWithItsRights(_ overlay: Overlay) throws {
        let cluster = try Self.cluster(overlay, rules: Self.rules(overlay))
        let pod = try RunningPod(overlay, in: cluster)
        #expect(!pod.said.contains("cannot "), "\(pod.said)")

        // The caBundle is the authority that signed the certificate for the Service's name.
        #expect(eventually { Self.bundle(cluster) != nil })
        let folder = TemporaryFolder()
        let webhook = try #require(
            try overlay.object("MutatingWebhookConfiguration")["webhooks"]?.array?.first)
        /// The patch of a review that is sent to the Service's name, trusting the caBundle.
        func patch() throws -> String {
            let authority = try #require(Self.bundle(cluster).flatMap { Base64.decode($0) })
            folder.write(authority, to: "ca.crt")
            let answer = try pod.review(
                "v1", client: webhook["clientConfig"], authority: folder.path("ca.crt"))
            let patch = answer.at("response", "patch")?.string.flatMap { Base64.decode($0) }
            return String(decoding: try #require(patch), as: UTF8.self)
        }
        #expect(try patch().contains(#""image":"busybox:1.36""#))

        // A changed ConfigMap takes effect, and a lost bundle is restored.
        let isRevision = overlay.name == "revision"
        let (namespace, name) =
            isRevision ? ("istio-system", "istio-sidecar-injector") : ("pillion-system", "pillion-config")
        let data = try #require(cluster.get("configmaps", namespace, name)["data"]?.object)
        cluster.putConfigMap(
            namespace, name,
            data.members.map {
                ($0.key, ($0.value.string ?? "").replacing("busybox:1.36", with: "busybox:1.37"))
            })
        #expect(try eventually { try patch().contains(#""image":"busybox:1.37""#) })
        cluster.put(
            "mutatingwebhookconfigurations", nil, try overlay.object("MutatingWebhookConfiguration"))
        #expect(eventually { Self.bundle(cluster) != nil })
        #expect(!pod.said.contains("cannot "), "\(pod.said)")
        try ScrapedAlerts.expectNone(pod.get("/metrics").text)
    }

    /// One right of a role.
    struct Right: CustomTestStringConvertible {
        let rule: Int
        let verb: String
        let resource: String
        var testDescription: String { "\(verb) \(resource)" }

        static let all: [Right] =
            (try? ClusterServingTests.rules(Overlay(name: "auto")).enumerated().flatMap { index, rule in
                (rule["verbs"]?.array ?? []).map {
                    Right(
                        rule: index, verb: $0.string ?? "", resource: rule["resources"]?[0]?.string ?? "")
                }
            }) ?? []
    }

    @Test func thereAreRights() { #expect(Right.all.count >= 10) }

    /// Without any one right, the log names the verb and the resource. So no right is superfluous.
    @Test(arguments: Right.all)
    func everyRightIsNeeded(_ right: Right) throws {
        let overlay = Overlay(name: "auto")
        var rules = try Self.rules(overlay)
        var rule = try #require(rules[right.rule].object)
        rule["verbs"] = .array(rule["verbs"]?.array?.filter { $0 != .string(right.verb) } ?? [])
        rules[right.rule] = .object(rule)
        let cluster = try Self.cluster(overlay, rules: rules)
        let pod = try RunningPod(overlay, in: cluster, waits: false)
        let wanted = "cannot \(right.verb) resource \\\"\(right.resource)\\\""
        #expect(eventually(seconds: 20) { pod.said.contains(wanted) }, "expected \(wanted) in \(pod.said)")
    }
}
