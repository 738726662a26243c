import PluginAPI
import Values

/// Every combination of the owner of a pod, whether it has annotations, whether it uses the host's network, and (modern
/// form) whether its sidecar is native. Also a pod with only the required fields, and one with two items in every list.
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
        return fixtures + [bare, ample]
    }

    /// No labels, annotations, ports, volumes or service account: whatever templates search for is missing.
    private static let bare = PreflightFixture(
        name: "a bare pod",
        pod: Pod(
            metadata: Object([Member("name", "app")]),
            spec: Object([Member("containers", [["name": "app", "image": "example.org/app:1"]])])))

    /// Two items in every list, twins among them, and a value for every member that a careless template may remove.
    private static let ample = PreflightFixture(
        name: "a pod with two of everything", pod: Pod(metadata: ampleMetadata, spec: ampleSpec))

    private static let ampleMetadata = Object([
        Member("name", "app"), Member("labels", ["app": "app", "tier": "front"]),
        Member("annotations", ["example.org/owner": "shop", "example.org/note": "two: of"]),
        Member("finalizers", ["example.org/one", "example.org/two"]),
        Member(
            "ownerReferences",
            [
                ["apiVersion": "example.org/v1", "kind": "Shop", "name": "one", "uid": "1"],
                ["apiVersion": "example.org/v1", "kind": "Shop", "name": "two", "uid": "2"],
            ]),
    ])

    private static let ampleSpec = Object([
        Member("initContainers", [container("setup"), container("migrate")]),
        Member("containers", [container("app"), container("second")]),
        Member("volumes", [["name": "data", "emptyDir": [:]], ["name": "more", "emptyDir": [:]]]),
        Member("imagePullSecrets", [["name": "one"], ["name": "two"]]),
        Member("serviceAccountName", "app"), Member("terminationGracePeriodSeconds", 5),
        Member("hostname", "app"), Member("priorityClassName", "high"),
        Member("nodeSelector", ["disk": "ssd", "zone": "a"]),
        Member("tolerations", [["key": "a", "operator": "Exists"], ["key": "b", "operator": "Exists"]]),
        Member(
            "hostAliases",
            [["ip": "192.0.2.1", "hostnames": ["one"]], ["ip": "192.0.2.1", "hostnames": ["two"]]]),
        Member(
            "topologySpreadConstraints",
            [
                ["maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"],
                ["maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"],
            ]),
        Member("readinessGates", [["conditionType": "one"], ["conditionType": "two"]]),
        Member(
            "dnsConfig",
            ["searches": ["one.example", "two.example"], "options": [["name": "ndots", "value": "2"]]]),
        Member(
            "securityContext",
            [
                "runAsUser": 1000, "fsGroup": 1337, "supplementalGroups": [5, 6],
                "sysctls": [["name": "net.one", "value": "1"], ["name": "net.two", "value": "2"]],
            ]),
    ])

    private static func container(_ name: String) -> Value {
        [
            "name": .string(name), "image": "example.org/app:1", "args": ["one", "two"],
            "env": [["name": "ONE", "value": "1"], ["name": "TWO", "value": "2"]],
            "envFrom": [["configMapRef": ["name": "one"]], ["configMapRef": ["name": "two"]]],
            "ports": [
                ["name": .string(name + "-tcp"), "containerPort": 8443],
                ["name": .string(name + "-udp"), "containerPort": 8443, "protocol": "UDP"],
            ],
            "volumeMounts": [
                ["name": "data", "mountPath": "/data"], ["name": "more", "mountPath": "/more"],
            ],
            "resources": ["limits": ["cpu": "1", "memory": "1Gi"]],
            "securityContext": ["runAsUser": 1000, "capabilities": ["drop": ["ALL"]]],
        ]
    }

    /// The kinds of Kubernetes that create pods, and a pod without an owner.
    private static let owners: [(kind: String, version: String, name: String, suffix: String)] = [
        ("", "", "", ""), ("ReplicaSet", "apps/v1", "app-5d4f8c7b9", "Deployment"),
        ("StatefulSet", "apps/v1", "app", "StatefulSet"), ("DaemonSet", "apps/v1", "app", "DaemonSet"),
        ("Job", "batch/v1", "app-1700000000", "CronJob"), ("ReplicationController", "v1", "app", ""),
    ]

    /// Annotations that both forms know, with values that are valid in both.
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
