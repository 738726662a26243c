import PluginAPI
import Values

/// Builds the truth table of a configuration. Each row is found by deciding for a pod that is created for it.
extension Evaluator {
    /// The largest number of selectors that get their own rows.
    static let sampleLimit = 8

    func truthTable() -> TruthTable {
        let isModern = policy.form == .modern
        var table = TruthTable(
            columns: ["policy", "host network", "namespace"] + (isModern ? ["label"] : [])
                + ["annotation", "pod's labels", "selector that matches"],
            rows: [])
        let policyText =
            switch policy.policy {
            case .enabled: "enabled"
            case .disabled: "disabled"
            case .illegal(let text): text.isEmpty ? "(none)" : bounded(text)
            }
        func add(
            host: Bool = false, namespace: String = "default", label: String? = nil,
            annotation: String? = nil,
            labels: Object = Object(), any: Bool = false
        ) {
            var metadata = Object()
            var podLabels = labels
            if let label { podLabels[injectKey] = .string(label) }
            if !podLabels.isEmpty { metadata["labels"] = .object(podLabels) }
            if let annotation {
                metadata["annotations"] = .object(Object([Member(injectKey, .string(annotation))]))
            }
            let spec = Object(host ? [Member("hostNetwork", true)] : [])
            let subject = DecisionSubject(namespace: namespace, metadata: metadata, spec: spec)
            let finding = verdict(subject)
            let wishes = (isModern ? [label] : []) + [annotation]
            var conditions = [
                policyText, any && !host ? "any" : host ? "yes" : "no", any && host ? "any" : namespace,
            ]
            conditions += wishes.map { any ? "any" : $0.map { quoted($0) } ?? "-" }
            conditions += any ? ["any", "any"] : [text(labels), matching(podLabels)]
            table.rows.append(
                TruthTable.Row(
                    conditions: conditions, inject: finding.verdict == .inject, reason: finding.code))
        }
        add(host: true, any: true)
        for namespace in policy.ignoredNamespaces { add(namespace: namespace, any: true) }
        let values: [String?] = [nil, "true", "false", "maybe"]
        for labels in samples(&table.notes) {
            if isModern {
                for label in values {
                    for annotation in values { add(label: label, annotation: annotation, labels: labels) }
                }
            } else {
                for annotation in values { add(annotation: annotation, labels: labels) }
            }
        }
        return table
    }

    /// Returns pod labels that the selectors distinguish: no labels, and for each selector some labels that match it.
    private func samples(_ notes: inout [String]) -> [Object] {
        var samples = [Object()]
        let used = (policy.never + policy.always).filter { $0.ignored == nil }
        if used.count > Self.sampleLimit {
            notes.append("rows for the first \(Self.sampleLimit) of \(used.count) selectors")
        }
        for entry in used.prefix(Self.sampleLimit) {
            var labels = Object()
            for requirement in entry.selector.requirements {
                switch requirement.test {
                case .isIn:
                    if let value = requirement.values.first { labels[requirement.key] = .string(value) }
                case .exists: if labels[requirement.key] == nil { labels[requirement.key] = "x" }
                case .isNotIn, .doesNotExist: break
                }
            }
            if !entry.selector.matches(labels) {
                notes.append(
                    "no row for a selector that no simple set of labels matches: \(entry.selector.text)")
            } else if !samples.contains(labels) {
                samples.append(labels)
            }
        }
        return samples
    }

    private func text(_ labels: Object) -> String {
        labels.isEmpty
            ? "-" : labels.members.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ", ")
    }

    private func matching(_ labels: Object) -> String {
        func names(_ list: String, _ entries: [CompiledPolicy.Entry]) -> [String] {
            entries.indices.filter { entries[$0].ignored == nil && entries[$0].selector.matches(labels) }
                .map { "\(list)[\($0)]" }
        }
        let all = names("neverInjectSelector", policy.never) + names("alwaysInjectSelector", policy.always)
        return all.isEmpty ? "-" : all.joined(separator: ", ")
    }
}
