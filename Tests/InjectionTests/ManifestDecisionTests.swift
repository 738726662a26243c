import Injection
import PluginAPI
import TestSupport
import Testing
import Values

/// Decisions about a manifest: their places and edits, and that each proposed edit changes the answer.
@Suite struct ManifestDecisionTests {
    /// Configurations of both forms with selectors, so that decisions depend on labels, annotations, namespaces and
    /// policy.
    private static let configurations = [
        """
        policy: enabled
        engine: literal
        neverInjectSelector:
        - matchLabels: {role: never}
        alwaysInjectSelector:
        - matchLabels: {role: always}
        template: "containers: []"
        """,
        """
        policy: disabled
        engine: literal
        neverInjectSelector:
        - matchExpressions: [{key: role, operator: In, values: [never]}]
        alwaysInjectSelector:
        - matchLabels: {role: always}
        templates:
          sidecar: "{}"
        """,
    ]

    private static func pod(_ annotation: String, _ label: String, _ host: Bool) -> String {
        """
        metadata:
          # kept
          labels: {app: 'x'\(label)}
        \(annotation.isEmpty ? "" : "  annotations:\n    sidecar.istio.io/inject: '\(annotation)'")
        spec:
        \(host ? "  hostNetwork: true" : "  nodeName: here")
          containers:
          - name: app
            image: app:1
        """
    }

    private static func indented(_ text: String, by blanks: Int) -> String {
        text.split(separator: "\n").map { String(repeating: " ", count: blanks) + $0 }.joined(separator: "\n")
    }

    /// The pod alone, in a Deployment, in a CronJob and in a List, with its namespace in the manifest or not.
    private static func manifests() -> [String] {
        var all: [String] = []
        for annotation in ["", "true", "false"] {
            for label in ["", ", role: never", ", role: always", ", sidecar.istio.io/inject: 'false'"] {
                for host in [false, true] {
                    let pod = pod(annotation, label, host)
                    all.append("apiVersion: v1\nkind: Pod\n\(pod)\n")
                    all.append(
                        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\n  namespace: shop\nspec:\n"
                            + "  template:\n\(indented(pod, by: 4))\n")
                    all.append(
                        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n"
                            + "- apiVersion: v1\n  kind: Pod\n\(indented(pod, by: 2))\n")
                    all.append(
                        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\napiVersion: apps/v1\n"
                            + "kind: StatefulSet\nmetadata:\n  name: s\n  namespace: shop\nspec:\n  template:\n"
                            + "\(indented(pod, by: 4))\n")
                }
            }
        }
        return all
    }

    @Test(arguments: configurations.indices)
    func whatChangesAnAnswerDoes(_ index: Int) throws {
        let snapshot = try Snapshots.make(Self.configurations[index], mesh: "sdsUdsPath: \"\"")
        var tried = 0
        for manifest in Self.manifests() {
            for labels in [nil, Object(), Object([Member("istio-injection", "disabled")])] {
                for namespace in ["shop", "kube-system"] {
                    tried += try check(manifest, labels, namespace, snapshot)
                }
            }
        }
        #expect(tried > 300, "only \(tried) changes were tried")
    }

    private func check(
        _ manifest: String, _ labels: Object?, _ namespace: String, _ snapshot: Snapshot
    ) throws -> Int {
        let before = try Pipeline.decide(
            manifest: Array(manifest.utf8), namespace: namespace, namespaceLabels: labels, explain: true,
            snapshot: snapshot)
        #expect(before.manifest == Array(manifest.utf8))
        var tried = 0
        for (place, found) in before.answers.enumerated() {
            for (counterfactual, edits) in zip(found.answer.counterfactuals, found.edits) {
                var (inManifest, changedLabels, changedNamespace) = ([ManifestEdit](), labels, namespace)
                var isElsewhere = false
                for edit in edits {
                    switch edit {
                    case .manifest(let edit): inManifest.append(edit)
                    case .namespace(let name): changedNamespace = name
                    case .namespaceLabel(let key, let value):
                        changedLabels?[key] = value.map { .string($0) }
                    case .policy: isElsewhere = true
                    }
                }
                if isElsewhere { continue }
                tried += 1
                let after = try Pipeline.decide(
                    manifest: Array(manifest.utf8), edits: inManifest, namespace: changedNamespace,
                    namespaceLabels: changedLabels, snapshot: snapshot)
                let answer = after.answers[place].answer.decision
                #expect(
                    answer.inject == counterfactual.inject && answer.reason == counterfactual.reason,
                    "\(counterfactual.change): \(answer.reason)\n\(manifest)")
                let text = String(decoding: after.manifest, as: UTF8.self)
                #expect(text.contains("# kept"), "\(counterfactual.change) loses a comment:\n\(text)")
            }
        }
        return tried
    }

    @Test func placesAreLinesOfTheManifest() throws {
        let snapshot = try Snapshots.make(Self.configurations[0], mesh: "sdsUdsPath: \"\"")
        let manifest = """
            # a comment
            kind: Service
            apiVersion: v1
            ---
            apiVersion: apps/v1
            kind: Deployment
            spec:
              template:
                spec:
                  hostNetwork: true
                metadata:
                  annotations:
                    sidecar.istio.io/inject: "true"
            """
        let found = try Pipeline.decide(manifest: Array(manifest.utf8), snapshot: snapshot)
        #expect(found.answers.map(\.document) == [0, 1])
        #expect(found.answers.map(\.line) == [1, 5])
        #expect(
            found.answers[1].lines == [
                "/spec/template/spec/hostNetwork": 10,
                "/spec/template/metadata/annotations/sidecar.istio.io~1inject": 13,
            ])
    }

    @Test func editsThatLeadNowhereChangeNothing() throws {
        let snapshot = try Snapshots.make(Self.configurations[0], mesh: "sdsUdsPath: \"\"")
        let manifest = Array("kind: Pod  # as it is\nspec:\n  containers: []\n".utf8)
        for (document, pointer) in [(7, ["kind"]), (0, ["spec", "containers", "3"]), (0, ["a", "b"])] {
            let edit = ManifestEdit(document: document, pointer: JSONPointer(pointer), value: nil)
            let found = try Pipeline.decide(manifest: manifest, edits: [edit], snapshot: snapshot)
            #expect(found.manifest == manifest)
        }
    }
}
