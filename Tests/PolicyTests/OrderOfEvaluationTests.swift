import PluginAPI
import Testing
import Values

/// Checks the tables of Istio's documents row by row.
struct OrderOfEvaluationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var form: PolicyConfiguration.Form
        var selected: Bool
        var policy: String
        var annotation: String?
        var inject: Bool
        var reason: ReasonCode

        var testDescription: String {
            "\(form), namespace \(selected ? "selected" : "not selected"), \(policy), \(annotation ?? "unset")"
        }
    }

    /// Istio's truth table (docs, "Automatic injection"; spec section 1.3): namespace selector × default
    /// policy × pod override.
    static let truthTable: [Row] = [PolicyConfiguration.Form.classic, .modern].flatMap { form in
        [false, true].flatMap { selected in
            ["enabled", "disabled"].flatMap { policy in
                ["true", "false", nil].map { annotation in
                    let (inject, reason): (Bool, ReasonCode) =
                        switch (selected, policy, annotation) {
                        case (false, _, _): (false, .namespaceLabelDisabled)
                        case (true, _, "true"): (true, .annotationTrue)
                        case (true, _, "false"): (false, .annotationFalse)
                        case (true, "enabled", _): (true, .policyEnabled)
                        default: (false, .policyDisabled)
                        }
                    return Row(
                        form: form, selected: selected, policy: policy, annotation: annotation,
                        inject: inject, reason: reason)
                }
            }
        }
    }

    @Test("spec section 1.3: the truth table of 12 rows, in both forms", arguments: truthTable)
    func decidesLikeTheTruthTable(_ row: Row) {
        let decision = engine(row.form, policy: row.policy).decide(
            subject(
                annotation: row.annotation,
                namespaceLabels: row.selected ? ["istio-injection": "enabled"] : ["team": "a"]),
            trace: true)
        #expect(decision.inject == row.inject)
        #expect(decision.reason == row.reason)
    }

    @Test(
        "the last six rows of the truth table hold without namespace labels, and the answer names what is unknown"
    )
    func withoutNamespaceLabels() {
        for row in Self.truthTable where row.selected {
            let decision = engine(row.form, policy: row.policy).decide(
                subject(annotation: row.annotation), trace: true)
            #expect(decision.inject == row.inject)
            #expect(decision.reason == row.reason)
            #expect(decision.trace[0].verdict == .unknown)
            #expect(decision.trace[0].code == .namespaceLabelsUnknown)
        }
    }

    // "Installing the Sidecar": policy enabled and disabled, with and without the annotation.
    @Test(
        "installing the sidecar, section policy: the annotation overrides the default",
        arguments: [
            ("disabled", "true", true), ("disabled", nil, false), ("enabled", "false", false),
            ("enabled", nil, true),
        ] as [(String, String?, Bool)])
    func annotationOverridesDefault(policy: String, annotation: String?, inject: Bool) {
        for form in [PolicyConfiguration.Form.classic, .modern] {
            let decision = engine(form, policy: policy).decide(subject(annotation: annotation), trace: false)
            #expect(decision.inject == inject)
        }
    }

    /// The document's own example of exceptions.
    static let buildPods: [Value] = [
        ["matchExpressions": [["key": "openshift.io/build.name", "operator": "Exists"]]],
        ["matchExpressions": [["key": "openshift.io/deployer-pod-for.name", "operator": "Exists"]]],
    ]

    @Test("installing the sidecar, section more control: selectors are OR'd, values do not matter")
    func exceptions() {
        let engine = engine(.classic, policy: "enabled", never: Self.buildPods)
        for key in ["openshift.io/build.name", "openshift.io/deployer-pod-for.name"] {
            let decision = engine.decide(
                subject(labels: .object(Object([Member(key, "anything")]))), trace: false)
            #expect(decision.reason == .neverInjectSelector)
            #expect(!decision.inject)
        }
        #expect(engine.decide(subject(labels: ["app": "web"]), trace: false).reason == .policyEnabled)
    }

    @Test("installing the sidecar, section more control: alwaysInjectSelector whatever the policy says")
    func always() {
        let engine = engine(.classic, policy: "disabled", always: [["matchLabels": ["app": "web"]]])
        #expect(engine.decide(subject(labels: ["app": "web"]), trace: false).reason == .alwaysInjectSelector)
        #expect(engine.decide(subject(labels: ["app": "other"]), trace: false).reason == .policyDisabled)
    }

    @Test(
        "installing the sidecar, tip: Pod Annotations → NeverInjectSelector → AlwaysInjectSelector → Default Policy"
    )
    func order() {
        let web: Value = ["matchLabels": ["app": "web"]]
        for form in [PolicyConfiguration.Form.classic, .modern] {
            let both = engine(form, policy: "enabled", never: [web], always: [web])
            let labels: Value = ["app": "web"]
            #expect(
                both.decide(subject(annotation: "true", labels: labels), trace: false).reason
                    == .annotationTrue)
            #expect(
                both.decide(subject(annotation: "false", labels: labels), trace: false).reason
                    == .annotationFalse)
            #expect(both.decide(subject(labels: labels), trace: false).reason == .neverInjectSelector)
            let onlyAlways = engine(form, policy: "disabled", always: [web])
            #expect(onlyAlways.decide(subject(labels: labels), trace: false).reason == .alwaysInjectSelector)
            #expect(onlyAlways.decide(subject(), trace: false).reason == .policyDisabled)
        }
    }

    @Test(
        "spec section 1.3: what the classic form reads in the annotation",
        arguments: [
            ("y", ReasonCode.annotationTrue), ("YES", .annotationTrue), ("True", .annotationTrue),
            ("oN", .annotationTrue),
            ("n", .annotationFalse), ("No", .annotationFalse), ("FALSE", .annotationFalse),
            ("off", .annotationFalse),
            ("", .policyEnabled), ("maybe", .annotationUnrecognised), (" true", .annotationUnrecognised),
            ("1", .annotationUnrecognised), ("enabled", .annotationUnrecognised),
        ])
    func classicValues(text: String, reason: ReasonCode) {
        #expect(
            engine(.classic, policy: "enabled").decide(subject(annotation: text), trace: false).reason
                == reason)
    }

    @Test(
        "spec section 1.3: what the modern form reads in label and annotation",
        arguments: [
            ("true", nil, ReasonCode.labelTrue), ("false", "true", .labelFalse),
            ("maybe", "true", .policyDisabled),
            ("", "true", .policyDisabled), (nil, "true", .annotationTrue), (nil, "TRUE", .policyDisabled),
            (nil, "yes", .policyDisabled), (nil, "false", .annotationFalse),
            ("True", "false", .policyDisabled),
        ] as [(String?, String?, ReasonCode)])
    func modernValues(label: String?, annotation: String?, reason: ReasonCode) {
        let decision = engine(.modern, policy: "disabled").decide(
            subject(annotation: annotation, label: label), trace: false)
        #expect(decision.reason == reason)
    }

    @Test(
        "spec section 1.3: an illegal policy overrides even the annotation true, and the answer reports it",
        arguments: ["", "Enabled", "bogus", "true"])
    func illegalPolicy(policy: String) {
        for form in [PolicyConfiguration.Form.classic, .modern] {
            let decision = engine(form, policy: policy).decide(subject(annotation: "true"), trace: true)
            #expect(!decision.inject)
            #expect(decision.reason == .policyIllegal)
            #expect(decision.remedy == "set policy in the injection configuration to enabled or disabled")
            #expect(decision.warnings.contains { $0.message.contains("requests a sidecar without effect") })
            #expect(decision.trace.contains { $0.code == .annotationTrue && !$0.decisive })
        }
    }

    @Test(
        "spec section 1.3: the namespaces without injection differ by the form",
        arguments: [
            ("kube-system", true, true), ("kube-public", true, true), ("kube-node-lease", false, true),
            ("local-path-storage", false, true), ("default", false, false), ("kube-systems", false, false),
        ])
    func ignoredNamespaces(namespace: String, classic: Bool, modern: Bool) {
        for (form, ignored) in [(PolicyConfiguration.Form.classic, classic), (.modern, modern)] {
            let decision = engine(form, policy: "enabled").decide(
                subject(namespace: namespace, annotation: "true"), trace: false)
            #expect(decision.reason == (ignored ? .ignoredNamespace : .annotationTrue))
        }
    }
}
