import Values

/// The LimitRanges and ResourceQuotas of namespaces, by which an API server refuses containers that state no amount of
/// a resource, or one outside the limits.
///
/// A LimitRange first applies its defaults, then compares. A ResourceQuota requires every container to state the
/// resources that it counts. The remaining amount of a quota is not known.
struct NamespaceLimits: Sendable {
    /// LimitRange objects and ResourceQuota objects with their namespaces; an empty namespace means all.
    private var ranges: [(namespace: String, limits: [Value])] = []
    private var quotas: [(namespace: String, resources: [String])] = []

    var isEmpty: Bool { ranges.isEmpty && quotas.isEmpty }

    /// Adds the LimitRanges and ResourceQuotas among objects and Lists.
    ///
    /// - Returns: the number of LimitRanges and ResourceQuotas.
    mutating func add(_ objects: [Value]) -> Int {
        var count = 0
        for object in objects.flatMap({ $0["items"]?.array ?? [$0] }) {
            let namespace = object["metadata"]?["namespace"]?.string ?? ""
            let hard = object["spec"]?["hard"]?.object?.members.map(\.key)
            if let limits = object["spec"]?["limits"]?.array {
                ranges.append((namespace, limits))
            } else if let hard {
                quotas.append(
                    (
                        namespace,
                        hard.filter {
                            $0.begins(with: "limits.") || $0.begins(with: "requests.")
                                || ["cpu", "memory"].contains($0)
                        }
                    ))
            } else {
                continue
            }
            count += 1
        }
        return count
    }

    /// Returns the problems that the limits of a namespace cause for a pod.
    func violations(_ pod: Pod, in namespace: String) -> [PodCheck.Finding] {
        guard !isEmpty else { return [] }
        let limits = ranges.filter { $0.namespace.isEmpty || $0.namespace == namespace }.flatMap(\.limits)
        let counted = quotas.filter { $0.namespace.isEmpty || $0.namespace == namespace }.flatMap(\.resources)
        var found: [PodCheck.Finding] = []
        for list in ["initContainers", "containers"] {
            for container in pod.spec[list]?.array ?? [] {
                let path: [PodSurvival.Loss.Step] = [.member("spec"), .member(list), .item(container.name)]
                let add = { (code: String, text: String) in
                    found.append(
                        PodCheck.Finding(
                            code: code, path: path + [.member("resources")],
                            message: "container \"\(container.name)\": \(text)"))
                }
                let resources = Resources(container, limits)
                for limit in limits where limit["type"] == "Container" {
                    Self.compare(resources, limit) { add("limit_range", "LimitRange: \($0)") }
                }
                for resource in counted {
                    let name = String(resource.drop { $0 != "." }.dropFirst())
                    let isMissing =
                        resource.begins(with: "limits.")
                        ? resources.limits[name] == nil
                        : resources.requests[name.isEmpty ? resource : name] == nil
                    if isMissing { add("resource_quota", "ResourceQuota: must specify \(resource)") }
                }
            }
        }
        return found
    }

    /// A container's resources with the defaults of the LimitRanges.
    private struct Resources {
        var limits: [String: Value] = [:]
        var requests: [String: Value] = [:]

        init(_ container: Value, _ ranges: [Value]) {
            for member in container["resources"]?["limits"]?.object?.members ?? [] {
                limits[member.key] = member.value
            }
            for member in container["resources"]?["requests"]?.object?.members ?? [] {
                requests[member.key] = member.value
            }
            for range in ranges where range["type"] == "Container" {
                for member in range["default"]?.object?.members ?? [] where limits[member.key] == nil {
                    limits[member.key] = member.value
                }
                for member in range["defaultRequest"]?.object?.members ?? [] where requests[member.key] == nil
                {
                    requests[member.key] = member.value
                }
            }
            // If there is only a limit, it is the request too.
            for (name, value) in limits where requests[name] == nil { requests[name] = value }
        }
    }

    private static func compare(_ resources: Resources, _ range: Value, _ add: (String) -> Void) {
        for member in range["max"]?.object?.members ?? [] {
            guard let most = Quantity(of: member.value) else { continue }
            guard let limit = resources.limits[member.key] else {
                add("no limit of \(member.key), expected at most \(JSON.text(member.value))")
                continue
            }
            if let limit = Quantity(of: limit), most < limit {
                add("limit of \(member.key) above \(JSON.text(member.value))")
            }
        }
        for member in range["min"]?.object?.members ?? [] {
            guard let least = Quantity(of: member.value) else { continue }
            guard let request = resources.requests[member.key] else {
                add("no request of \(member.key), expected at least \(JSON.text(member.value))")
                continue
            }
            if let request = Quantity(of: request), request < least {
                add("request of \(member.key) below \(JSON.text(member.value))")
            }
        }
    }
}
