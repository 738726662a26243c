import PluginAPI
import Values

/// The single changes that would flip a decision, each found by deciding again.
///
/// The candidates come from the rules: what they look at is what can be changed. Those that the pod's author can make
/// come first, then the namespace's owner's, then the configuration's. Never proposed, though they would do it: to
/// put a pod on the host's network or into a system namespace only to be rid of its sidecar.
extension Evaluator {
    /// Candidates that are tried; a configuration can have any number of selectors.
    static let candidateLimit = 512
    /// Changes that are told.
    static let answerLimit = 12

    func counterfactuals(_ subject: DecisionSubject) -> [Counterfactual] {
        let now = verdict(subject)
        var answers: [Counterfactual] = []
        var tried: [Counterfactual.Edit] = []
        for edit in candidates(subject).prefix(Self.candidateLimit) {
            guard answers.count < Self.answerLimit else { break }
            guard !tried.contains(edit) else { continue }
            tried.append(edit)
            guard let (evaluator, changed) = apply(edit, to: subject) else { continue }
            let then = evaluator.verdict(changed)
            guard (then.verdict == .inject) != (now.verdict == .inject) else { continue }
            answers.append(
                Counterfactual(
                    edit: edit, change: words(edit, subject), inject: then.verdict == .inject,
                    reason: then.code))
        }
        return answers
    }

    private func candidates(_ subject: DecisionSubject) -> [Counterfactual.Edit] {
        var edits: [Counterfactual.Edit] = []
        if policy.form == .modern {
            edits += [.setLabel(injectKey, "true"), .setLabel(injectKey, "false"), .removeLabel(injectKey)]
        }
        edits += [
            .setAnnotation(injectKey, "true"), .setAnnotation(injectKey, "false"),
            .removeAnnotation(injectKey),
            .hostNetwork(false),
        ]
        if policy.ignoredNamespaces.contains(subject.namespace) { edits.append(.namespace("default")) }
        for entry in policy.never + policy.always where entry.ignored == nil {
            edits += entry.selector.labelEdits
            if edits.count > Self.candidateLimit { break }
        }
        edits += webhooks(subject)?.edits(subject) ?? []
        edits += [.policy("enabled"), .policy("disabled")]
        return edits
    }

    /// The rules and the pod after a change, or nil where it changes nothing.
    private func apply(
        _ edit: Counterfactual.Edit, to subject: DecisionSubject
    ) -> (Evaluator, DecisionSubject)? {
        var evaluator = self
        var changed = subject
        func set(_ map: String, _ key: String, _ value: String?) -> Bool {
            let now = changed.metadata[map]?.object?[key]
            if now?.string == value && (now == nil) == (value == nil) { return false }
            changed.metadata.modify(map) { map in
                map.modifyObject { $0[key] = value.map { .string($0) } }
            }
            return true
        }
        switch edit {
        case .setAnnotation(let key, let value): return set("annotations", key, value) ? (self, changed) : nil
        case .removeAnnotation(let key): return set("annotations", key, nil) ? (self, changed) : nil
        case .setLabel(let key, let value): return set("labels", key, value) ? (self, changed) : nil
        case .removeLabel(let key): return set("labels", key, nil) ? (self, changed) : nil
        case .hostNetwork(let flag):
            guard (subject.spec["hostNetwork"]?.bool ?? false) != flag else { return nil }
            changed.spec["hostNetwork"] = .bool(flag)
        case .namespace(let name):
            // Another namespace has other labels, and nobody knows which.
            guard subject.namespaceLabels == nil, subject.webhook == nil else { return nil }
            changed.namespace = name
        case .setNamespaceLabel(let key, let value):
            guard let labels = subject.namespaceLabels, labels[key]?.string != value else { return nil }
            changed.namespaceLabels?[key] = .string(value)
        case .removeNamespaceLabel(let key):
            guard subject.namespaceLabels?[key] != nil else { return nil }
            changed.namespaceLabels?[key] = nil
        case .policy(let text):
            let policy = CompiledPolicy.Default(text)
            guard policy != self.policy.policy else { return nil }
            evaluator.policy.policy = policy
        }
        return (evaluator, changed)
    }

    private func words(_ edit: Counterfactual.Edit, _ subject: DecisionSubject) -> String {
        let pod = subject.pointer.isEmpty ? "pod" : "pod template"
        switch edit {
        case .setAnnotation(let key, let value):
            return "set annotation \(key) to \(quoted(value)) on the \(pod)"
        case .removeAnnotation(let key): return "remove annotation \(key) from the \(pod)"
        case .setLabel(let key, let value): return "set label \(key) to \(quoted(value)) on the \(pod)"
        case .removeLabel(let key): return "remove label \(key) from the \(pod)"
        case .hostNetwork: return "remove hostNetwork from the \(pod)'s spec"
        case .namespace(let name): return "run the pod in another namespace, such as \(name)"
        case .setNamespaceLabel(let key, let value):
            return "set label \(key) to \(quoted(value)) on namespace \(quoted(subject.namespace))"
        case .removeNamespaceLabel(let key):
            return "remove label \(key) from namespace \(quoted(subject.namespace))"
        case .policy(let text): return "set policy to \(text) in the injection configuration"
        }
    }
}
