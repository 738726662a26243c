public import Injection
public import PluginAPI
public import Values

/// Who has the wrong sidecar: compares the pods of a cluster with what a configuration would write into them now.
///
/// In: objects, one by one: pods, Namespaces for the labels of the pods after them, Lists of these. Out: a finding for each
/// pod, and the counts of all (`FleetSummary`). Memory does not grow with the number of pods.
public struct FleetScan {
    /// What is known besides the pods.
    public struct Options: Sendable {
        /// Labels of namespaces by name; those that the stream holds are added.
        public var namespaces: [String: Object] = [:]
        /// Labels of a namespace that is not among them; nil if they are not known.
        public var labels: @Sendable (_ namespace: String) -> Object? = { _ in nil }
        /// The API server's half of the decision.
        public var webhook: (any WebhookMatcher)?
        /// The path of the webhook, which may name a cluster and a network.
        public var path = "/inject"
        /// Only the pods of this namespace; nil is all.
        public var namespace: String?
        /// Whether differences have the template's lines.
        public var findsPlaces = false
        /// The time at which rendering stops, in nanoseconds of the monotonic clock; nil sets no limit.
        public var deadline: UInt64?
        /// Bytes of the memory of answers.
        public var memoryBytes = 6 << 20

        public init() {}
    }

    /// Namespaces whose labels are kept; the largest clusters have 10,000.
    static let maximumNamespaces = 50_000
    /// Lists within lists.
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

    /// Takes an object.
    ///
    /// - Parameter found: called for each pod in it.
    public mutating func add(_ object: Value, found: (PodFinding) -> Void) {
        add(object, nil, depth: 0, found)
    }

    /// Takes an object of a stream. A pod like one that was answered before is not parsed.
    ///
    /// - Parameters:
    ///   - found: called for each pod in it.
    ///   - problem: called with what is wrong with an object that cannot be read.
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

    /// Takes the labels of a namespace.
    private mutating func learn(_ object: Value) {
        let name = object["metadata"]?["name"]?.string ?? ""
        guard !name.isEmpty, options.namespaces.count < Self.maximumNamespaces else { return }
        var labels = object["metadata"]?["labels"]?.object ?? Object()
        // An API server adds this one itself.
        labels["kubernetes.io/metadata.name"] = .string(name)
        options.namespaces[name] = labels
    }

    /// What is asked about a pod; nil if it is of a namespace that is not asked about.
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

    /// The finding about a pod with the same text as one before.
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

/// What a scan found about one pod.
public struct PodFinding: Sendable {
    public var namespace: String
    public var name: String
    public var owner: LiveOwner
    public var answer: LiveAnswer
}
