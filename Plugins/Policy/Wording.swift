import PluginAPI
import Values

/// Builds sentences for the findings of the rules, with the values and their places.
extension Evaluator {
    /// Returns the steps of one rule: one for each webhook or selector that it checks, otherwise a single one.
    func steps(_ rule: Rule, _ finding: Finding, _ subject: DecisionSubject, decisive: Bool) -> [TraceStep] {
        switch rule {
        case .webhook:
            return [step(rule, finding, subject, decisive: decisive)] + webhookSteps(subject)
        case .neverInject, .alwaysInject:
            let entries = rule == .neverInject ? policy.never : policy.always
            if entries.isEmpty { return [step(rule, finding, subject, decisive: decisive)] }
            let labels = subject.metadata["labels"]?.object
            return entries.indices.map { index in
                let own: Finding =
                    entries[index].ignored != nil
                    ? .pass(.selectorIgnored)
                    : !entries[index].matches(labels)
                        ? .pass
                        : rule == .neverInject ? .skip(.neverInjectSelector) : .inject(.alwaysInjectSelector)
                return step(rule, own.at(index), subject, decisive: decisive && finding.index == index)
            }
        default:
            return [step(rule, finding, subject, decisive: decisive)]
        }
    }

    private func step(
        _ rule: Rule, _ finding: Finding, _ subject: DecisionSubject, decisive: Bool
    ) -> TraceStep {
        TraceStep(
            rule: rule.name, verdict: finding.verdict, decisive: decisive, code: finding.code,
            message: message(rule, finding, subject), remedy: remedy(finding.code),
            source: source(rule, finding, subject))
    }

    /// Returns the remedy. In the modern form it refers to the pod's label, in the classic form to its annotation.
    func remedy(_ code: ReasonCode) -> String? {
        code.entry.filledRemedy([("mark", policy.form == .modern ? "label" : "annotation")])
    }

    /// Returns the finding of a rule as a sentence.
    func message(_ rule: Rule, _ finding: Finding, _ subject: DecisionSubject) -> String {
        if finding.code == .ruleNotMet { return notMet(rule, finding, subject) }
        let entry = finding.code.entry
        let values = values(rule, finding, subject)
        // A webhook may stop a pod for a reason whose sentence is also used elsewhere and has no placeholder for the
        // detail.
        if case .webhook = rule, !entry.sentence.contains("{detail}"), let detail = values.first {
            return "\(entry.sentence): \(detail.text)"
        }
        return entry.filled(values)
    }

    private func webhookSteps(_ subject: DecisionSubject) -> [TraceStep] {
        (webhooks(subject)?.match(subject) ?? []).map { outcome in
            let verdict: TraceStep.Verdict
            let code: ReasonCode
            let word: String
            switch outcome.call {
            case .called: (verdict, code, word) = (.pass, .webhookCalls, "asks")
            case .notCalled: (verdict, code, word) = (.pass, .ruleNotMet, "does not ask")
            case .unknown(let why): (verdict, code, word) = (.unknown, why, "may ask")
            }
            return TraceStep(
                rule: "webhook/\(outcome.name)", verdict: verdict, decisive: false, code: code,
                message: "\(word): \(outcome.detail)", source: outcome.source)
        }
    }

    /// Returns the values for the placeholders in a code's sentence.
    private func values(
        _ rule: Rule, _ finding: Finding, _ subject: DecisionSubject
    ) -> [(name: String, text: String)] {
        switch rule {
        case .webhook: return webhookValues(subject)
        case .hostNetwork: return []
        case .ignoredNamespace: return [("namespace", quoted(subject.namespace))]
        case .policyValue, .defaultPolicy:
            guard case .illegal(let text) = policy.policy else { return [] }
            return [("value", text.isEmpty ? "not given" : quoted(text))]
        case .label: return [("value", quoted(wishText("labels", subject) ?? ""))]
        case .annotation: return [("value", quoted(wishText("annotations", subject) ?? ""))]
        case .neverInject: return values("neverInjectSelector", policy.never, finding.index)
        case .alwaysInject: return values("alwaysInjectSelector", policy.always, finding.index)
        }
    }

    private func values(
        _ list: String, _ entries: [CompiledPolicy.Entry], _ index: Int?
    ) -> [(name: String, text: String)] {
        guard let index else { return [] }
        return [
            ("list", list), ("index", String(index)), ("selector", bounded(entries[index].selector.text)),
            ("detail", entries[index].ignored ?? ""),
        ]
    }

    private func webhookValues(_ subject: DecisionSubject) -> [(name: String, text: String)] {
        var detail: String
        if let webhooks = webhooks(subject) {
            let outcome = Self.summary(webhooks.match(subject)).outcome
            detail = outcome.map { "\($0.name): \($0.detail)" } ?? "there is no webhook"
            if subject.webhook == nil { detail += " (taken from Istio's own webhooks)" }
        } else if subject.operation != nil {
            detail = "it has sent a review"
        } else {
            detail = "the labels of namespace \(quoted(subject.namespace)) were not given"
        }
        return [("detail", detail)]
    }

    /// Returns a sentence for a rule that does not apply.
    private func notMet(_ rule: Rule, _ finding: Finding, _ subject: DecisionSubject) -> String {
        switch rule {
        case .webhook: return "no webhook was checked"
        case .hostNetwork: return "the pod has a network of its own"
        case .ignoredNamespace: return "the namespace \(quoted(subject.namespace)) is not left alone"
        case .policyValue:
            return "the policy is \(policy.policy == .enabled ? "enabled" : "disabled"), as it may be"
        case .label:
            return wishText("labels", subject) == nil
                ? "the pod has no label \(injectKey)" : "the pod's label \(injectKey) is empty"
        case .annotation:
            guard let text = wishText("annotations", subject) else {
                return "the pod has no annotation \(injectKey)"
            }
            if policy.form == .modern, wishText("labels", subject) != nil {
                return
                    "the pod's annotation \(injectKey) is \(quoted(text)), but the label of that name is read "
                    + "instead"
            }
            return "the pod's annotation \(injectKey) is empty"
        case .neverInject: return notMatched("neverInjectSelector", policy.never, finding.index)
        case .alwaysInject: return notMatched("alwaysInjectSelector", policy.always, finding.index)
        case .defaultPolicy: return "the default policy was not asked"
        }
    }

    private func notMatched(_ list: String, _ entries: [CompiledPolicy.Entry], _ index: Int?) -> String {
        guard let index else { return "the configuration has no \(list)" }
        return "\(list)[\(index)] (\(bounded(entries[index].selector.text))) does not match the pod's labels"
    }

    // MARK: Places

    private func source(_ rule: Rule, _ finding: Finding, _ subject: DecisionSubject) -> String? {
        switch rule {
        case .webhook:
            return webhooks(subject).flatMap { Self.summary($0.match(subject)).outcome?.source }
        case .hostNetwork:
            return subject.spec["hostNetwork"] == nil ? nil : subject.pointer + "/spec/hostNetwork"
        case .ignoredNamespace:
            return subject.object?["metadata"]?["namespace"] == nil ? nil : "/metadata/namespace"
        case .policyValue, .defaultPolicy: return policy.policySource
        case .label: return place("labels", subject)
        case .annotation: return place("annotations", subject)
        case .neverInject: return finding.index.flatMap { policy.never[$0].source }
        case .alwaysInject: return finding.index.flatMap { policy.always[$0].source }
        }
    }

    private func place(_ map: String, _ subject: DecisionSubject) -> String? {
        guard subject.metadata[map]?.object?[injectKey] != nil else { return nil }
        return subject.place(of: injectKey, in: map)
    }
}

/// Returns text of the configuration for a sentence, truncated if it is long.
func bounded(_ text: String, limit: Int = 200) -> String {
    text.utf8.count <= limit ? text : text.prefix(limit / 4) + "…"
}
