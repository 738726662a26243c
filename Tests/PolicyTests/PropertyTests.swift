import PluginAPI
import Policy
import Testing
import Values

/// For any configuration and pod, exactly one step decides, it is the first that can, and each proposal changes the
/// answer.
struct PropertyTests {
    /// SplitMix64, so that every run has the same cases.
    struct Dice {
        var state: UInt64

        mutating func roll(_ sides: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((z ^ (z >> 31)) % UInt64(sides))
        }

        mutating func pick<T>(_ items: [T]) -> T { items[roll(items.count)] }

        mutating func selectors() -> [Value] {
            (0..<roll(4)).map { _ in
                pick([
                    [:], ["matchLabels": ["app": "web"]], ["matchLabels": ["app": "web", "tier": "front"]],
                    ["matchLabels": ["bad key!": "x"]],
                    ["matchExpressions": [["key": "tier", "operator": "In", "values": ["front", "back"]]]],
                    ["matchExpressions": [["key": "tier", "operator": "NotIn", "values": ["front"]]]],
                    ["matchExpressions": [["key": "app", "operator": "Exists"]]],
                    ["matchExpressions": [["key": "app", "operator": "DoesNotExist"]]],
                    ["matchExpressions": [["key": "sidecar.istio.io/inject", "operator": "Exists"]]],
                ])
            }
        }

        mutating func configuration() -> PolicyConfiguration {
            PolicyConfiguration(
                form: pick([.classic, .modern]), policy: pick(["enabled", "disabled", "disabled", "", "on"]),
                neverInjectSelector: selectors(), alwaysInjectSelector: selectors(),
                revision: pick(["", "canary"]))
        }

        mutating func pod() -> DecisionSubject {
            let values: [String?] = [nil, nil, "true", "false", "maybe", "", "yes"]
            var labels = Object()
            if roll(2) == 0 { labels["app"] = .string(pick(["web", "db"])) }
            if roll(2) == 0 { labels["tier"] = .string(pick(["front", "back", "side"])) }
            if roll(6) == 0 { labels["istio.io/rev"] = "canary" }
            let namespaceLabels: [Value?] = [
                nil, nil, [:], ["istio-injection": "enabled"], ["istio-injection": "disabled"],
                ["istio.io/rev": "canary"], ["istio.io/rev": "default"],
            ]
            return subject(
                namespace: pick(["default", "team-a", "team-a", "kube-system", "kube-node-lease"]),
                annotation: pick(values), label: pick(values), labels: .object(labels),
                hostNetwork: roll(6) == 0,
                namespaceLabels: pick(namespaceLabels))
        }
    }

    /// The position of a rule in the documented order.
    static func rank(_ rule: String) -> Int? {
        if rule.hasPrefix("webhook/") { return 0 }
        return [
            "webhook", "host_network", "ignored_namespace", "policy_value", "label", "annotation",
            "never_inject_selector", "always_inject_selector", "default_policy",
        ].firstIndex(of: rule)
    }

    @Test(arguments: 0..<10)
    func holds(_ batch: Int) throws {
        for seed in 0..<120 { try holdsFor(seed: batch * 1000 + seed) }
    }

    private func holdsFor(seed: Int) throws {
        var dice = Dice(state: UInt64(seed))
        let configuration = dice.configuration()
        let pod = dice.pod()
        let engine = PolicyPlugin().compile(configuration).engine
        let decision = engine.decide(pod, trace: true)

        // The same with the trace off.
        let short = engine.decide(pod, trace: false)
        #expect(short.trace.isEmpty)
        #expect(
            (short.inject, short.reason, short.message, short.remedy)
                == (decision.inject, decision.reason, decision.message, decision.remedy))

        // The same for a pod with many more labels.
        var crowded = pod
        let many = (0..<100).map { Member("other-\($0)", "x") }
        crowded.metadata["labels"] = .object(Object(many + (pod.metadata["labels"]?.object?.members ?? [])))
        let among = engine.decide(crowded, trace: true)
        #expect(
            (among.inject, among.reason, among.message) == (
                decision.inject, decision.reason, decision.message
            ))
        #expect(among.trace.map(\.verdict) == decision.trace.map(\.verdict))

        // The log line is the same with and without the trace.
        #expect(decision.traceLine == short.traceLine)
        #expect(decision.traceLine.split(separator: " ").filter { $0.hasSuffix("!") }.count == 1)

        // Exactly one step decides: the first with the verdict inject or skip, which is the decision's.
        let decisive = decision.trace.filter(\.decisive)
        try #require(decisive.count == 1)
        #expect(decision.trace.first { $0.verdict == .inject || $0.verdict == .skip } == decisive[0])
        #expect(decisive[0].code == decision.reason)
        #expect(decisive[0].message == decision.message)
        #expect((decisive[0].verdict == .inject) == decision.inject)
        #expect(decision.reason.kind == (decision.inject ? .inject : .skip))

        // Every rule is in the trace, in the order of evaluation.
        let ranks = try decision.trace.map { try #require(Self.rank($0.rule)) }
        #expect(ranks == ranks.sorted())
        let isModern = configuration.form == .modern
        #expect(Set(ranks) == Set(0..<9).subtracting(isModern ? [] : [4]))
        for step in decision.trace where step.verdict == .inject || step.verdict == .skip {
            #expect(step.code.kind.rawValue == step.verdict.rawValue)
        }

        try everyProposalFlips(configuration, pod, decision, engine)
    }

    private func everyProposalFlips(
        _ configuration: PolicyConfiguration, _ pod: DecisionSubject, _ decision: Decision,
        _ engine: any DecisionEngine
    ) throws {
        let proposals = engine.counterfactuals(pod)
        // Three edits can undo at most three rules; the labels of a namespace may need two.
        let obstacles = Set(decision.trace.filter { $0.verdict == .skip }.map(\.rule))
        if obstacles.count + (obstacles.contains("webhook") ? 1 : 0) <= 3 {
            #expect(!proposals.isEmpty, "\(configuration) \(pod)")
        }
        #expect(Set(proposals.map(\.edits.count)).count <= 1)
        for proposal in proposals {
            // No edit is superfluous: without any one of them, the answer does not change.
            for left in proposal.edits.indices {
                var fewer = proposal.edits
                fewer.remove(at: left)
                #expect(apply(fewer, configuration, pod).inject == decision.inject, "\(proposal)")
            }
            let after = apply(proposal.edits, configuration, pod)
            #expect(after.inject != decision.inject, "\(proposal)")
            #expect(after.inject == proposal.inject && after.reason == proposal.reason, "\(proposal)")
        }
    }

    /// Applies the edits to a configuration and a pod, and decides again.
    private func apply(
        _ edits: [Counterfactual.Edit], _ configuration: PolicyConfiguration, _ pod: DecisionSubject
    ) -> Decision {
        var configuration = configuration
        var pod = pod
        func set(_ map: String, _ key: String, _ value: Value?) {
            var labels = pod.metadata[map]?.object ?? Object()
            labels[key] = value
            pod.metadata[map] = .object(labels)
        }
        for edit in edits {
            switch edit {
            case .setAnnotation(let key, let value): set("annotations", key, .string(value))
            case .removeAnnotation(let key): set("annotations", key, nil)
            case .setLabel(let key, let value): set("labels", key, .string(value))
            case .removeLabel(let key): set("labels", key, nil)
            case .hostNetwork(let flag): pod.spec["hostNetwork"] = .bool(flag)
            case .namespace(let name): pod.namespace = name
            case .setNamespaceLabel(let key, let value): pod.namespaceLabels?[key] = .string(value)
            case .removeNamespaceLabel(let key): pod.namespaceLabels?[key] = nil
            case .policy(let text): configuration.policy = text
            }
        }
        return PolicyPlugin().compile(configuration).engine.decide(pod, trace: false)
    }
}
