import Injection
import PluginAPI
import Values

/// Follows a pod's path from the API server to its sidecar, and finds the first obstacle.
///
/// | question | what is checked |
/// | --- | --- |
/// | asked | would an API server call an injector's webhook: rules, selectors, matchConditions |
/// | decided | would the policy inject, with the complete configuration |
/// | works | does the injection of this pod succeed, and would the API server accept the result |
/// | current | is the pod's sidecar the one that it would get |
/// | reached | could the webhook be called: Service, endpoints, caBundle |
///
/// The cause is the first of these with the answer no, in the order in which they affect the pod. Unknown answers never
/// become a cause; they make the diagnosis uncertain, and are listed.
struct Examination {
    let evidence: Evidence
    let registry: PluginRegistry
    let options: Why.Options
    let configured: Configured
    let engine: (any DecisionEngine)?
    /// The decision of the policy; nil without a configuration.
    var decision: DecisionAnswer?
    /// The injector's answer to a review of this pod; nil if there was no review.
    var review: ReviewReport?
    /// The comparison of the pod's sidecar with the one that it would get; nil without a sidecar or a configuration.
    var comparison: LiveAnswer?
    var reach: Reach?
    var steps: [Diagnosis.Step] = []
    var unread: [Diagnosis.Unread] = []

    init(_ evidence: Evidence, registry: PluginRegistry, options: Why.Options) {
        self.evidence = evidence
        self.registry = registry
        self.options = options
        configured = Configured(evidence, registry: registry, options: options)
        engine =
            registry.decisionPlugin?.compile(PolicyConfiguration(form: .modern, policy: "enabled")).engine
    }

    var target: WhyTarget { evidence.workload.target }
    /// Whether the pod has a sidecar; nil if no pod is known.
    var hasSidecar: Bool? { evidence.pod.map(RunningPod.hasSidecar) }

    mutating func diagnosis() -> Diagnosis {
        noteUnread()
        asked()
        decided()
        works()
        compared()
        if let webhook = evidence.webhook { reached(webhook) }
        var found = conclusion()
        found.steps = steps
        found.unread = unread
        found.hasSidecar = hasSidecar
        found.differences = comparison?.differences ?? []
        return found
    }

    // MARK: the steps

    mutating func step(
        _ question: String, _ verdict: Diagnosis.Step.Verdict, _ message: String, at source: String? = nil,
        _ details: [String] = []
    ) {
        steps.append(
            Diagnosis.Step(
                question: question, verdict: verdict, message: message, source: source, details: details))
    }

    private mutating func noteUnread() {
        func note(_ what: String, _ unknown: (reason: String, right: String?)?) {
            guard let unknown, !unknown.reason.isEmpty else { return }
            let new = Diagnosis.Unread(what: what, reason: unknown.reason, right: unknown.right)
            if !unread.contains(new) { unread.append(new) }
        }
        note("the namespace's labels", evidence.namespace.unknown)
        note("the webhook configurations", evidence.configurations.unknown)
        if !evidence.knowsPods, target.kind != .pod, evidence.workload.selector != nil {
            note("the pods of the \(target.kind.rawValue)", evidence.failures?.unknown)
        }
        note("the injector's Service", evidence.service?.unknown)
        note("the Service's endpoints", evidence.endpoints?.unknown)
        note("the injector's pods", evidence.injectorPods?.unknown)
        if let (name, reading) = evidence.injectConfigMap { note(name, reading.unknown) }
        if let (name, reading) = evidence.meshConfigMap { note(name, reading.unknown) }
        if let (name, reading) = evidence.secret { note(name, reading.unknown) }
    }

    private mutating func asked() {
        guard evidence.configurations.value != nil else {
            step("asked", .unknown, "the webhook configurations were not read")
            return
        }
        guard let webhook = evidence.webhook else {
            step("asked", .no, "no MutatingWebhookConfiguration calls a sidecar injector")
            return
        }
        let details = evidence.webhooks.filter { $0.name != webhook.name }.prefix(8).map {
            "\($0.name): \($0.outcome.detail)"
        }
        let policy = webhook.isIgnoring ? "Ignore" : webhook.entry["failurePolicy"]?.string ?? "Fail"
        let verdict: Diagnosis.Step.Verdict = webhook.isCalled ? .yes : webhook.isUnknown ? .unknown : .no
        step(
            "asked", verdict, "webhook \(webhook.name) (failurePolicy \(policy)): \(webhook.outcome.detail)",
            at: webhook.source, details)
    }

    private mutating func decided() {
        switch configured {
        case .snapshot(let snapshot):
            let answers = Pipeline.decide(
                object: evidence.workload.object, namespace: target.namespace,
                webhook: CallsAlways(), explain: true, snapshot: snapshot)
            guard let answer = answers.first else { return }
            decision = answer
            let trace = answer.decision.trace.filter { !$0.decisive && $0.rule != "webhook" }
            let platform = ["native_sidecar", "openshift_ids", "request"]
            let details = trace.filter { platform.contains($0.rule) }.map(\.message)
            step(
                "decided", answer.decision.inject ? .yes : .no,
                "\(answer.decision.message) (\(answer.decision.reason.rawValue))",
                at: answer.decision.trace.first(where: \.decisive)?.source,
                details + answer.decision.warnings.map(\.message))
        case .broken(let message, let source):
            step("decided", .no, "the injection configuration is broken: \(message)", at: source)
        case .missing(let name): step("decided", .no, "the \(name) does not exist")
        case .unread(let what, let reason, _): step("decided", .unknown, "\(what): \(reason)")
        }
    }

    private mutating func works() {
        guard case .snapshot(let snapshot) = configured, decision?.decision.inject == true else { return }
        if hasSidecar == true { return }
        let report = PodReview.report(
            evidence.workload.newPod, path: evidence.webhook?.path ?? "/inject", snapshot: snapshot)
        review = report
        switch report.kind {
        case .success: step("works", .yes, "the injector would add the sidecar to this pod now")
        case .skip:
            step("works", .no, report.decision?.message ?? report.reason.sentence)
        case .failure:
            step("works", .no, report.error?.description ?? report.reason.sentence)
        }
    }

    private mutating func reached(_ webhook: InjectorWebhook) {
        let reach = Reach(webhook, evidence)
        self.reach = reach
        step("reached", reach.verdict, reach.message, at: reach.source, reach.details)
    }

    // MARK: the effect of a change

    /// Whether a pod like that, in a namespace with these labels, would get a sidecar: whether a webhook is called, and
    /// the policy injects.
    func wouldInject(_ pod: Value, _ labels: Object?) -> Bool {
        let subject = DecisionSubject(
            namespace: target.namespace, metadata: pod["metadata"]?.object ?? Object(),
            spec: pod["spec"]?.object ?? Object(), namespaceLabels: labels)
        if let engine, let configurations = evidence.configurations.value {
            let webhooks = InjectorWebhook.all(
                in: configurations, only: options.webhookConfiguration, for: subject, engine: engine)
            guard webhooks.contains(where: { $0.isCalled || $0.isUnknown }) else { return false }
        }
        guard case .snapshot(let snapshot) = configured else { return true }
        let answers = Pipeline.decide(
            object: pod, namespace: target.namespace, webhook: CallsAlways(), snapshot: snapshot)
        return answers.first?.decision.inject ?? false
    }
}

/// A webhook that is called for every pod, because the selectors are checked separately.
struct CallsAlways: WebhookMatcher {
    func match(_ subject: DecisionSubject) -> [WebhookOutcome] {
        [WebhookOutcome(name: "", call: .called, detail: "")]
    }
    func edits(_ subject: DecisionSubject) -> [Counterfactual.Edit] { [] }
    var labelKeys: Set<String> { [] }
    var namespaceLabelKeys: Set<String> { [] }
}

/// Reviews a pod as the injector does when an API server sends it.
enum PodReview {
    static func report(_ pod: Value, path: String, snapshot: Snapshot) -> ReviewReport {
        let body: Value = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "why", "kind": ["group": "", "version": "v1", "kind": "Pod"],
                "resource": ["group": "", "version": "v1", "resource": "pods"], "operation": "CREATE",
                "namespace": pod["metadata"]?["namespace"] ?? "", "object": pod,
            ],
        ]
        var output = ByteBuffer(capacity: 16 << 10)
        return Array(JSON.text(body).utf8).withUnsafeBufferPointer {
            Pipeline.review($0, path: path, snapshot: snapshot, into: &output)
        }
    }
}
