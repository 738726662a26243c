import Injection
import PluginAPI
import Service
import Values

/// Random configurations of both forms inject into random pods, up to three times: the pod keeps all its own parts, and
/// the last configuration changes nothing when it injects again.
func fuzzSurvival(_ bytes: UnsafeBufferPointer<UInt8>) {
    var choice = Choices(bytes)
    let pod = choice.pod()
    var current = pod
    var deleted: Set<String> = []
    let isClassic = choice.below(2) == 0
    // The classic form removes parts of old injections without a status by their names.
    if isClassic { deleted = ["istio-proxy", "istio-init"] }
    for _ in 0...choice.below(3) {
        let overlay = isClassic ? choice.classicOverlay() : choice.overlay()
        deleted.formUnion(names(in: overlay))
        guard let snapshot = snapshot(JSON.text(overlay), isClassic: isClassic) else { continue }
        guard let after = injected(current, snapshot) else { continue }
        if let lost = lost(pod, after, deleted) {
            fail("\(lost) is lost: \(JSON.text(pod)) by \(JSON.text(overlay)) is \(JSON.text(after))")
        }
        // No API server accepts a pod with duplicate names, so nothing more is checked.
        guard hasNames(pod) else { return }
        guard let again = injected(after, snapshot) else {
            fail("refused again: \(JSON.text(after)) by \(JSON.text(overlay))")
        }
        if again != after {
            fail(
                "\(JSON.text(pod)): \(JSON.text(after)) again by \(JSON.text(overlay)) is \(JSON.text(again))"
            )
        }
        current = after
    }
}

/// Prints the finding, because an optimised build omits the messages of preconditions.
private func fail(_ message: String) -> Never {
    print(message)
    preconditionFailure(message)
}

private let registry = try? StandardPlugins.registry()

private func snapshot(_ template: String, isClassic: Bool) -> Snapshot? {
    let text = JSON.text(.string(template))
    let configuration = isClassic ? "template: \(text)" : "templates: {sidecar: \(text)}"
    guard let registry else { return nil }
    // Refuses results that no API server accepts, so that they are not injected again.
    var options = InjectionOptions()
    options.forecast = .deny
    return try? InjectionConfiguration.compile(
        InjectionFiles(configuration: NamedText(name: "config", text: "policy: enabled\n\(configuration)\n")),
        registry: registry, options: options)
}

/// The pod after a review; nil if it is refused.
private func injected(_ pod: Value, _ snapshot: Snapshot) -> Value? {
    let review: Value = [
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": ["uid": "u", "namespace": "shop", "operation": "CREATE", "object": pod],
    ]
    var output = ByteBuffer()
    _ = Array(JSON.text(review).utf8).withUnsafeBufferPointer {
        Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output)
    }
    guard let response = try? output.withBytes({ try JSON.read($0) })["response"] else {
        preconditionFailure("no review: \(output.text)")
    }
    guard response["allowed"] == true else { return nil }
    guard let patch = response["patch"]?.string else { return pod }
    guard let bytes = Base64.decode(patch), let operations = try? JSONPatch.operations(JSON.read(bytes)),
        let after = try? JSONPatch.apply(operations, to: pod)
    else { preconditionFailure("a patch that cannot be applied: \(patch)") }
    return after
}

/// Whether each container and each volume has a unique name.
private func hasNames(_ pod: Value) -> Bool {
    let lists = [["initContainers", "containers"], ["volumes"]]
    return lists.allSatisfy { lists in
        let names = lists.flatMap { (pod["spec"]?[$0]?.array ?? []).map { $0["name"]?.string ?? "" } }
        return !names.contains("") && Set(names).count == names.count
    }
}

/// The names of items with `$patch: delete`.
private func names(in overlay: Value) -> [String] {
    switch overlay {
    case .array(let items): items.flatMap(names)
    case .object(let object):
        (object["$patch"] == "delete" ? [object["name"]?.string ?? ""] : [])
            + object.members.flatMap { names(in: $0.value) }
    default: []
    }
}

/// The first part of the old value that is missing in the new one; scalars may change.
private func lost(_ old: Value, _ new: Value?, _ deleted: Set<String>, _ place: String = "") -> String? {
    switch (old, new) {
    case (.null, _), (.array([]), _): return nil
    case (.object(let old), _) where old.isEmpty: return nil
    case (.object(let old), .object(let new)?):
        // An injection replaces the scraping settings by the proxy's.
        for member in old.members where !member.key.hasPrefix("prometheus.io/") {
            if let lost = lost(member.value, new[member.key], deleted, place + "/" + member.key) {
                return lost
            }
        }
        return nil
    case (.array(let old), nil) where old.allSatisfy({ deleted.contains($0["name"]?.string ?? "") }):
        return nil
    case (.array(let old), .array(let new)?):
        var left = new
        for item in old {
            if let name = item["name"]?.string, deleted.contains(name) { continue }
            if case .object = item {
                // Of two proxies one goes to the end, so twins may change places.
                let twins = left.indices.filter { key(item) == key(left[$0]) }
                guard let index = twins.first(where: { lost(item, left[$0], deleted) == nil }) ?? twins.first
                else {
                    return place + "/" + JSON.text(item)
                }
                let found = left.remove(at: index)
                if let lost = lost(item, found, deleted, place + "/" + key(item)) { return lost }
            } else if place.hasSuffix("finalizers"), !new.contains(item) {
                return place + "/" + JSON.text(item)
            }
        }
        return nil
    case (_, nil), (_, .null?), (.object, _), (.array, _), (_, .object?), (_, .array?): return place
    default: return nil
    }
}

private func key(_ item: Value) -> String {
    for key in ["name", "mountPath", "containerPort", "ip", "topologyKey"] {
        guard let value = item[key] else { continue }
        let transport = key == "containerPort" ? item["protocol"]?.string ?? "TCP" : ""
        return JSON.text(value) + transport
    }
    return JSON.text(item)
}

/// Turns bytes into choices. After the last byte, every choice is the first.
private struct Choices {
    private var bytes: [UInt8]
    private var next = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = Array(bytes) }

    mutating func below(_ limit: Int) -> Int {
        guard next < bytes.count else { return 0 }
        defer { next += 1 }
        return Int(bytes[next]) % limit
    }

    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

    private static let names = ["web", "second", "helper", "agent", "istio-proxy", "istio-init"]
    private static let volumes = ["data", "cfg", "hv"]

    // MARK: Pods

    mutating func pod() -> Value {
        var metadata: Object = Object([Member("name", "p")])
        if below(2) == 1 { metadata["labels"] = ["app": "web", "tier": "front"] }
        if below(2) == 1 { metadata["annotations"] = ["note": "a: b", "prometheus.io/port": "9090"] }
        if below(4) == 1 { metadata["finalizers"] = ["a/b", "c/d"] }
        if below(4) == 1 { metadata["later"] = ["x": [1]] }
        var spec = Object([Member("containers", .array((0...below(3)).map { _ in container() }))])
        if below(3) == 1 { spec["initContainers"] = .array((0...below(2)).map { _ in container() }) }
        if below(2) == 1 {
            spec["volumes"] = .array(
                (0...below(2)).map { _ in
                    ["name": .string(pick(Self.volumes)), "emptyDir": ["medium": "Memory"]]
                })
        }
        if below(3) == 1 { spec["serviceAccountName"] = "shop" }
        if below(3) == 1 { spec["tolerations"] = [["key": "a"], ["key": "b"]] }
        if below(3) == 1 {
            spec["hostAliases"] = [["ip": "1", "hostnames": ["a"]], ["ip": "1", "hostnames": ["b"]]]
        }
        if below(3) == 1 {
            spec["securityContext"] = ["runAsUser": 5, "sysctls": [["name": "s", "value": "1"]]]
        }
        if below(3) == 1 { spec["imagePullSecrets"] = [["name": "mine"]] }
        if below(3) == 1 { spec["dnsConfig"] = ["searches": ["a"], "options": [["name": "o"]]] }
        if below(4) == 1 { spec["later"] = [1, ["b": "c"]] }
        return ["apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": .object(spec)]
    }

    private mutating func container() -> Value {
        var container = Object()
        if below(8) != 7 { container["name"] = .string(pick(Self.names)) }
        container["image"] = .string(pick(["i:1", "i:2"]))
        if below(3) == 1 {
            container["ports"] = [["containerPort": 8443], ["containerPort": 8443, "protocol": "UDP"]]
        }
        if below(3) == 1 {
            container["env"] = [["name": "A", "value": "1"], ["name": "B"], ["name": "A", "value": "2"]]
        }
        if below(3) == 1 {
            container["volumeMounts"] = [["name": .string(pick(Self.volumes)), "mountPath": "/d"]]
        }
        if below(4) == 1 { container["args"] = ["x"] }
        if below(4) == 1 { container["readinessProbe"] = ["tcpSocket": ["port": 80], "periodSeconds": 3] }
        if below(5) == 1 { container["later"] = [1] }
        return .object(container)
    }

    // MARK: Rendered templates

    mutating func overlay() -> Value {
        var overlay = Object()
        if below(3) != 0 { overlay["spec"] = part(spec(isClassic: false)) }
        if below(3) == 1 {
            var metadata = Object([Member("labels", part(["app": nullable("x"), "added": "y"]))])
            if below(3) == 1 { metadata["annotations"] = part(["note": nullable("n")]) }
            if below(4) == 1 { metadata["finalizers"] = part(["c/d", "e/f"]) }
            overlay["metadata"] = part(.object(metadata))
        }
        return part(.object(overlay))
    }

    mutating func classicOverlay() -> Value { spec(isClassic: true) }

    private mutating func spec(isClassic: Bool) -> Value {
        var spec = Object()
        for list in ["containers", "initContainers"] where below(2) == 1 {
            spec[list] = part(.array((0...below(2)).map { _ in isClassic ? container() : part(item()) }))
        }
        if below(2) == 1 {
            spec["volumes"] = part(
                .array((0...below(2)).map { _ in ["name": .string(pick(Self.volumes)), "emptyDir": [:]] }))
        }
        if below(4) == 1 { spec["imagePullSecrets"] = part([["name": .string(pick(["mine", "other"]))]]) }
        if below(4) == 1 { spec["dnsConfig"] = part(["searches": ["z"]]) }
        if isClassic {
            spec["rewriteAppHTTPProbe"] = .bool(below(2) == 1)
            return .object(spec)
        }
        for key in ["serviceAccountName", "tolerations", "securityContext", "hostAliases"] where below(6) == 1
        {
            let values: [String: Value] = [
                "serviceAccountName": "other", "tolerations": [["key": "a"]],
                "securityContext": ["fsGroup": 3, "sysctls": .null],
                "hostAliases": [["ip": "1", "hostnames": ["z"]], ["ip": "2"]],
            ]
            spec[key] = part(values[key] ?? .null)
        }
        return .object(spec)
    }

    private mutating func item() -> Value {
        var item = Object([Member("name", .string(pick(Self.names)))])
        if below(4) != 0 { item["image"] = nullable("t:1") }
        if below(6) == 1 { item["$patch"] = pick(["delete", "replace", "merge"]) }
        if below(4) == 1 { item["env"] = part([["name": "A", "value": "t"], ["name": "A", "value": "u"]]) }
        if below(4) == 1 {
            item["ports"] = part([["containerPort": 8443, "protocol": "UDP"], ["containerPort": 8443]])
        }
        if below(4) == 1 {
            item["volumeMounts"] = part([["name": .string(pick(Self.volumes)), "mountPath": "/d"]])
        }
        return .object(item)
    }

    private mutating func nullable(_ value: Value) -> Value { below(4) == 1 ? .null : value }

    /// The part; seldom an empty value, or the part with a directive.
    private mutating func part(_ value: Value) -> Value {
        switch below(24) {
        case 1: return .null
        case 2:
            if case .array = value { return [] }
            return .object(Object())
        case 3:
            guard case .object(var object) = value else { return value }
            object["$patch"] = pick(["delete", "replace", "merge", .null])
            return .object(object)
        case 4:
            guard case .object(var object) = value else { return value }
            object["$retainKeys"] = .array(object.members.map { .string($0.key) })
            return .object(object)
        case 5:
            guard case .array(let items) = value else { return value }
            return .array(items + [pick([.null, ["$patch": "replace"]])])
        default: return value
        }
    }
}
