import Values

/// The parts of a pod that are checked, found in one pass over its spec: a search for each part would scan all members
/// before it. A class, because a checker holds the parts of two pods, and there are too many to copy.
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
                switch Part(members[index].content.key) {
                case .containers: containers = members[index].content.value.array ?? []
                case .initContainers: initContainers = members[index].content.value.array ?? []
                case .volumes: volumes = members[index].content.value.array ?? []
                case .network: usesHostNetwork = members[index].content.value.bool ?? false
                case .system: isWindows = members[index].content.value["name"] == "windows"
                case .termination: seconds = members[index].content.value.int
                case .resolver: resolver = members[index].content.value
                case .resolverPolicy: policy = members[index].content.value
                case .spread: constraints = members[index].content.value
                case .security: context = members[index].content.value
                case nil: break
                }
            }
        }
        (self.volumes, self.initContainers, self.containers) = (volumes, initContainers, containers)
        (self.isWindows, self.usesHostNetwork) = (isWindows, usesHostNetwork)
        terminationSeconds = seconds
        (self.resolver, resolverPolicy, spreadConstraints) = (resolver, policy, constraints)
        securityContext = context
    }
    private enum Part {
        case containers, initContainers, volumes, network, system, termination, resolver, resolverPolicy,
            spread
        case security

        /// Compares the length first: comparing with each name costs three times as much.
        @inline(__always)
        init?(_ key: String) {
            switch key.utf8.count {
            case 10 where key.hasSameBytes(as: "containers"): self = .containers
            case 14 where key.hasSameBytes(as: "initContainers"): self = .initContainers
            case 7 where key.hasSameBytes(as: "volumes"): self = .volumes
            case 11 where key.hasSameBytes(as: "hostNetwork"): self = .network
            case 2 where key.hasSameBytes(as: "os"): self = .system
            case 29 where key.hasSameBytes(as: "terminationGracePeriodSeconds"): self = .termination
            case 9 where key.hasSameBytes(as: "dnsConfig"): self = .resolver
            case 9 where key.hasSameBytes(as: "dnsPolicy"): self = .resolverPolicy
            case 25 where key.hasSameBytes(as: "topologySpreadConstraints"): self = .spread
            case 15 where key.hasSameBytes(as: "securityContext"): self = .security
            default: return nil
            }
        }
    }
}
