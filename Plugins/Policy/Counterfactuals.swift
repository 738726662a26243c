import PluginAPI
import Values

/// Finds the smallest changes that would reverse a decision. Each is verified by deciding again.
///
/// The candidates come from the rules: only what they read can be changed. Changes that the pod's author can make come
/// first, then those of the namespace's owner, then those of the configuration. Some changes are never proposed
/// although they would work: nobody should move a pod to the host's network or into a system namespace only to avoid a
/// sidecar.
extension Evaluator {
    /// The largest number of single edits that are tried. A configuration can have any number of selectors.
    static let candidateLimit = 512
    /// The largest number of namespace label edits that are combined in pairs and triples.
    static let namespaceEditLimit = 12
    /// The largest number of changes that are reported.
    static let answerLimit = 12

    func counterfactuals(_ subject: DecisionSubject) -> [Counterfactual] {
        let (basic, ofNamespace, ofLabels) = candidates(subject)
        let core = reduced(subject)
        func effective(_ edits: some Sequence<Counterfactual.Edit>) -> [Counterfactual.Edit] {
            var known: [Counterfactual.Edit] = []
            for edit in edits where !known.contains(edit) && apply([edit], to: core) != nil {
                known.append(edit)
            }
            return known
        }
        let onPolicy = effective([.policy("enabled"), .policy("disabled")])
        let onNamespace = effective(ofNamespace)
        // If two rules stop a pod together, they belong to the first, second and last group.
        let few = effective(basic) + onNamespace.prefix(Self.namespaceEditLimit) + onPolicy
        let all = effective(basic + ofLabels) + onNamespace + onPolicy
        let injects = verdict(core).verdict == .inject
        for (size, pool) in [(1, all), (2, few), (3, few)] {
            var answers: [Counterfactual] = []
            combinations(of: pool, size: size) { chosen in
                guard let (evaluator, changed) = apply(chosen, to: core) else { return true }
                let then = evaluator.verdict(changed)
                if (then.verdict == .inject) != injects {
                    answers.append(
                        Counterfactual(
                            edits: chosen,
                            change: chosen.map { words($0, subject) }.joined(separator: ", and "),
                            inject: !injects, reason: then.code))
                }
                return answers.count < Self.answerLimit
            }
            if !answers.isEmpty { return answers }
        }
        return []
    }

    /// Returns edits of what the rules read.
    private func candidates(
        _ subject: DecisionSubject
    ) -> (basic: [Counterfactual.Edit], ofNamespace: [Counterfactual.Edit], ofLabels: [Counterfactual.Edit]) {
        var basic: [Counterfactual.Edit] = [.hostNetwork(false)]
        if policy.ignoredNamespaces.contains(subject.namespace) { basic.append(.namespace("default")) }
        if policy.form == .modern {
            basic += [.setLabel(injectKey, "true"), .setLabel(injectKey, "false"), .removeLabel(injectKey)]
        }
        basic += [
            .setAnnotation(injectKey, "true"), .setAnnotation(injectKey, "false"),
            .removeAnnotation(injectKey),
        ]
        var ofNamespace: [Counterfactual.Edit] = []
        var ofLabels: [Counterfactual.Edit] = []
        for edit in webhooks(subject)?.edits(subject) ?? [] {
            switch edit {
            case .setNamespaceLabel, .removeNamespaceLabel, .namespace: ofNamespace.append(edit)
            default: ofLabels.append(edit)
            }
        }
        for entry in policy.never + policy.always where entry.ignored == nil {
            ofLabels += entry.selector.labelEdits
            if ofLabels.count > Self.candidateLimit { break }
        }
        return (
            basic, Array(ofNamespace.prefix(Self.candidateLimit)), Array(ofLabels.prefix(Self.candidateLimit))
        )
    }

    /// Returns the rules and the pod after the edits; nil if one of them changes nothing.
    private func apply(
        _ edits: [Counterfactual.Edit], to subject: DecisionSubject
    ) -> (Evaluator, DecisionSubject)? {
        var evaluator = self
        var changed = subject
        for edit in edits {
            guard evaluator.apply(edit, to: &changed) else { return nil }
        }
        return (evaluator, changed)
    }

    private mutating func apply(_ edit: Counterfactual.Edit, to subject: inout DecisionSubject) -> Bool {
        switch edit {
        case .setAnnotation(let key, let value): return set("annotations", key, value, of: &subject)
        case .removeAnnotation(let key): return set("annotations", key, nil, of: &subject)
        case .setLabel(let key, let value): return set("labels", key, value, of: &subject)
        case .removeLabel(let key): return set("labels", key, nil, of: &subject)
        case .hostNetwork(let flag):
            guard (subject.spec["hostNetwork"]?.bool ?? false) != flag else { return false }
            subject.spec["hostNetwork"] = .bool(flag)
        case .namespace(let name):
            guard subject.namespace != name else { return false }
            subject.namespace = name
        case .setNamespaceLabel(let key, let value):
            guard let labels = subject.namespaceLabels, labels[key]?.string != value else { return false }
            subject.namespaceLabels?[key] = .string(value)
        case .removeNamespaceLabel(let key):
            guard subject.namespaceLabels?[key] != nil else { return false }
            subject.namespaceLabels?[key] = nil
        case .policy(let text):
            let new = CompiledPolicy.Default(text)
            guard new != policy.policy else { return false }
            policy.policy = new
        }
        return true
    }

    private func set(_ map: String, _ key: String, _ value: String?, of subject: inout DecisionSubject)
        -> Bool
    {
        let now = subject.metadata[map]?.object?[key]
        guard now != value.map({ .string($0) }) else { return false }
        subject.metadata.modify(map) { labels in
            labels.modifyObject { $0[key] = value.map { .string($0) } }
        }
        return true
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
        case .namespace(let name):
            // Another namespace has other labels, which are not known.
            let alike = subject.namespaceLabels == nil ? "" : ", with the same labels"
            return "run the pod in another namespace\(alike), such as \(name)"
        case .setNamespaceLabel(let key, let value):
            return "set label \(key) to \(quoted(value)) on namespace \(quoted(subject.namespace))"
        case .removeNamespaceLabel(let key):
            return "remove label \(key) from namespace \(quoted(subject.namespace))"
        case .policy(let text): return "set policy to \(text) in the injection configuration"
        }
    }
}

/// Calls `body` with every combination of `size` items, in order, until it returns false.
private func combinations<Item>(of items: [Item], size: Int, _ body: ([Item]) -> Bool) {
    func choose(_ chosen: [Item], from start: Int) -> Bool {
        if chosen.count == size { return body(chosen) }
        for index in stride(from: start, to: items.count, by: 1) {
            if !choose(chosen + [items[index]], from: index + 1) { return false }
        }
        return true
    }
    _ = choose([], from: 0)
}
