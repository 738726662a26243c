import PluginAPI
import Values

/// Writes the MutatingWebhookConfiguration that fits a policy: the part of a decision that the API server makes.
extension Evaluator {
    /// The cluster's own namespaces. Their pods must start even if no injector responds.
    private static let clusterNamespaces = ["kube-system", "kube-public", "kube-node-lease"]

    func webhookConfiguration(_ export: WebhookExport) throws(WebhookConfigurationError) -> Value {
        if case .illegal(let text) = policy.policy {
            throw WebhookConfigurationError(
                "\(policy.policySource ?? "the configuration"): the policy is \(quoted(text)), so nothing is ever "
                    + "injected and no webhook fits: expected enabled or disabled")
        }
        let webhooks = entries(export).map { entry in webhook(entry, export) }
        return [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": ["name": .string(export.configurationName)], "webhooks": .array(webhooks),
        ]
    }

    /// Returns an entry for the requested labels; otherwise those that an Istio of the form and revision installs.
    private func entries(_ export: WebhookExport) -> [Webhooks.Entry] {
        guard !export.namespaceLabels.isEmpty else {
            return policy.standardWebhooks.entries.map { entry in
                var entry = entry
                // `rev.namespace.sidecar-injector.istio.io` keeps the part before Istio's own name.
                let prefix =
                    entry.name.ends(with: Self.istioName) ? entry.name.dropLast(Self.istioName.count) : ""
                entry.name = prefix + export.webhookName
                return entry
            }
        }
        let labels = export.namespaceLabels.map {
            LabelSelector.Requirement(key: $0.key, test: .isIn, values: [$0.value])
        }
        let declined = LabelSelector.Requirement(key: injectKey, test: .isNotIn, values: ["false"])
        let follows = export.followsPolicy && policy.form == .modern
        return [
            Webhooks.Entry(
                name: export.webhookName, rules: [.podCreation],
                namespaceSelector: LabelSelector(requirements: labels),
                objectSelector: LabelSelector(requirements: follows ? [declined] : []))
        ]
    }

    private static let istioName = "sidecar-injector.istio.io"

    private func webhook(_ entry: Webhooks.Entry, _ export: WebhookExport) -> Value {
        var excluded = Self.clusterNamespaces
        if export.followsPolicy { excluded += policy.ignoredNamespaces.filter { !excluded.contains($0) } }
        if case .service(let namespace, _, _) = export.target, !excluded.contains(namespace) {
            // With failurePolicy Fail, an injector that must admit its own pods could never start again.
            excluded.append(namespace)
        }
        var namespaces = entry.namespaceSelector
        namespaces.requirements.append(.init(key: nameLabel, test: .isNotIn, values: excluded))
        var webhook: [(String, Value)] = [
            ("name", .string(entry.name)), ("admissionReviewVersions", ["v1", "v1beta1"]),
            ("sideEffects", "None"), ("timeoutSeconds", .int(Int64(export.timeoutSeconds))),
            ("failurePolicy", .string(export.failurePolicy.rawValue)), ("matchPolicy", "Equivalent"),
            ("reinvocationPolicy", "Never"), ("clientConfig", client(export)),
            (
                "rules",
                [
                    [
                        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                        "resources": ["pods"],
                        "scope": "Namespaced",
                    ]
                ]
            ),
            ("namespaceSelector", namespaces.json),
        ]
        if !entry.objectSelector.isEmpty { webhook.append(("objectSelector", entry.objectSelector.json)) }
        if export.followsPolicy {
            let conditions = MatchConditions(policy: policy).all.map { condition -> Value in
                ["name": .string(condition.name), "expression": .string(condition.expression)]
            }
            webhook.append(("matchConditions", .array(conditions)))
        }
        return .object(Object(webhook.map { Member($0.0, $0.1) }))
    }

    private func client(_ export: WebhookExport) -> Value {
        var members: [Member]
        switch export.target {
        case .service(let namespace, let name, let port):
            members = [
                Member(
                    "service",
                    [
                        "namespace": .string(namespace), "name": .string(name), "path": "/inject",
                        "port": .int(Int64(port)),
                    ])
            ]
        case .url(let url): members = [Member("url", .string(url))]
        }
        if let bundle = export.caBundle { members.append(Member("caBundle", .string(bundle))) }
        return .object(Object(members))
    }
}

extension LabelSelector {
    /// The selector as it is written in a manifest: single values as matchLabels.
    fileprivate var json: Value {
        var labels = Object()
        var expressions: [Value] = []
        for requirement in requirements {
            if requirement.test == .isIn, requirement.values.count == 1, labels[requirement.key] == nil {
                labels[requirement.key] = .string(requirement.values[0])
                continue
            }
            var expression: [Member] = [
                Member("key", .string(requirement.key)),
                Member("operator", .string(requirement.test.rawValue)),
            ]
            if !requirement.values.isEmpty {
                expression.append(Member("values", .array(requirement.values.map { .string($0) })))
            }
            expressions.append(.object(Object(expression)))
        }
        var members: [Member] = []
        if !labels.isEmpty { members.append(Member("matchLabels", .object(labels))) }
        if !expressions.isEmpty { members.append(Member("matchExpressions", .array(expressions))) }
        return .object(Object(members))
    }
}
