import Values

/// Random pods, the same for the same seed, with parts that an injection changes, must not change, and does not know.
struct GeneratedPods {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

    mutating func pod() -> Value {
        var metadata = Object()
        if chance(80) { metadata["generateName"] = "app-" } else { metadata["name"] = "app" }
        if chance(70) { metadata["labels"] = labels() }
        if chance(60) { metadata["annotations"] = annotations() }
        if chance(30) { metadata["managedFields"] = [["manager": "kubectl", "fieldsV1": ["f:spec": [:]]]] }
        if chance(50) { metadata["ownerReferences"] = [owner()] }
        var spec = Object()
        if chance(20) { spec["futureField"] = ["deep": [1, 2.5, .null, ["x": "y"]]] }
        let count = 1 + below(4)
        spec["containers"] = .array((0..<count).map { container("app\($0)") })
        if chance(30) { spec["initContainers"] = .array((0...below(2)).map { container("setup\($0)") }) }
        if chance(40) {
            spec["volumes"] = [["name": "data", "emptyDir": [:]], ["name": "more", "unknown": true]]
        }
        if chance(20) { spec["volumes"] = .null }
        if chance(20) { spec["securityContext"] = ["runAsUser": 5, "fsGroup": 7] }
        if chance(20) { spec["imagePullSecrets"] = [["name": "pull"]] }
        if chance(20) { spec["dnsConfig"] = ["searches": ["a.b"]] }
        return ["apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": .object(spec)]
    }

    private mutating func labels() -> Value {
        var labels = Object()
        for key in ["app", "version", "app.kubernetes.io/name", "service.istio.io/canonical-name", "a/b~c"]
        where chance(40) { labels[key] = .string(pick(["", "x", "two words"])) }
        if chance(5) { return .null }
        return .object(labels)
    }

    private mutating func annotations() -> Value {
        var annotations = Object()
        for (key, value) in [
            ("prometheus.io/port", "9090"), ("prometheus.io/scrape", "true"), ("prometheus.io/path", "/m"),
            ("keep/this", "\"quoted\" <&>"), ("sidecar.istio.io/rewriteAppHTTPProbers", "true"),
        ] where chance(35) { annotations[key] = .string(value) }
        if chance(5) { return .null }
        return .object(annotations)
    }

    private mutating func owner() -> Value {
        var owner: Object = Object([Member("kind", .string(pick(["ReplicaSet", "Job", "StatefulSet"])))])
        owner["name"] = .string(pick(["app-abc", "app-1234567890", "app-"]))
        owner["apiVersion"] = "apps/v1"
        if chance(80) { owner["controller"] = .bool(chance(80)) }
        return .object(owner)
    }

    private mutating func container(_ name: String) -> Value {
        var container = Object([Member("name", .string(name)), Member("image", "i:1")])
        if chance(50) {
            container["ports"] = [
                ["name": "http", "containerPort": 80], ["containerPort": 9], ["name": "u"],
            ]
        }
        if chance(40) {
            container["env"] = .array(
                (0..<below(30)).map { ["name": .string("E\($0)"), "value": "v", "odd": $0 == 3 ? true : 1] })
        }
        for probe in ["readinessProbe", "livenessProbe", "startupProbe"] where chance(40) {
            container[probe] = pick([
                ["httpGet": ["port": 80, "path": "/x"], "timeoutSeconds": 3],
                ["httpGet": ["port": "http", "scheme": "HTTPS"]],
                ["httpGet": ["port": "missing"]], ["tcpSocket": ["port": 81]], ["exec": ["command": ["a"]]],
                ["grpc": ["port": 5]],
            ])
        }
        if chance(20) { container["lifecycle"] = ["preStop": ["httpGet": ["port": 80]]] }
        if chance(30) {
            container["volumeMounts"] = [
                ["name": "sa", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"]
            ]
        }
        return .object(container)
    }

    /// Changes a pod as another webhook might.
    mutating func disturb(_ pod: inout Value) {
        let kind = below(4)
        let added = container("foreign\(below(3))")
        pod.modifyObject { pod in
            if kind == 0 {
                pod.modify("metadata") { metadata in
                    metadata.modifyObject { $0.modify("labels") { $0.modifyObject { $0["foreign"] = "1" } } }
                }
                return
            }
            pod.modify("spec") { spec in
                spec.modifyObject { spec in
                    switch kind {
                    case 1: spec.modify("containers") { $0.modifyArray { $0.append(added) } }
                    case 2: spec.modify("initContainers") { $0.modifyArray { $0.insert(added, at: 0) } }
                    default: spec["schedulerName"] = "foreign"
                    }
                }
            }
        }
    }
}
