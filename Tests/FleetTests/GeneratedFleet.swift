import Injection
import Service
import TestSupport
import Values
import YAML

/// Pods of an invented cluster, as its API server returns them, each with a known verdict.
///
/// Each Deployment has a verdict and a way in which its pods were injected: by a webhook, by kube-inject, or by
/// kube-inject with provenance. Stale pods were injected with an older configuration.
struct GeneratedFleet {
    let now: Snapshot
    let before: Snapshot
    let isClassic: Bool
    let webhook: Bool

    static let podsPerOwner = 25

    /// How pods got their sidecar.
    enum Way: CaseIterable { case webhook, kubeInject, wayBack }

    /// Uses the configuration of a version of Istio, and an older one with another image, value or template line.
    init(_ version: String, webhook: Bool = true) throws {
        let folder = CaseCollection.istioConfigurations.path("config-\(version)")
        let texts = ["inject-config", "values", "mesh"].map { text(of: "\(folder)/\($0).yaml") }
        isClassic = version == "1.6"
        self.webhook = webhook
        now = try Self.compile(texts)
        var old = texts
        let edited = old[0].replacing("- name: POD_NAME\n", with: "- name: OLD_NAME\n")
        precondition(edited != old[0], "the template has no POD_NAME")
        old[0] = edited
        before = try Self.compile(old)
    }

    static func compile(_ texts: [String]) throws -> Snapshot {
        var options = InjectionOptions()
        options.revision = "default"
        return try InjectionConfiguration.compile(
            InjectionFiles(
                configuration: NamedText(name: "config", text: texts[0]),
                values: NamedText(name: "values", text: texts[1]),
                mesh: NamedText(name: "mesh", text: texts[2])), registry: StandardPlugins.registry(),
            options: options)
    }

    /// Calls `pod` with each pod and its verdict.
    func make(owners: Int, _ pod: (Value, LiveVerdict) throws -> Void) throws {
        for number in 0..<owners {
            let verdict = Self.verdict(of: number)
            let way = Way.allCases[number / 20 % Way.allCases.count]
            let template = try injected(number, verdict, way)
            for index in 0..<Self.podsPerOwner {
                try pod(
                    ServedPod.make(
                        named(template, number, index), node: number * 31 + index, webhook: webhook),
                    verdict)
            }
        }
    }

    /// Of 20 owners, 12 are current, 3 stale, 2 missed, 2 orphan and 1 broken.
    static func verdict(of number: Int) -> LiveVerdict {
        switch number % 20 {
        case 0..<12: .current
        case 12..<15: .stale
        case 15, 16: .missed
        case 17, 18: .orphan
        default: .broken
        }
    }

    private func injected(_ number: Int, _ verdict: LiveVerdict, _ way: Way) throws -> Value {
        let brought = pod(number)
        var pod = brought
        if verdict != .missed {
            let snapshot = verdict == .stale ? before : now
            pod =
                way == .webhook
                ? Pipeline.trial(of: brought, snapshot: snapshot).value
                : try kubeInjected(brought, snapshot, wayBack: way == .wayBack)
        }
        switch verdict {
        case .orphan: annotate(&pod, "sidecar.istio.io/inject", "false")
        case .broken: annotate(&pod, "status.sidecar.istio.io/port", "none")
        default: break
        }
        return pod
    }

    private func annotate(_ pod: inout Value, _ key: String, _ text: String) {
        pod.modifyObject { pod in
            pod.modify("metadata") { metadata in
                metadata.modifyObject { metadata in
                    metadata.modify("annotations") { $0.modifyObject { $0[key] = .string(text) } }
                }
            }
        }
    }

    /// The pod of a Deployment whose manifest was injected with kube-inject.
    private func kubeInjected(_ pod: Value, _ snapshot: Snapshot, wayBack: Bool) throws -> Value {
        var template = pod
        template.modifyObject { template in
            template.modify("metadata") { metadata in
                metadata.modifyObject { metadata in
                    metadata["generateName"] = nil
                    metadata["ownerReferences"] = nil
                    metadata["namespace"] = nil
                }
            }
        }
        let metadata = pod["metadata"]
        let deployment: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": [
                "name": metadata?["labels"]?["app"] ?? "", "namespace": metadata?["namespace"] ?? "",
            ],
            "spec": ["template": template],
        ]
        var options = ManifestOptions()
        options.provenance = wayBack
        let output = try Pipeline.inject(
            manifest: Array(JSON.text(deployment).utf8), snapshot: snapshot, options: options)
        var result = try YAMLReader.value(output.output)["spec"]?["template"] ?? .null
        result.modifyObject { result in
            result["apiVersion"] = "v1"
            result["kind"] = "Pod"
            result.modify("metadata") { own in
                own.modifyObject { own in
                    for key in ["generateName", "ownerReferences", "namespace"] { own[key] = metadata?[key] }
                }
            }
        }
        return result
    }

    /// A pod as its ReplicaSet creates it.
    private func pod(_ number: Int) -> Value {
        let name = "app-\(number)"
        let hash = "7c5f9d6b\(number % 10)"
        let port = Int64(8_080 + number % 3)
        var container: Value = [
            "name": "app", "image": .string("registry.example/app:\(number % 5)"),
            "ports": [["containerPort": .int(port), "name": "http"]],
            "env": [["name": "MODE", "value": "live"]],
            "resources": ["requests": ["cpu": "0.1", "memory": "128Mi"]],
        ]
        if number % 2 == 0 {
            container.modifyObject {
                $0["readinessProbe"] = ["httpGet": ["path": "/ready", "port": .int(port)]]
            }
        }
        var annotations: Value = [:]
        if number % 3 == 0 {
            annotations = [
                "prometheus.io/scrape": "true", "prometheus.io/port": .string(String(port)),
                "prometheus.io/path": "/metrics",
            ]
        }
        // The pod's own annotations; kube-inject also writes some of them.
        let own: [(String, String)] = [
            ("traffic.sidecar.istio.io/includeOutboundIPRanges", "10.0.0.0/8"),
            ("sidecar.istio.io/interceptionMode", "REDIRECT"),
            ("traffic.sidecar.istio.io/excludeInboundPorts", "9100"),
        ]
        if number % 7 < own.count {
            annotations.modifyObject { $0[own[number % 7].0] = .string(own[number % 7].1) }
        }
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "generateName": .string("\(name)-\(hash)-"), "namespace": .string("shop-\(number / 50)"),
                "labels": ["app": .string(name), "pod-template-hash": .string(hash)],
                "annotations": annotations,
                "ownerReferences": [
                    [
                        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": .string("\(name)-\(hash)"),
                        "uid": "b0b0", "controller": true, "blockOwnerDeletion": true,
                    ]
                ],
            ],
            "spec": [
                "containers": [container],
                "volumes": [["name": "settings", "configMap": ["name": .string(name)]]],
            ],
        ]
    }

    private static let letters = Array("bcdfghjklmnpqrstvwxz2456789")

    private func named(_ pod: Value, _ number: Int, _ index: Int) -> Value {
        var pod = pod
        pod.modifyObject { pod in
            pod.modify("metadata") { metadata in
                metadata.modifyObject { metadata in
                    var suffix = ""
                    var rest = number * 7_919 + index * 104_729 + 17
                    for _ in 0..<5 {
                        suffix.append(Self.letters[rest % Self.letters.count])
                        rest = rest / 3 + 11
                    }
                    metadata["name"] = .string((metadata["generateName"]?.string ?? "") + suffix)
                }
            }
        }
        return pod
    }
}
