import Values

/// The parts of a pod that are checked, found by one walk over its spec: a search for each would walk over all that are
/// before it. They are shared by reference: a checker holds those of two pods, and there are too many to copy.
final class CheckedParts: Sendable {
    let annotations: Object
    let labels: Object
    let isWindows: Bool
    let usesHostNetwork: Bool
    let volumes: [Value]
    let initContainers: [Value]
    let containers: [Value]
    let terminationSeconds: Int64?
    let resolver: Value?
    let resolverPolicy: Value?
    let spreadConstraints: Value?
    let securityContext: Value?

    init(_ pod: Pod) {
        annotations = pod.annotations
        labels = pod.labels
        var (volumes, initContainers, containers): ([Value], [Value], [Value]) = ([], [], [])
        var (isWindows, usesHostNetwork) = (false, false)
        var seconds: Int64?
        var (resolver, policy, constraints, context): (Value?, Value?, Value?, Value?)
        pod.spec.members.withBorrowedItems { members in
            for index in 0..<members.count {
                let value = members[index].content.value
                switch members[index].content.key {
                case "containers": containers = value.array ?? []
                case "initContainers": initContainers = value.array ?? []
                case "volumes": volumes = value.array ?? []
                case "hostNetwork": usesHostNetwork = value.bool ?? false
                case "os": isWindows = value["name"] == "windows"
                case "terminationGracePeriodSeconds": seconds = value.int
                case "dnsConfig": resolver = value
                case "dnsPolicy": policy = value
                case "topologySpreadConstraints": constraints = value
                case "securityContext": context = value
                default: break
                }
            }
        }
        (self.volumes, self.initContainers, self.containers) = (volumes, initContainers, containers)
        (self.isWindows, self.usesHostNetwork) = (isWindows, usesHostNetwork)
        terminationSeconds = seconds
        (self.resolver, resolverPolicy, spreadConstraints) = (resolver, policy, constraints)
        securityContext = context
    }
}
