import PluginAPI
import Values

/// Every combination of who made the pod, whether it carries annotations, whether it shares the host's network, and
/// (modern form) whether its sidecar is a native one.
enum PreflightFixtures {
    static func all(_ form: PolicyConfiguration.Form) -> [PreflightFixture] {
        var fixtures: [PreflightFixture] = []
        for owner in owners {
            for isAnnotated in [false, true] {
                for isOnHost in [false, true] {
                    for isNative in form == .modern ? [false, true] : [false] {
                        fixtures.append(
                            fixture(
                                owner, form, annotated: isAnnotated, onHost: isOnHost, native: isNative))
                    }
                }
            }
        }
        return fixtures
    }

    /// The kinds of Kubernetes that make pods, and a pod that nobody made.
    private static let owners: [(kind: String, version: String, name: String, suffix: String)] = [
        ("", "", "", ""), ("ReplicaSet", "apps/v1", "app-5d4f8c7b9", "Deployment"),
        ("StatefulSet", "apps/v1", "app", "StatefulSet"), ("DaemonSet", "apps/v1", "app", "DaemonSet"),
        ("Job", "batch/v1", "app-1700000000", "CronJob"), ("ReplicationController", "v1", "app", ""),
    ]

    /// Annotations that both forms know, with values that both take.
    private static let annotations: [(String, String)] = [
        ("sidecar.istio.io/proxyCPU", "100m"), ("sidecar.istio.io/proxyMemory", "128Mi"),
        ("sidecar.istio.io/logLevel", "info"), ("sidecar.istio.io/interceptionMode", "REDIRECT"),
        ("sidecar.istio.io/rewriteAppHTTPProbers", "true"), ("status.sidecar.istio.io/port", "15020"),
        ("readiness.status.sidecar.istio.io/periodSeconds", "5"),
        ("traffic.sidecar.istio.io/includeInboundPorts", "*"),
        ("traffic.sidecar.istio.io/excludeInboundPorts", "15020"),
        ("traffic.sidecar.istio.io/includeOutboundIPRanges", "*"),
        ("traffic.sidecar.istio.io/excludeOutboundPorts", "3306"),
        ("prometheus.io/scrape", "true"), ("prometheus.io/port", "8080"),
    ]

    private static func fixture(
        _ owner: (kind: String, version: String, name: String, suffix: String),
        _ form: PolicyConfiguration.Form, annotated: Bool, onHost: Bool, native: Bool
    ) -> PreflightFixture {
        var metadata = Object([
            Member("namespace", "default"),
            Member("labels", ["app": "app", "version": "v1", "pod-template-hash": "5d4f8c7b9"]),
        ])
        if owner.kind.isEmpty {
            metadata["name"] = "app"
        } else {
            metadata["generateName"] = .string(owner.name + "-")
            metadata["ownerReferences"] = [
                [
                    "apiVersion": .string(owner.version), "kind": .string(owner.kind),
                    "name": .string(owner.name), "uid": "1", "controller": true,
                ]
            ]
        }
        var texts = Object()
        if annotated { for (name, value) in annotations { texts[name] = .string(value) } }
        if native { texts[MetadataKey.nativeSidecar] = "true" }
        if !texts.isEmpty { metadata["annotations"] = .object(texts) }
        var spec = Object([
            Member("serviceAccountName", "app"),
            Member(
                "containers",
                [
                    [
                        "name": "app", "image": "example.org/app:1",
                        "ports": [["name": "http", "containerPort": 8080]],
                        "readinessProbe": ["httpGet": ["path": "/ready", "port": "http"]],
                        "volumeMounts": [["name": "data", "mountPath": "/data"]],
                    ]
                ]),
            Member("volumes", [["name": "data", "emptyDir": .object(Object())]]),
        ])
        if onHost { spec["hostNetwork"] = true }
        let maker = owner.suffix.isEmpty ? owner.kind : owner.suffix
        let traits =
            [maker.isEmpty ? "a pod of nobody" : "a \(maker)'s pod"] + (annotated ? ["annotated"] : [])
            + (onHost ? ["host network"] : []) + (native ? ["native sidecar"] : [])
        let name = traits.joined(separator: ", ")
        return PreflightFixture(name: name, pod: Pod(metadata: metadata, spec: spec))
    }
}
