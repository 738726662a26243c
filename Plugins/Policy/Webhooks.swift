import PluginAPI
import Values

/// The webhooks of MutatingWebhookConfigurations, which determine the pods that the API server sends to the injector.
///
/// Rules, operations, namespaceSelector and objectSelector are evaluated as in the API server. matchConditions (CEL)
/// are not evaluated, only listed. A pod is evaluated as the API server sees it when it is created: core/v1 `pods`,
/// operation CREATE, unless the subject specifies another operation.
struct Webhooks: WebhookMatcher {
    struct Entry: Sendable {
        var name: String
        var rules: [ResourceRule]
        var namespaceSelector: LabelSelector
        var objectSelector: LabelSelector
        /// The names of its matchConditions.
        var conditions: [String] = []
        /// The file and the JSON pointer of the webhook.
        var source: String?
    }

    /// One of a webhook's `rules`.
    struct ResourceRule: Sendable {
        var operations: [String]
        var groups: [String]
        var versions: [String]
        var resources: [String]
        var scope: String

        static let podCreation = ResourceRule(
            operations: ["CREATE"], groups: [""], versions: ["v1"], resources: ["pods"], scope: "*")

        func covers(operation: String) -> Bool { operations.contains("*") || operations.contains(operation) }

        /// Whether it includes pods, or that subresource of pods.
        func covers(subresource: String) -> Bool {
            guard groups.contains("*") || groups.contains("") else { return false }
            guard versions.contains("*") || versions.contains("v1") else { return false }
            guard scope != "Cluster" else { return false }
            let wanted =
                subresource.isEmpty
                ? ["*", "*/*", "pods"] : ["*/*", "pods/*", "*/\(subresource)", "pods/\(subresource)"]
            return resources.contains { wanted.contains($0) }
        }
    }

    var entries: [Entry]

    func match(_ subject: DecisionSubject) -> [WebhookOutcome] {
        entries.map { $0.match(subject) }
    }

    var labelKeys: Set<String> {
        Set(entries.flatMap { $0.objectSelector.requirements.map(\.key) })
    }

    var namespaceLabelKeys: Set<String> {
        Set(entries.flatMap { $0.namespaceSelector.requirements.map(\.key) })
    }

    func edits(_ subject: DecisionSubject) -> [Counterfactual.Edit] {
        var edits: [Counterfactual.Edit] = []
        for entry in entries {
            for requirement in entry.namespaceSelector.requirements {
                if requirement.key == nameLabel {
                    // The label is the name of the namespace, so another value means another namespace.
                    let names =
                        requirement.test == .isIn ? requirement.candidates.compactMap { $0 } : ["default"]
                    edits += names.map { .namespace($0) }
                } else if subject.namespaceLabels != nil {
                    edits += requirement.candidates.map { value in
                        value.map { .setNamespaceLabel(requirement.key, $0) }
                            ?? .removeNamespaceLabel(requirement.key)
                    }
                }
            }
            edits += entry.objectSelector.labelEdits
        }
        return edits
    }
}

extension LabelSelector.Requirement {
    /// Values of the label that could change whether the requirement holds; nil means no label.
    var candidates: [String?] {
        switch test {
        case .isIn, .isNotIn: values.prefix(4).map { .some($0) } + [nil]
        case .exists, .doesNotExist: [key == "istio-injection" ? "disabled" : "true", nil]
        }
    }
}

extension LabelSelector {
    /// Changes of a pod's labels that could change whether the selector matches.
    var labelEdits: [Counterfactual.Edit] {
        requirements.flatMap { requirement in
            requirement.candidates.map { value in
                value.map { .setLabel(requirement.key, $0) } ?? .removeLabel(requirement.key)
            }
        }
    }
}

/// The label with the namespace's name that Kubernetes sets on every namespace (since 1.21).
let nameLabel = "kubernetes.io/metadata.name"

extension Webhooks.Entry {
    // If several webhooks do not call, the most specific reason is reported: first that the pod's own labels exclude
    // it, then that its namespace is not selected, then that a label is missing.
    private enum Rank {
        static let rules = 0
        static let missingLabel = 1
        static let namespace = 2
        static let ownLabel = 3
    }

    func match(_ subject: DecisionSubject) -> WebhookOutcome {
        if let outcome = matchRules(subject) { return outcome }
        let labels = subject.metadata["labels"]?.object
        for requirement in objectSelector.requirements {
            let value = labels?[requirement.key]?.string
            if !requirement.holds(value) {
                let has = value.map { "it is \(quoted($0))" } ?? "the pod has none"
                // The namespace's verdict has precedence over a missing label, so it is checked first.
                if value == nil, let outcome = matchNamespace(subject), case .notCalled = outcome.call {
                    return outcome
                }
                return WebhookOutcome(
                    name: name, call: .notCalled(.objectSelectorMismatch),
                    detail: "objectSelector expects \(bounded(requirement.text)), and \(has)",
                    rank: value == nil ? Rank.missingLabel : Rank.ownLabel, source: place("objectSelector"))
            }
        }
        if let outcome = matchNamespace(subject) { return outcome }
        if !conditions.isEmpty {
            let names = conditions.prefix(4).map { quoted($0) }.joined(separator: ", ")
            return WebhookOutcome(
                name: name, call: .unknown(.matchConditionsNotEvaluated), detail: "matchConditions \(names)",
                source: place("matchConditions"))
        }
        return WebhookOutcome(
            name: name, call: .called, detail: "its rules and selectors match", source: source)
    }

    private func matchRules(_ subject: DecisionSubject) -> WebhookOutcome? {
        let operation = subject.operation ?? "CREATE"
        let subresource = subject.subresource ?? ""
        let covering = rules.filter { $0.covers(subresource: subresource) }
        if covering.contains(where: { $0.covers(operation: operation) }) { return nil }
        let code: ReasonCode
        let detail: String
        if !covering.isEmpty {
            code = .operationNotCreate
            let known = covering.flatMap(\.operations).prefix(8).joined(separator: ", ")
            detail = "its rules name \(known), and not \(quoted(operation))"
        } else if subresource.isEmpty {
            (code, detail) = (.unsupportedResource, "its rules do not name pods")
        } else {
            (code, detail) = (.subresource, "its rules do not name pods/\(bounded(subresource))")
        }
        return WebhookOutcome(
            name: name, call: .notCalled(code), detail: detail, rank: Rank.rules, source: place("rules"))
    }

    /// Returns the reason why the namespaceSelector does not match the pod, or why that is unknown; nil if it matches.
    private func matchNamespace(_ subject: DecisionSubject) -> WebhookOutcome? {
        var unknown: [String] = []
        for requirement in namespaceSelector.requirements {
            let value: String?
            if let known = subject.namespaceLabels?[requirement.key]?.string {
                value = known
            } else if requirement.key == nameLabel {
                value = subject.namespace
            } else if subject.namespaceLabels == nil {
                unknown.append(requirement.key)
                continue
            } else {
                value = nil
            }
            if !requirement.holds(value) {
                let has =
                    value.map { "it is \(quoted($0))" } ?? "namespace \(quoted(subject.namespace)) has none"
                return WebhookOutcome(
                    name: name, call: .notCalled(.namespaceLabelDisabled),
                    detail: "namespaceSelector expects \(bounded(requirement.text)), and \(has)",
                    rank: Rank.namespace, source: place("namespaceSelector"))
            }
        }
        if unknown.isEmpty { return nil }
        return WebhookOutcome(
            name: name, call: .unknown(.namespaceLabelsUnknown),
            detail: "namespaceSelector reads \(bounded(unknown.joined(separator: ", "))), and the labels of "
                + "namespace \(quoted(subject.namespace)) were not given",
            source: place("namespaceSelector"))
    }

    private func place(_ member: String) -> String? { source.map { "\($0)/\(member)" } }
}

// MARK: Istio's own

extension Webhooks {
    /// Returns the webhooks that an Istio of that form installs for that revision. An empty revision or `default` is
    /// the default one.
    ///
    /// Classic: namespaces with `istio-injection=enabled`, or those of the revision. Modern: a namespace of the
    /// revision or with `istio-injection=enabled`, unless the pod's label is "false"; and a pod of the revision or with
    /// the label "true", in a namespace without these labels.
    static func standard(form: PolicyConfiguration.Form, revision: String) -> Webhooks {
        let isDefault = revision.isEmpty || revision == "default"
        let injection = "istio-injection"
        let rev = "istio.io/rev"
        func selector(_ requirements: LabelSelector.Requirement...) -> LabelSelector {
            LabelSelector(requirements: requirements)
        }
        func entry(_ name: String, namespace: LabelSelector, object: LabelSelector) -> Entry {
            Entry(
                name: name, rules: [.podCreation], namespaceSelector: namespace, objectSelector: object)
        }
        func want(_ key: String, _ value: String) -> LabelSelector.Requirement {
            .init(key: key, test: .isIn, values: [value])
        }
        func without(_ key: String) -> LabelSelector.Requirement {
            .init(key: key, test: .doesNotExist, values: [])
        }
        if form == .classic {
            return Webhooks(entries: [
                entry(
                    "sidecar-injector.istio.io",
                    namespace: isDefault
                        ? selector(want(injection, "enabled"))
                        : selector(without(injection), want(rev, revision)),
                    object: selector())
            ])
        }
        let name = isDefault ? "default" : revision
        let notDeclined = LabelSelector.Requirement(key: injectKey, test: .isNotIn, values: ["false"])
        var entries = [
            entry(
                "rev.namespace.sidecar-injector.istio.io",
                namespace: selector(want(rev, name), without(injection)), object: selector(notDeclined)),
            entry(
                "rev.object.sidecar-injector.istio.io",
                namespace: selector(without(rev), without(injection)),
                object: selector(notDeclined, want(rev, name))),
        ]
        if isDefault {
            entries.append(
                entry(
                    "namespace.sidecar-injector.istio.io", namespace: selector(want(injection, "enabled")),
                    object: selector(notDeclined)))
            entries.append(
                entry(
                    "object.sidecar-injector.istio.io",
                    namespace: selector(without(injection), without(rev)),
                    object: selector(want(injectKey, "true"), without(rev))))
        }
        return Webhooks(entries: entries)
    }
}
