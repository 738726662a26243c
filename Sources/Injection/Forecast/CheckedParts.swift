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
                let key = members[index].content.key
                // By length first: comparing with each name costs three times as much.
                switch key.utf8.count {
                case 10 where key.hasSameBytes(as: "containers"): containers = value.array ?? []
                case 14 where key.hasSameBytes(as: "initContainers"): initContainers = value.array ?? []
                case 7 where key.hasSameBytes(as: "volumes"): volumes = value.array ?? []
                case 11 where key.hasSameBytes(as: "hostNetwork"): usesHostNetwork = value.bool ?? false
                case 2 where key.hasSameBytes(as: "os"): isWindows = value["name"] == "windows"
                case 29 where key.hasSameBytes(as: "terminationGracePeriodSeconds"): seconds = value.int
                case 9 where key.hasSameBytes(as: "dnsConfig"): resolver = value
                case 9 where key.hasSameBytes(as: "dnsPolicy"): policy = value
                case 25 where key.hasSameBytes(as: "topologySpreadConstraints"): constraints = value
                case 15 where key.hasSameBytes(as: "securityContext"): context = value
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
