import Values

/// Pods as teams write them for a sidecar: with settings in annotations, volumes and mounts, their own parts of the
/// proxy, and names near the limits. Most are valid; the caller skips the others.
struct GeneratedWorkloads {
    private var chance: GeneratedPods

    init(seed: UInt64) { chance = GeneratedPods(seed: seed) }

    private static let names = ["web", "orders", "worker", "api", "istio-init", "helper"]
    private static let volumes = [
        "data", "istio-envoy", "istio-token", "cache", "workload-certs", "istio-podinfo",
    ]

    mutating func next() -> Value {
        var metadata = Object()
        let name = chance.pick(["front", "orders", String(repeating: "long", count: 15)])
        if chance.chance(30) {
            metadata["name"] = .string(name)
        } else {
            metadata["generateName"] = .string(name + "-7d9f-")
        }
        metadata["labels"] = labels()
        if chance.chance(70) { metadata["annotations"] = .object(annotations()) }
        if chance.chance(60) {
            metadata["ownerReferences"] = [
                [
                    "apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": true,
                    "name": .string(name + "-7d9f8b6c4"), "uid": "u",
                ]
            ]
        }
        return ["apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": .object(spec())]
    }

    private mutating func labels() -> Value {
        var labels = Object([
            Member("app", .string(chance.pick(["front", String(repeating: "a", count: 63)])))
        ])
        if chance.chance(30) { labels["version"] = "v1" }
        if chance.chance(10) { labels["topology.istio.io/network"] = "network-2" }
        if chance.chance(10) { labels["app.kubernetes.io/name"] = "shop_front" }
        return .object(labels)
    }

    private mutating func annotations() -> Object {
        let settings: [(key: String, values: [String])] = [
            ("sidecar.istio.io/proxyCPU", ["100m", "5", "0.5"]),
            ("sidecar.istio.io/proxyCPULimit", ["200m", "2"]),
            ("sidecar.istio.io/proxyMemory", ["64Mi", "4Gi", "1e9"]),
            ("sidecar.istio.io/proxyMemoryLimit", ["128Mi", "1Gi"]),
            ("sidecar.istio.io/proxyImage", ["registry.example/proxy:1"]),
            ("sidecar.istio.io/logLevel", ["debug"]),
            ("sidecar.istio.io/interceptionMode", ["TPROXY", "NONE"]),
            ("sidecar.istio.io/bootstrapOverride", ["custom-bootstrap"]),
            ("sidecar.istio.io/rewriteAppHTTPProbers", ["true", "false"]),
            (
                "sidecar.istio.io/userVolume",
                [
                    #"[{"name":"extra","emptyDir":{}}]"#, #"{"extra":{"emptyDir":{}}}"#,
                    #"{"extra":{"emptyDir":{},"secret":{"secretName":"s"}}}"#, #"{"data":{"emptyDir":{}}}"#,
                ]
            ),
            (
                "sidecar.istio.io/userVolumeMount",
                [
                    #"[{"name":"extra","mountPath":"/x"}]"#, #"{"extra":{"mountPath":"/x"}}"#,
                    #"{"nowhere":{"mountPath":"/y"}}"#, #"{"data":{"mountPath":"/etc/istio/proxy"}}"#,
                ]
            ),
            ("status.sidecar.istio.io/port", ["15020", "8080", "0"]),
            ("readiness.status.sidecar.istio.io/periodSeconds", ["5"]),
            ("traffic.sidecar.istio.io/excludeInboundPorts", ["8080,9090"]),
            ("traffic.sidecar.istio.io/includeOutboundIPRanges", ["10.0.0.0/8"]),
            ("prometheus.io/scrape", ["true", "false"]), ("prometheus.io/port", ["9090", "15021"]),
            ("prometheus.io/path", ["/metrics"]),
            ("prometheus.istio.io/scrape-targets", ["9090,9091:/m", " 8081 : /x ", ":/only"]),
            (
                "proxy.istio.io/config",
                [
                    "concurrency: 3", "holdApplicationUntilProxyStarts: true",
                    "proxyMetadata:\n  ISTIO_META_X: \"1\"\n", "terminationDrainDuration: 30s",
                ]
            ),
            ("inject.istio.io/templates", ["sidecar"]),
        ]
        var found = Object([Member("team", "shop")])
        for setting in settings where chance.chance(14) {
            found[setting.key] = .string(chance.pick(setting.values))
        }
        return found
    }

    private mutating func spec() -> Object {
        var containers = (0...chance.below(3)).map { number in
            container(number == 0 ? "web" : "\(chance.pick(Self.names))-\(number)")
        }
        if chance.chance(8) { containers.append(container("istio-init")) }
        if chance.chance(20) { containers.append(proxy()) }
        var spec = Object([Member("containers", .array(containers))])
        if chance.chance(25) {
            spec["initContainers"] = .array([plain(chance.pick(["setup", "istio-init", "istio-validation"]))])
        }
        var used: Set<String> = ["data"]
        var volumes: [Value] = [["name": "data", "emptyDir": [:]]]
        for _ in 0..<chance.below(3) {
            let name = chance.pick(Self.volumes)
            guard used.insert(name).inserted else { continue }
            let own: Value = ["name": .string(name), "secret": ["secretName": "s"]]
            volumes.append(chance.chance(50) ? own : ["name": .string(name), "emptyDir": [:]])
        }
        spec["volumes"] = .array(volumes)
        if chance.chance(20) { spec["serviceAccountName"] = "shop" }
        if chance.chance(20) { spec["securityContext"] = ["runAsUser": 1000, "fsGroup": 2000] }
        if chance.chance(15) { spec["imagePullSecrets"] = [["name": "registry"]] }
        if chance.chance(10) { spec["dnsConfig"] = ["searches": ["shop.local"], "nameservers": ["1.1.1.1"]] }
        if chance.chance(10) { spec["terminationGracePeriodSeconds"] = 60 }
        return spec
    }

    private mutating func plain(_ name: String) -> Value {
        let image = "registry.example/shop/\(chance.pick(["a", "b"])):1"
        return ["name": .string(name), "image": .string(image)]
    }

    private mutating func container(_ name: String) -> Value {
        var members = plain(name).object ?? Object()
        if chance.chance(70) {
            members["ports"] = [
                [
                    "name": .string(chance.pick(["http", "grpc", "metrics"])),
                    "containerPort": .int(chance.pick([8080, 9090, 15090, 80])),
                ]
            ]
        }
        for probe in ["readinessProbe", "livenessProbe", "startupProbe"] where chance.chance(35) {
            members[probe] = chance.pick([
                ["httpGet": ["port": 8080, "path": "/x"], "timeoutSeconds": 3],
                ["httpGet": ["port": "http", "scheme": "HTTPS"]], ["tcpSocket": ["port": 81]],
                ["exec": ["command": ["a"]]], ["grpc": ["port": 5000]],
            ])
        }
        if chance.chance(15) {
            members["lifecycle"] = ["preStop": ["httpGet": ["port": 8080, "path": "/stop"]]]
        }
        if chance.chance(40) {
            members["env"] = [["name": "A", "value": "1"], ["name": "B", "value": "two words"]]
        }
        if chance.chance(40) { members["volumeMounts"] = [["name": "data", "mountPath": "/data"]] }
        if chance.chance(40) {
            members["resources"] = ["requests": ["cpu": "100m"], "limits": ["cpu": "1", "memory": "1Gi"]]
        }
        if chance.chance(20) { members["securityContext"] = ["runAsUser": .int(chance.pick([1000, 1337]))] }
        return .object(members)
    }

    /// A container `istio-proxy` that the user wrote.
    private mutating func proxy() -> Value {
        var members = Object([Member("name", "istio-proxy"), Member("image", "auto")])
        if chance.chance(40) {
            let name = chance.pick(["POD_NAME", "EXTRA", "ISTIO_META_INTERCEPTION_MODE", "CA_ADDR"])
            members["env"] = [["name": .string(name), "value": "own"]]
        }
        if chance.chance(30) {
            members["readinessProbe"] = chance.pick([
                ["exec": ["command": ["a"]]], ["httpGet": ["port": 15021, "path": "/healthz/ready"]],
                ["tcpSocket": ["port": 15021]],
            ])
        }
        if chance.chance(30) { members["lifecycle"] = ["preStop": ["exec": ["command": ["sleep", "5"]]]] }
        if chance.chance(30) {
            members["resources"] = ["requests": ["cpu": .string(chance.pick(["4", "50m"]))]]
        }
        if chance.chance(30) {
            members["volumeMounts"] = [
                [
                    "name": .string(chance.pick(["data", "istio-envoy"])),
                    "mountPath": .string(chance.pick(["/data", "/etc/istio/proxy"])),
                ]
            ]
        }
        if chance.chance(20) {
            members["ports"] = [
                [
                    "name": .string(chance.pick(["http-envoy-prom", "extra"])),
                    "containerPort": .int(chance.pick([15090, 7000])),
                ]
            ]
        }
        if chance.chance(20) {
            members["securityContext"] = chance.pick([
                ["runAsUser": 2000, "runAsGroup": 2000], ["privileged": true],
                ["allowPrivilegeEscalation": false],
            ])
        }
        return .object(members)
    }
}
