public import PluginAPI
public import Values

/// What is wrong with the sidecar of a pod that runs.
public enum LiveVerdict: String, Sendable, CaseIterable {
    /// The pod is as an injection would make it now, and has no sidecar where it should have none.
    case current
    /// An injection would write something else now.
    case stale
    /// The pod has no sidecar, and would get one.
    case missed
    /// The pod has a sidecar, and would get none.
    case orphan
    /// The pod would be refused now.
    case broken
}

/// One difference between what a pod has and what an injection would write into it.
public struct LiveDifference: Sendable, Equatable {
    /// The place in the pod, with the names of list items: `/spec/containers/istio-proxy/image`.
    public var pointer: String
    /// In the pod; nil if it is not there.
    public var found: Value?
    /// What an injection would write; nil if nothing.
    public var expected: Value?
    /// Where a template writes it; nil if not requested, or if no template's text names the place.
    public var place: RenderError.Place?

    public init(pointer: String, found: Value?, expected: Value?, place: RenderError.Place? = nil) {
        self.pointer = pointer
        self.found = found
        self.expected = expected
        self.place = place
    }

    /// `path`, `found`, `expected`, `template` and `line`; without those that there are not.
    public var json: Value {
        var object = Object([Member("path", .string(pointer))])
        if let found { object["found"] = found }
        if let expected { object["expected"] = expected }
        if let place {
            object["template"] = .string(place.template)
            object["line"] = .int(Int64(place.line))
        }
        return .object(object)
    }

    public static func == (one: LiveDifference, other: LiveDifference) -> Bool {
        one.pointer == other.pointer && one.found == other.found && one.expected == other.expected
    }
}

/// What is known about a pod besides the pod.
public struct LiveQuestion: Sendable {
    /// Where a pod without a namespace is.
    public var namespace = "default"
    /// The labels of the pod's namespace; nil if they are not known.
    public var namespaceLabels: Object?
    /// The API server's half of the decision, from `Snapshot.webhooks`; nil if no webhook configuration is known.
    public var webhook: (any WebhookMatcher)?
    /// The path of the webhook, which may name a cluster and a network.
    public var path = "/inject"
    /// Whether differences have the template's lines, which costs a rendering for each.
    public var findsPlaces = false
    /// Differences that get their lines, from the first on.
    public var placeLimit = LiveComparison.limit
    /// The time at which rendering stops, in nanoseconds of the monotonic clock; nil sets no limit.
    public var deadline: UInt64?

    public init() {}
}

/// The answer about one pod that runs.
public struct LiveAnswer: Sendable {
    public var verdict: LiveVerdict
    /// One sentence.
    public var message: String
    /// The decision that a pod like this would get now.
    public var decision: Decision
    /// Of a stale pod, at most `LiveComparison.limit`.
    public var differences: [LiveDifference] = []
    /// Why the pod would be refused.
    public var error: InjectionError?
    /// The pod as an injection would make it now; nil where it would not.
    public var expected: Value?
    /// Whether the pod has what an injection writes.
    public var isInjected = false
}

/// The workload that made a pod: the Deployment, not its ReplicaSet.
public struct LiveOwner: Sendable, Hashable {
    public var kind: String
    public var apiVersion: String
    public var name: String

    public init(kind: String, apiVersion: String, name: String) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.name = name
    }

    /// From the pod's owner reference, its name and labels; the pod itself if it has no owner.
    public init(of pod: Value) {
        self.init(of: Pod(metadata: pod["metadata"]?.object ?? Object(), spec: Object()))
    }

    init(of pod: Pod) {
        let owner = Ownership(of: pod, form: .modern)
        kind = owner.kind
        apiVersion = owner.apiVersion
        name = owner.name
    }
}
