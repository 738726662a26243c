import Values

/// Pods without hostile texts: odd texts where any text is allowed, valid ones where an annotation has a format.
struct HonestPods {
    private var chance: GeneratedPods

    init(seed: UInt64) { chance = GeneratedPods(seed: seed) }

    /// Texts for variables, arguments, and annotations that are not interpreted.
    private static let free = [
        "https://shop.example:8443/a?b=c&d=e#top", "owner: team-a", "a, b, c", "100 %", "they said \"no\"",
        "it's fine", "Straße 東京 🚀", "{\"a\": [1, {\"b\": \"c\"}]}\n", "first\nsecond\n",
        "key: value\nmore: 1\n",
        "- item", "#general", "@all", "*", "& so on", "!urgent", "%s", "`ls`", "|", ">", "~", "null", "true",
        "1e5", "  padded  ", "", "C:\\dir\\new", "{{ braces }}", "[x]", "{y}", "tab\there", "---", "...",
        "a=b;c=d", "<b>&amp;</b>", "e\u{301}", "line\r\n", "x: y # z", "'single'", "\"double\"", "\\",
        "$HOME",
        String(repeating: "long ", count: 400),
    ]
    private static let names = [
        "shop", "web-7", "api-v2", "a", "x1-y2", "db.internal", "svc.one", String(repeating: "n", count: 50),
    ]
    private static let labels = [
        "shop", "v1.2.3-rc.1", "A_b.c-9", "007", "1e3", "true", "on", "no", "1.0", "0x1f", "2024-01-01", "12",
        "1_000",
    ]
    private static let labelKeys = [
        "app", "version", "tier", "app.kubernetes.io/name", "app.kubernetes.io/version",
        "example.com/Owner_1",
        "service.istio.io/canonical-name", "service.istio.io/canonical-revision", "pod-template-hash",
    ]
    private static let freeKeys = [
        "example.com/note", "description", "team", "checksum/config", "co.example.logs/json", "a.b/c",
        "kubectl.kubernetes.io/last-applied-configuration",
    ]
    /// Annotations that Istio's templates read, with valid values.
    private static let known: [(key: String, values: [String])] = [
        ("sidecar.istio.io/logLevel", ["info", "debug", "warning"]),
        ("sidecar.istio.io/componentLogLevel", ["misc:error", "misc:error,upstream:debug"]),
        ("sidecar.istio.io/proxyCPU", ["100m", "1", "0.5"]),
        ("sidecar.istio.io/proxyMemory", ["128Mi", "1Gi", "1e9"]),
        ("sidecar.istio.io/proxyImage", ["registry.example:5000/mesh/proxy:1.2.3", "proxy_debug"]),
        ("sidecar.istio.io/interceptionMode", ["REDIRECT", "TPROXY"]),
        ("sidecar.istio.io/bootstrapOverride", ["my-bootstrap"]),
        ("sidecar.istio.io/rewriteAppHTTPProbers", ["true", "false"]),
        ("sidecar.istio.io/statsInclusionPrefixes", ["cluster.outbound,listener"]),
        ("sidecar.istio.io/discoveryAddress", ["istiod.mesh:15012"]),
        ("traffic.sidecar.istio.io/includeOutboundIPRanges", ["*", "10.0.0.0/8,192.168.0.0/16"]),
        ("traffic.sidecar.istio.io/excludeOutboundIPRanges", ["169.254.169.254/32", ""]),
        ("traffic.sidecar.istio.io/includeInboundPorts", ["*", "80,443", ""]),
        ("traffic.sidecar.istio.io/excludeInboundPorts", ["9090", "1,2,3"]),
        ("traffic.sidecar.istio.io/excludeOutboundPorts", ["3306", ""]),
        ("traffic.sidecar.istio.io/kubevirtInterfaces", ["net1", "net1,net2"]),
        ("status.sidecar.istio.io/port", ["15021", "0"]),
        ("readiness.status.sidecar.istio.io/periodSeconds", ["5"]),
        (
            "sidecar.istio.io/userVolume",
            [
                #"{"cfg":{"configMap":{"name":"my-cfg","items":[{"key":"a: b","path":"x y"}]}}}"#,
                #"{"v":{"emptyDir":{}},"s":{"secret":{"secretName":"it-s","defaultMode":420}}}"#,
            ]
        ),
        ("sidecar.istio.io/userVolumeMount", [#"{"istio-envoy":{"mountPath":"/a b/#c","readOnly":true}}"#]),
        (
            "proxy.istio.io/config",
            [
                "concurrency: 2", #"{"concurrency": 4}"#, "serviceCluster: shop.x\ndrainDuration: 30s",
                "proxyMetadata:\n  DNS_CAPTURE: \"true\"\n  NOTE: \"a: b, c\"",
            ]
        ),
        ("prometheus.io/port", ["9090"]), ("prometheus.io/scrape", ["true", "false"]),
    ]

    mutating func pod() -> Value {
        var metadata = Object()
        if chance.chance(80) {
            metadata["generateName"] = .string(chance.pick(Self.names) + "-")
            metadata["ownerReferences"] = [
                [
                    "apiVersion": "apps/v1",
                    "kind": .string(chance.pick(["ReplicaSet", "StatefulSet", "Job"])),
                    "name": .string(chance.pick(Self.names)), "controller": true,
                ]
            ]
        } else {
            metadata["name"] = .string(chance.pick(Self.names))
        }
        var labels = Object()
        for key in Self.labelKeys where chance.chance(35) { labels[key] = .string(chance.pick(Self.labels)) }
        if !labels.isEmpty { metadata["labels"] = .object(labels) }
        var annotations = Object()
        for key in Self.freeKeys where chance.chance(35) {
            annotations[key] = .string(chance.pick(Self.free))
        }
        for (key, values) in Self.known where chance.chance(15) {
            annotations[key] = .string(chance.pick(values))
        }
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        let containers = (0...chance.below(3)).map { container("app\($0)") }
        return [
            "apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata),
            "spec": ["containers": .array(containers)],
        ]
    }

    private mutating func container(_ name: String) -> Value {
        var container = Object([Member("name", .string(name)), Member("image", "registry.example/app:1")])
        if chance.chance(50) {
            container["ports"] = [["name": "http", "containerPort": .int(Int64(1 + chance.below(65_535)))]]
        }
        if chance.chance(50) {
            container["env"] = .array(
                (0...chance.below(3)).map {
                    ["name": .string("A_\($0)"), "value": .string(chance.pick(Self.free))]
                })
        }
        if chance.chance(50) { container["args"] = .array([.string(chance.pick(Self.free))]) }
        return .object(container)
    }
}
