public import PluginAPI
public import Values

/// The state of the sidecar of a running pod.
public enum LiveVerdict: String, Sendable, CaseIterable {
    /// The pod is as an injection would make it now, or has no sidecar and needs none.
    case current
    /// An injection would now write something else.
    case stale
    /// The pod has no sidecar, but would get one.
    case missed
    /// The pod has a sidecar, but would get none.
    case orphan
    /// The pod would now be refused.
    case broken
}

/// One difference between what a pod has and what an injection would write into it.
public struct LiveDifference: Sendable, Equatable {
    /// The place in the pod, with the names of list items: `/spec/containers/istio-proxy/image`.
    public var pointer: String
    /// The value in the pod; nil if it is missing.
    public var found: Value?
    /// The value that an injection would write; nil if it would write nothing.
    public var expected: Value?
    /// The template's line that writes it; nil if not requested, or if no template's text contains the part.
    public var place: RenderError.Place?

    public init(pointer: String, found: Value?, expected: Value?, place: RenderError.Place? = nil) {
        self.pointer = pointer
        self.found = found
        self.expected = expected
        self.place = place
    }

    /// A JSON object with the members `path`, `found`, `expected`, `template` and `line`, except for those that are
    /// nil.
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

/// Information about a pod that is not in the pod itself.
public struct LiveQuestion: Sendable {
    /// The namespace of a pod that states none.
    public var namespace = "default"
    /// The labels of the pod's namespace; nil if they are not known.
    public var namespaceLabels: Object?
    /// The API server's part of the decision, from `Snapshot.webhooks`; nil if no webhook configuration is known.
    public var webhook: (any WebhookMatcher)?
    /// The path of the webhook, which may contain a cluster and a network.
    public var path = "/inject"
    /// Whether differences include the template's lines, which costs a rendering for each.
    public var findsPlaces = false
    /// The maximum number of differences with lines, from the first.
    public var placeLimit = LiveComparison.limit
    /// The time at which rendering stops, in nanoseconds of the monotonic clock; nil sets no limit.
    public var deadline: UInt64?

    public init() {}
}

/// The answer about one running pod.
public struct LiveAnswer: Sendable {
    public var verdict: LiveVerdict
    /// One sentence.
    public var message: String
    /// The decision that a pod like this would get now.
    public var decision: Decision
    /// The differences of a stale pod, at most `LiveComparison.limit`.
    public var differences: [LiveDifference] = []
    /// The reason why the pod would be refused.
    public var error: InjectionError?
    /// The pod as an injection would make it now; nil if there would be no injection.
    public var expected: Value?
    /// Whether the pod has an injection.
    public var isInjected = false
}

/// The workload that created a pod: the Deployment, not its ReplicaSet.
public struct LiveOwner: Sendable, Hashable {
    public var kind: String
    public var apiVersion: String
    public var name: String

    public init(kind: String, apiVersion: String, name: String) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.name = name
    }

    /// Derives the owner from the pod's owner reference, name and labels; the pod itself if it has no owner.
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
