import Injection
import Kubernetes
import PluginAPI
import Service
import System
import TestSupport
import Testing
import Values
import YAML

@testable import Why

/// Diagnoses why a pod has no sidecar, for each situation from saved objects and from a server with the Kubernetes API.
///
/// A case is a file of objects; its first line has the question and the expected cause. The answer is in a file next to
/// it.
@Suite(.timeLimit(.minutes(10)))
struct WhyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let target: WhyTarget
        let cause: Diagnosis.Cause
        let objects: [Value]
        var testDescription: String { name }

        static let folder = packageRoot + "/Tests/WhyTests/cases/"

        init(_ name: String) throws {
            self.name = name
            let text = TestSupport.text(of: Self.folder + name + ".yaml")
            let head = text.prefix { $0 != "\n" }.dropFirst(2).split(separator: ": ").map(String.init)
            let operand = try #require(head.first)
            target = try WhyTarget(operand, namespace: "shop")
            let word = try #require(head.last)
            cause = try #require(Diagnosis.Cause(rawValue: word))
            objects = try YAMLReader.documents(Array(text.utf8)).filter { !$0.isEmpty }.map(\.value)
        }

        static let all: [Case] = ((try? Folder.names(in: folder)) ?? []).filter { $0.hasSuffix(".yaml") }
            .compactMap {
                try? Case(String($0.dropLast(".yaml".count)))
            }
    }

    private func diagnose(_ target: WhyTarget, _ source: any EvidenceSource) throws -> Diagnosis {
        try Why.diagnose(target, from: source, registry: StandardPlugins.registry(loaded: []))
    }

    @Test func everyBranchIsThere() {
        let causes = Set(Case.all.map(\.cause))
        let missing = Set(Diagnosis.Cause.allCases).subtracting(causes).map(\.rawValue).sorted()
        #expect(missing == [])
    }

    @Test(arguments: Case.all)
    func fromSavedObjects(_ one: Case) throws {
        let found = try diagnose(one.target, SavedEvidence(one.objects))
        #expect(found.cause == one.cause)
        if let difference = compareGolden(found.text, with: Case.folder + one.name + ".text") {
            Issue.record("\(difference)")
        }
        // A List of the objects, as kubectl prints it, gives the same answer.
        let list: Value = ["kind": "List", "apiVersion": "v1", "items": .array(one.objects)]
        #expect(try diagnose(one.target, SavedEvidence([list])).text == found.text)
        #expect(found.json["cause"]?.string == one.cause.rawValue)
    }

    /// Gives the same first sentence as for saved objects, within twelve requests.
    @Test(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"))
    func fromACluster() throws {
        for one in Case.all where !one.name.hasSuffix("-saved") {
            let cluster = try #require(TestCluster())
            for object in one.objects { cluster.put(object) }
            let access = try ClusterAccess.find(kubeconfig: cluster.kubeconfig())
            _ = cluster.takeLog()
            let found = try diagnose(one.target, ClusterEvidence(APIClient(access)))
            let requests = cluster.takeLog().requests.count
            #expect(found.cause == one.cause, "\(one.name): \(found.sentence)")
            #expect(requests <= ClusterEvidence.requestLimit, "\(one.name): \(requests)")
            let saved = try diagnose(one.target, SavedEvidence(one.objects))
            #expect(found.sentence == saved.sentence, "\(one.name)")
        }
    }

    /// The case with the most requests: a Deployment whose pods cannot be created, two ConfigMaps, no EndpointSlice.
    @Test(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"))
    func mostRequests() throws {
        let one = try Case("pod-security")
        let cluster = try #require(TestCluster())
        for var object in one.objects {
            if object["metadata"]?["name"] == "pillion-7c9d8b7f5-q8w2z" {
                let text = JSON.text(object).replacing(
                    "meshConfigMap=$(POD_NAMESPACE)/pillion-config", with: "meshConfigMap=other/mesh")
                object = try JSON.read(text)
            }
            cluster.put(object)
        }
        let client = APIClient(try ClusterAccess.find(kubeconfig: cluster.kubeconfig()), limits: .commandLine)
        _ = cluster.takeLog()
        let found = try diagnose(one.target, ClusterEvidence(client))
        let paths = cluster.takeLog().requests.compactMap { $0["path"]?.string }
        #expect(found.cause == one.cause)
        #expect(paths.count == ClusterEvidence.requestLimit, "\(paths)")
        #expect(paths.contains { $0.hasSuffix("/namespaces/other/configmaps/mesh") })
        #expect(Set(paths).count == paths.count, "expected no object to be read twice")
        #expect(cluster.connections() == 1, "expected one connection")
    }

    /// Does not make a thirteenth request, and lists what it would have read.
    @Test(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"))
    func limitOfRequests() throws {
        let cluster = try #require(TestCluster())
        let client = APIClient(try ClusterAccess.find(kubeconfig: cluster.kubeconfig()), limits: .commandLine)
        var source = ClusterEvidence(client)
        _ = cluster.takeLog()
        for number in 1...ClusterEvidence.requestLimit {
            let reading = source.object(.configMaps, namespace: "a", name: "b\(number)")
            guard case .missing = reading else {
                Issue.record("request \(number): \(reading)")
                continue
            }
        }
        let reading = source.object(.configMaps, namespace: "a", name: "c")
        guard case .notRead("the limit of 12 requests to the API server is reached") = reading else {
            Issue.record("\(reading)")
            return
        }
        #expect(cluster.takeLog().requests.count == 12)
    }

    /// Reads Endpoints if listing EndpointSlices is not allowed, and the other way round.
    @Test(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"))
    func endpointsOfEitherKind() throws {
        let one = try Case("endpoint-slices")
        let cluster = try #require(TestCluster())
        for object in one.objects { cluster.put(object) }
        let read = ["pods", "namespaces", "services", "configmaps", "secrets", "endpoints"]
        let others: [Value] = [
            ["apiGroups": [""], "resources": .array(read.map { .string($0) }), "verbs": ["get", "list"]],
            ["apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]],
            [
                "apiGroups": ["admissionregistration.k8s.io"],
                "resources": ["mutatingwebhookconfigurations"], "verbs": ["list"],
            ],
        ]
        func reached() throws -> Diagnosis.Step? {
            let client = APIClient(try ClusterAccess.find(kubeconfig: cluster.kubeconfig()))
            return try diagnose(one.target, ClusterEvidence(client)).steps.first { $0.question == "reached" }
        }
        cluster.setRules(
            others + [
                ["apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]]
            ])
        #expect(try reached()?.details.first == "the Service pillion-system/pillion has 1 endpoint")
        // Without that right, it reads Endpoints, of which there are none here.
        cluster.setRules(others)
        #expect(try reached()?.verdict == .no)
        cluster.put(
            "endpoints", "pillion-system",
            [
                "metadata": ["name": "pillion", "namespace": "pillion-system"],
                "subsets": [["addresses": [["ip": "10.1.2.3"], ["ip": "10.1.2.4"], ["ip": "10.1.2.5"]]]],
            ])
        #expect(try reached()?.details.first == "the Service pillion-system/pillion has 3 endpoints")
    }

    /// Lists each object that it may not read with the missing right, and answers the rest.
    @Test(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"))
    func missingRights() throws {
        let one = try Case("label-missing")
        let cluster = try #require(TestCluster())
        for object in one.objects { cluster.put(object) }
        func rules(_ resources: [(String, String)]) {
            cluster.setRules(
                resources.map { group, resource in
                    [
                        "apiGroups": [.string(group)], "resources": [.string(resource)],
                        "verbs": ["get", "list"],
                    ]
                })
        }
        func found() throws -> Diagnosis {
            let access = try ClusterAccess.find(kubeconfig: cluster.kubeconfig())
            return try diagnose(one.target, ClusterEvidence(APIClient(access)))
        }
        let webhooks = ("admissionregistration.k8s.io", "mutatingwebhookconfigurations")
        rules([("", "pods"), ("", "namespaces"), webhooks])
        let answered = try found()
        #expect(answered.cause == .namespaceNotSelected)
        let rights = answered.unread.compactMap(\.right)
        #expect(
            rights.contains("get on configmaps (resourceNames: pillion-config) in namespace pillion-system"))
        #expect(rights.contains("get on secrets (resourceNames: pillion-tls) in namespace pillion-system"))
        // Without the webhook configurations nothing is certain, so no cause is given.
        rules([("", "pods"), ("", "namespaces")])
        let unknown = try found()
        #expect(unknown.cause == .unknown && !unknown.isCertain)
        #expect(
            unknown.unread.contains {
                $0.right
                    == "list on mutatingwebhookconfigurations.admissionregistration.k8s.io in the cluster"
            })
        // No right to read the pod itself.
        rules([])
        #expect {
            _ = try found()
        } throws: {
            "\($0)".contains("expected the right to get on pods (resourceNames: web-6d4cf56db6-x2x9k)")
        }
    }

    @Test func namesOfObjects() throws {
        #expect(try WhyTarget("web", namespace: "a") == WhyTarget(kind: .pod, name: "web", namespace: "a"))
        #expect(try WhyTarget("deployments.apps/web", namespace: "a").kind == .deployment)
        #expect(try WhyTarget("cj/web", namespace: "a").kind == .cronJob)
        for wrong in ["svc/web", "a/b/c", "", "Web"] {
            #expect(throws: WhyError.self) { try WhyTarget(wrong, namespace: "a") }
        }
    }
}

extension TestCluster {
    fileprivate func put(_ object: Value) {
        let resource =
            switch object["kind"]?.string ?? "" {
            case "Endpoints": "endpoints"
            case let kind: kind.lowercased() + "s"
            }
        put(resource, object["metadata"]?["namespace"]?.string, object)
    }
}
