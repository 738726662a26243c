public import Injection
public import PluginAPI
public import Values

/// Finds pods with a wrong sidecar: compares the pods of a cluster with what a configuration would write into them now.
///
/// In: objects, one by one: pods, Namespaces with labels for the pods after them, Lists of these. Out: a finding for
/// each pod, and the counts of all (`FleetSummary`). The memory does not grow with the number of pods.
public struct FleetScan {
    /// The options of a scan.
    public struct Options: Sendable {
        /// The labels of namespaces by name; those in the stream are added.
        public var namespaces: [String: Object] = [:]
        /// Returns the labels of a namespace that is not among them; nil if they are not known.
        public var labels: @Sendable (_ namespace: String) -> Object? = { _ in nil }
        /// The API server's part of the decision.
        public var webhook: (any WebhookMatcher)?
        /// The path of the webhook, which may name a cluster and a network.
        public var path = "/inject"
        /// The only namespace whose pods are checked; nil is all.
        public var namespace: String?
        /// Whether differences have the template's lines.
        public var findsPlaces = false
        /// The time at which rendering stops, in nanoseconds of the monotonic clock; nil sets no limit.
        public var deadline: UInt64?
        /// The size of the cache of answers, in bytes.
        public var memoryBytes = 6 << 20

        public init() {}
    }

    /// The largest number of namespaces whose labels are kept; the largest clusters have 10,000.
    static let maximumNamespaces = 50_000
    /// The largest depth of lists within lists.
    private static let maximumDepth = 4

    public private(set) var summary = FleetSummary()
    private let snapshot: Snapshot
    private var options: Options
    private let memory: LiveMemory

    public init(_ snapshot: Snapshot, options: Options = Options()) {
        self.snapshot = snapshot
        self.options = options
        memory = LiveMemory(bytes: options.memoryBytes)
    }

    /// Adds an object.
    ///
    /// - Parameter found: called for each pod in it.
    public mutating func add(_ object: Value, found: (PodFinding) -> Void) {
        add(object, nil, depth: 0, found)
    }

    /// Adds an object of a stream. A pod that is equal to one that was answered before is not parsed.
    ///
    /// - Parameters:
    ///   - found: called for each pod in it.
    ///   - problem: called with the problem of an object that cannot be read.
    public mutating func add(
        _ part: ObjectStream.Part, found: (PodFinding) -> Void, problem: (String) -> Void
    ) {
        switch part {
        case .object(let object, _): add(object, nil, depth: 0, found)
        case .problem(let message): problem(message)
        case .text(let text):
            let key = LiveKey(text.bytes)
            if let key, let known = known(key) {
                summary.add(known.finding, knowsLabels: known.knowsLabels)
                return found(known.finding)
            }
            switch text.parsed() {
            case .object(let object, _): add(object, key, depth: 0, found)
            case .problem(let message): problem(message)
            case .text: break
            }
        }
    }

    private mutating func add(_ object: Value, _ key: LiveKey?, depth: Int, _ found: (PodFinding) -> Void) {
        let kind = object["kind"]?.string ?? ""
        if kind.ends(with: "List"), case .array(let items)? = object["items"], depth < Self.maximumDepth {
            for item in items { add(item, nil, depth: depth + 1, found) }
        } else if kind == "Namespace" {
            learn(object)
        } else if kind == "Pod" || kind.isEmpty && object["spec"]?["containers"]?.array != nil {
            answer(object, key, found)
        } else {
            summary.others += 1
        }
    }

    /// Stores the labels of a namespace.
    private mutating func learn(_ object: Value) {
        let name = object["metadata"]?["name"]?.string ?? ""
        guard !name.isEmpty, options.namespaces.count < Self.maximumNamespaces else { return }
        var labels = object["metadata"]?["labels"]?.object ?? Object()
        // An API server adds this one itself.
        labels["kubernetes.io/metadata.name"] = .string(name)
        options.namespaces[name] = labels
    }

    /// Returns the question about a pod in a namespace; nil if pods of the namespace are not checked.
    private func question(namespace stated: String) -> LiveQuestion? {
        var question = LiveQuestion()
        question.namespace = stated.isEmpty ? options.namespace ?? "default" : stated
        if let only = options.namespace, question.namespace != only { return nil }
        question.namespaceLabels =
            options.namespaces[question.namespace] ?? options.labels(question.namespace)
        question.webhook = options.webhook
        question.path = options.path
        question.findsPlaces = options.findsPlaces
        question.deadline = options.deadline
        return question
    }

    private func knowsLabels(_ question: LiveQuestion) -> Bool {
        question.namespaceLabels != nil || question.webhook != nil
    }

    /// Returns the finding about a pod with the same text as an earlier one.
    private func known(_ key: LiveKey) -> (finding: PodFinding, knowsLabels: Bool)? {
        guard let question = question(namespace: key.namespace),
            let known = memory.answer(to: key, question)
        else { return nil }
        let finding = PodFinding(
            namespace: question.namespace, name: key.name, owner: known.owner, answer: known.answer)
        return (finding, knowsLabels(question))
    }

    private mutating func answer(_ pod: Value, _ key: LiveKey?, _ found: (PodFinding) -> Void) {
        let metadata = pod["metadata"]
        guard let question = question(namespace: metadata?["namespace"]?.string ?? "") else { return }
        let answer = Pipeline.compare(
            live: pod, question: question, snapshot: snapshot, memory: memory, text: key)
        let finding = PodFinding(
            namespace: question.namespace, name: metadata?["name"]?.string ?? "", owner: LiveOwner(of: pod),
            answer: answer)
        summary.add(finding, knowsLabels: knowsLabels(question))
        found(finding)
    }
}

/// The result of a scan for one pod.
public struct PodFinding: Sendable {
    public var namespace: String
    public var name: String
    public var owner: LiveOwner
    public var answer: LiveAnswer
}
