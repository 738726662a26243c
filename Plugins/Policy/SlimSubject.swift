import PluginAPI
import Values

/// Reduces pods and namespaces that have more labels than Kubernetes' own tools ever create.
///
/// Labels are searched linearly, which is the quickest way if there are few. With a hundred thousand labels and many
/// selectors it would take far too long. Therefore, labels that no rule reads are removed first, in one pass.
extension Evaluator {
    private static let labelLimit = 64

    /// Returns the subject; if it has very many labels, returns a copy with only those that the rules read.
    func slimmed(_ subject: DecisionSubject) -> DecisionSubject {
        func isLong(_ labels: Object?) -> Bool { (labels?.count ?? 0) > Self.labelLimit }
        let metadata = subject.metadata
        guard
            isLong(subject.namespaceLabels) || isLong(metadata["labels"]?.object)
                || isLong(metadata["annotations"]?.object) || isLong(metadata)
        else { return subject }
        return reduced(subject)
    }

    /// Returns a copy with only what the rules read.
    func reduced(_ subject: DecisionSubject) -> DecisionSubject {
        var keys: Set<String> = [injectKey]
        for entry in policy.never + policy.always { keys.formUnion(entry.selector.requirements.map(\.key)) }
        let webhooks = webhooks(subject)
        if let webhooks { keys.formUnion(webhooks.labelKeys) }
        var core = subject
        core.object = nil
        core.metadata = Object()
        for map in ["labels", "annotations"] {
            guard let object = subject.metadata[map]?.object else { continue }
            core.metadata[map] = .object(object.keeping(keys))
        }
        core.spec = Object()
        core.spec["hostNetwork"] = subject.spec["hostNetwork"]
        if let webhooks {
            core.namespaceLabels = subject.namespaceLabels?.keeping(webhooks.namespaceLabelKeys)
        }
        return core
    }
}

extension Object {
    fileprivate func keeping(_ keys: Set<String>) -> Object {
        Object(members.filter { keys.contains($0.key) })
    }
}
