import PluginAPI
import Values

/// Makes decisions: evaluates the rules in order until one returns inject or skip.
///
/// Without a trace, a rule that does not apply costs only a lookup and a word of the trace line. With a trace, a
/// sentence is built for every rule.
struct Evaluator: DecisionEngine {
    var policy: CompiledPolicy

    func decide(_ subject: DecisionSubject, trace: Bool) -> Decision {
        var steps: [TraceStep] = []
        var line = ByteBuffer(capacity: Self.lineCapacity)
        var decided: (rule: Rule, finding: Finding)?
        let given = subject
        let subject = slimmed(given)
        let labels = subject.metadata["labels"]?.object
        for rule in policy.rules {
            let finding = evaluate(rule, subject, labels)
            let decides = decided == nil && finding.isFinal
            if decides { decided = (rule, finding) }
            if trace { steps += self.steps(rule, finding, subject, decisive: decides) }
            add(rule, finding, decisive: decides, to: &line)
        }
        let warnings = Warnings(policy: policy, subject: given).all(decided?.finding.code)
        guard let decided else {
            // The default policy always decides. If it is not in the list of rules, that is a bug of this program.
            return Decision(
                inject: false, reason: .internalError, message: ReasonCode.internalError.sentence,
                trace: steps)
        }
        return Decision(
            inject: decided.finding.verdict == .inject, reason: decided.finding.code,
            message: message(decided.rule, decided.finding, subject), remedy: remedy(decided.finding.code),
            trace: steps, traceLine: line.text, warnings: warnings)
    }

    func compileWebhook(
        _ configuration: Value, file: String
    ) throws(WebhookConfigurationError) -> any WebhookMatcher {
        try Webhooks(configuration, file: file)
    }

    /// Returns only the verdict, for repeated decisions.
    func verdict(_ subject: DecisionSubject) -> Finding {
        let labels = subject.metadata["labels"]?.object
        for rule in policy.rules {
            let finding = evaluate(rule, subject, labels)
            if finding.isFinal { return finding }
        }
        return Finding(verdict: .error, code: .internalError)
    }

    /// Adds the verdict of a rule to the line. Lists of selectors that do not apply are omitted.
    private func add(_ rule: Rule, _ finding: Finding, decisive: Bool, to line: inout ByteBuffer) {
        if (rule == .neverInject || rule == .alwaysInject) && !finding.isFinal { return }
        if line.count > 0 { line.append(UInt8(ascii: " ")) }
        line.append(rule.name)
        line.append(UInt8(ascii: "="))
        line.append(finding.verdict.rawValue)
        if decisive { line.append(UInt8(ascii: "!")) }
    }

    /// Longer than any line: every rule adds at most 40 bytes.
    private static let lineCapacity = 360

    // MARK: The rules

    /// - Parameter labels: the pod's labels, looked up once for all selectors.
    func evaluate(_ rule: Rule, _ subject: DecisionSubject, _ labels: Object?) -> Finding {
        switch rule {
        case .webhook:
            return webhook(subject)
        case .hostNetwork:
            return subject.spec["hostNetwork"]?.bool == true ? .skip(.hostNetworkEnabled) : .pass
        case .ignoredNamespace:
            return policy.ignoredNamespaces.contains(subject.namespace) ? .skip(.ignoredNamespace) : .pass
        case .policyValue:
            if case .illegal = policy.policy { return .skip(.policyIllegal) }
            return .pass
        case .label:
            guard let text = wishText("labels", subject) else { return .pass }
            switch Wish(text, form: policy.form) {
            case .yes: return .inject(.labelTrue)
            case .no: return .skip(.labelFalse)
            case .none: return .pass
            case .unrecognised: return .pass(.labelUnrecognised)
            }
        case .annotation:
            guard let text = wishText("annotations", subject) else { return .pass }
            if policy.form == .modern, wishText("labels", subject) != nil { return .pass }
            switch Wish(text, form: policy.form) {
            case .yes: return .inject(.annotationTrue)
            case .no: return .skip(.annotationFalse)
            case .none: return .pass
            case .unrecognised:
                return policy.form == .classic
                    ? .skip(.annotationUnrecognised) : .pass(.annotationUnrecognised)
            }
        case .neverInject:
            return firstMatch(policy.never, labels, .skip(.neverInjectSelector))
        case .alwaysInject:
            return firstMatch(policy.always, labels, .inject(.alwaysInjectSelector))
        case .defaultPolicy:
            switch policy.policy {
            case .enabled: return .inject(.policyEnabled)
            case .disabled: return .skip(.policyDisabled)
            case .illegal: return .skip(.policyIllegal)
            }
        }
    }

    private func firstMatch(
        _ entries: [CompiledPolicy.Entry], _ labels: Object?, _ finding: Finding
    ) -> Finding {
        for index in entries.indices where entries[index].matches(labels) { return finding.at(index) }
        return .pass
    }

    /// Returns the pod's text for `sidecar.istio.io/inject`; nil if it has no such key.
    func wishText(_ map: String, _ subject: DecisionSubject) -> String? {
        guard let value = subject.metadata[map]?.object?[injectKey] else { return nil }
        return scalarText(value)
    }

    // MARK: The API server's part

    /// Returns the webhooks that may select this pod: the given ones, or Istio's own if the namespace's labels are
    /// given, or nil.
    func webhooks(_ subject: DecisionSubject) -> (any WebhookMatcher)? {
        if let given = subject.webhook { return given }
        return subject.namespaceLabels == nil ? nil : policy.standardWebhooks
    }

    private func webhook(_ subject: DecisionSubject) -> Finding {
        guard let webhooks = webhooks(subject) else {
            // A review is only sent if a webhook has selected the pod.
            if subject.operation != nil { return .pass(.webhookCalls) }
            return Finding(verdict: .unknown, code: .namespaceLabelsUnknown)
        }
        return Self.summary(webhooks.match(subject)).finding
    }

    /// Summarises the outcomes of several webhooks: one that is called suffices, and one that may be called makes the
    /// result unknown.
    static func summary(_ outcomes: [WebhookOutcome]) -> (finding: Finding, outcome: WebhookOutcome?) {
        var unknown: WebhookOutcome?
        var against: WebhookOutcome?
        for outcome in outcomes {
            switch outcome.call {
            case .called: return (.pass(.webhookCalls), outcome)
            case .unknown: if unknown == nil { unknown = outcome }
            case .notCalled: if outcome.rank > against?.rank ?? -1 { against = outcome }
            }
        }
        if let unknown, case .unknown(let code) = unknown.call {
            return (Finding(verdict: .unknown, code: code), unknown)
        }
        if let against, case .notCalled(let code) = against.call { return (.skip(code), against) }
        return (.skip(.namespaceLabelDisabled), nil)
    }
}
