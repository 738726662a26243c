import Values

/// Says whether an API server takes a pod: written from the validation of Kubernetes for tests only, and sharing no code
/// with what it checks.
enum PodValidator {
    /// A problem: the part that it is about, and a word.
    struct Problem: Hashable {
        var part: String
        var what: String
    }

    static func problems(_ pod: Value) -> Set<Problem> {
        var found: Set<Problem> = []
        let spec = pod["spec"] ?? .null
        func list(_ value: Value?, _ key: String) -> [Value] { value?[key]?.array ?? [] }
        func twice(_ names: [String], _ what: String) {
            for name in Set(names) where names.count(where: { $0 == name }) > 1 {
                found.insert(Problem(part: name, what: what))
            }
        }
        let volumes = list(spec, "volumes").map { $0["name"]?.string ?? "" }
        twice(volumes, "duplicate")
        for volume in list(spec, "volumes")
        where (volume.object?.members.filter { !$0.value.isNull }.count ?? 0) > 2 {
            found.insert(Problem(part: volume["name"]?.string ?? "", what: "sources"))
        }
        let all = list(spec, "initContainers") + list(spec, "containers")
        twice(all.map { $0["name"]?.string ?? "" }, "duplicate")
        for container in all {
            let name = container["name"]?.string ?? ""
            func add(_ what: String) { found.insert(Problem(part: name, what: what)) }
            if (container["image"]?.string ?? "") == "" { add("image") }
            if name.utf8.count > 63 || name.contains(where: { !$0.isLowercase && !$0.isNumber && $0 != "-" })
            {
                add("name")
            }
            var targets: [String] = []
            for mount in list(container, "volumeMounts") {
                if !volumes.contains(mount["name"]?.string ?? "") { add("volume") }
                targets.append(mount["mountPath"]?.string ?? "")
            }
            if Set(targets).count < targets.count { add("mounts") }
            let ports = list(container, "ports").compactMap { $0["name"]?.string }
            if Set(ports).count < ports.count { add("ports") }
            if list(container, "ports").contains(where: {
                !(1...65535).contains($0["containerPort"]?.int ?? 0)
            }) {
                add("port")
            }
            for variable in list(container, "env") where variable["valueFrom"]?.object != nil {
                if (variable["value"]?.string ?? "") != "" { add("value") }
                if variable["valueFrom"]?.object?.count != 1 { add("variable") }
            }
            for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
                guard let object = container[probe]?.object else { continue }
                let handlers = object.members.filter {
                    ["exec", "httpGet", "tcpSocket", "grpc"].contains($0.key)
                }
                if handlers.count != 1 { add("handlers") }
            }
            for hook in container["lifecycle"]?.object?.members ?? [] where hook.value.object?.count != 1 {
                add("handlers")
            }
            for resource in ["cpu", "memory"] {
                if let low = amount(container["resources"]?["requests"]?[resource]),
                    let high = amount(container["resources"]?["limits"]?[resource]), low > high
                {
                    add("resources")
                }
            }
        }
        for label in pod["metadata"]?["labels"]?.object?.members ?? []
        where (label.value.string ?? "").utf8.count > 63 {
            found.insert(Problem(part: label.key, what: "label"))
        }
        return found
    }

    /// Amounts of the forms that the tests write.
    private static func amount(_ value: Value?) -> Double? {
        guard let text = value?.string else { return value?.int.map(Double.init) }
        for (suffix, factor) in [
            ("m", 0.001), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("M", 1e6), ("G", 1e9),
        ]
        where text.hasSuffix(suffix) {
            return Double(text.dropLast(suffix.count)).map { $0 * factor }
        }
        return Double(text)
    }
}
