import PluginAPI
import Policy
import Testing
import Values

/// The exported webhook configuration and the rules together give the same answer as `decide`: the API server calls the
/// webhook exactly for the pods that `decide` injects.
@Suite struct WebhookExportTests {
    private static let service = WebhookExport(
        target: .service(namespace: "pillion-system", name: "pillion", port: 443))

    /// The rules of a configuration, and the webhooks that were exported from them.
    private struct Pair {
        let configuration: PolicyConfiguration
        let engine: any DecisionEngine
        var webhooks: [(selectors: any WebhookMatcher, conditions: [String])] = []

        init(_ configuration: PolicyConfiguration, _ export: WebhookExport = service) throws {
            self.configuration = configuration
            engine = PolicyPlugin().compile(configuration).engine
            let exported = try engine.webhookConfiguration(export)
            for webhook in try #require(exported["webhooks"]?.array) {
                var plain = try #require(webhook.object)
                plain["matchConditions"] = nil
                let single: Value = ["kind": "MutatingWebhookConfiguration", "webhooks": [.object(plain)]]
                let conditions = webhook["matchConditions"]?.array ?? []
                webhooks.append(
                    (
                        try engine.compileWebhook(single, file: ""),
                        try conditions.map { try #require($0["expression"]?.string) }
                    ))
            }
        }

        /// Whether the API server calls a webhook for a new pod.
        func asks(_ pod: DecisionSubject) throws -> Bool {
            let object: Value = ["metadata": .object(pod.metadata), "spec": .object(pod.spec)]
            return try webhooks.contains { webhook in
                guard webhook.selectors.match(pod).allSatisfy({ $0.call == .called }) else { return false }
                return try webhook.conditions.allSatisfy { try ConditionReader.holds($0, for: object) }
            }
        }

        func answersAsDecide(_ pod: DecisionSubject) throws {
            let wanted = engine.decide(pod, trace: false).inject
            var review = pod
            review.operation = "CREATE"
            review.namespaceLabels = nil
            let isAsked = try asks(pod)
            let isInjected = isAsked && engine.decide(review, trace: false).inject
            #expect(isInjected == wanted, "\(configuration) \(pod)")
            // The API server sends no review that would be answered without injection.
            #expect(isAsked == wanted, "expected a call only for an injected pod: \(configuration) \(pod)")
        }
    }

    /// Every row of the truth tables: policies, selectors, the pod's annotation and label, networks and namespace
    /// labels.
    @Test(arguments: [PolicyConfiguration.Form.classic, .modern], ["", "canary"])
    func theTruthTable(_ form: PolicyConfiguration.Form, _ revision: String) throws {
        let web: Value = ["matchLabels": ["app": "web"]]
        let back: Value = [
            "matchExpressions": [
                ["key": "tier", "operator": "NotIn", "values": ["front"]],
                ["key": "app", "operator": "Exists"],
            ]
        ]
        let labels: [Value] = [[:], ["app": "web"], ["app": "web", "tier": "front"], ["app": "db"]]
        let namespaces: [Value] = [
            [:], ["istio-injection": "enabled"], ["istio-injection": "disabled"], ["istio.io/rev": "canary"],
            ["istio.io/rev": "default"],
        ]
        let wishes: [String?] = [nil, "true", "false", "maybe", "", "Yes"]
        var rows = 0
        for policy in ["enabled", "disabled"] {
            for (never, always) in [([], []), ([web], [back]), ([back], [web]), ([web, back], [])] {
                let configuration = PolicyConfiguration(
                    form: form, policy: policy, neverInjectSelector: never, alwaysInjectSelector: always,
                    revision: revision)
                let pair = try Pair(configuration)
                for own in labels {
                    for namespace in namespaces {
                        for annotation in wishes {
                            for label in form == .modern ? wishes : [nil] {
                                try pair.answersAsDecide(
                                    subject(
                                        annotation: annotation, label: label, labels: own,
                                        hostNetwork: rows % 7 == 0, namespaceLabels: namespace))
                                rows += 1
                            }
                        }
                    }
                }
            }
        }
        #expect(rows >= 960)
    }

    @Test(arguments: 0..<10)
    func generatedPairs(_ batch: Int) throws {
        for seed in 0..<100 {
            var dice = PropertyTests.Dice(state: UInt64(batch * 1000 + seed))
            let configuration = dice.configuration()
            var pod = dice.pod()
            guard ["enabled", "disabled"].contains(configuration.policy) else { continue }
            if pod.namespaceLabels == nil {
                pod.namespaceLabels = Object([Member("istio-injection", "enabled")])
            }
            // Every export excludes kube-node-lease, although the classic rules do not: no pods are created there.
            if pod.namespace == "kube-node-lease" { pod.namespace = "kube-public" }
            try Pair(configuration).answersAsDecide(pod)
        }
    }

    @Test func anIllegalPolicyFitsNoWebhook() {
        let error = #expect(throws: WebhookConfigurationError.self) {
            try engine(.classic, policy: "on", lines: ["policy": 3]).webhookConfiguration(Self.service)
        }
        #expect(
            error?.message
                == "config.yaml:3: the policy is \"on\", so nothing is ever injected and no webhook fits: expected "
                + "enabled or disabled")
    }

    /// More selectors than the number of conditions that an API server accepts.
    @Test(arguments: [61, 62, 200])
    func conditionsStayWithinTheLimit(_ count: Int) throws {
        let never: [Value] = (0..<count).map { ["matchLabels": ["app": .string("app-\($0)")]] }
        let configuration = PolicyConfiguration(form: .modern, policy: "disabled", neverInjectSelector: never)
        let exported = try PolicyPlugin().compile(configuration).engine.webhookConfiguration(Self.service)
        for webhook in try #require(exported["webhooks"]?.array) {
            let conditions = try #require(webhook["matchConditions"]?.array)
            #expect(conditions.count <= 64)
            #expect(Set(conditions.map { $0["name"]?.string }).count == conditions.count)
        }
        for app in [0, count / 2, count - 1] {
            let always = PolicyConfiguration(
                form: .modern, policy: "enabled", neverInjectSelector: never)
            try Pair(always).answersAsDecide(
                subject(
                    labels: ["app": .string("app-\(app)")], namespaceLabels: ["istio-injection": "enabled"]))
        }
    }

    /// An export that does not follow the policy calls the webhook for all pods of the namespaces.
    @Test func stayingRightMeansAsking() throws {
        var export = Self.service
        export.followsPolicy = false
        export.namespaceLabels = [("istio-injection", "enabled")]
        let pair = try Pair(PolicyConfiguration(form: .modern, policy: "disabled"), export)
        #expect(pair.webhooks.count == 1)
        #expect(pair.webhooks[0].conditions.isEmpty)
        let pod = subject(label: "false", hostNetwork: true, namespaceLabels: ["istio-injection": "enabled"])
        #expect(try pair.asks(pod))
    }

    @Test func theReaderSeesErrors() throws {
        #expect(throws: ConditionReader.Problem.self) {
            try ConditionReader.holds("object.metadata.labels['a'] == 'b'", for: ["metadata": [:]])
        }
        #expect(try ConditionReader.holds("has(object.a) || !('b' in object.c)", for: ["c": ["d": 1]]))
        #expect(try !ConditionReader.holds("'B'.lowerAscii() == 'a'", for: [:]))
    }
}
