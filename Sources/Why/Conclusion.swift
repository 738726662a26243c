import Injection
import PluginAPI
import Values

/// The conclusion from the steps: the cause, the first sentence, and the remedies.
extension Examination {
    private var subjectName: String {
        let kind = target.kind == .pod ? "Pod" : target.kind.rawValue
        return "\(kind) \(target.namespace)/\(target.name)"
    }

    /// `Pod shop/web has no sidecar`, or for a workload the same about its pods.
    private var hasNone: String {
        if target.kind == .pod { return "\(subjectName) has no sidecar" }
        return evidence.pod == nil
            ? "Pods of \(subjectName) get no sidecar" : "The pods of \(subjectName) have no sidecar"
    }

    func diagnosis(
        _ cause: Diagnosis.Cause, _ sentence: String, certain: Bool = true, _ remedies: [String]
    ) -> Diagnosis {
        var sentence = sentence.split(whereSeparator: \.isNewline).joined(separator: "; ")
        if !sentence.ends(with: ".") { sentence += "." }
        return Diagnosis(
            kind: target.kind.rawValue, name: target.name, namespace: target.namespace, cause: cause,
            isCertain: certain, sentence: sentence, remedies: remedies)
    }

    var recreate: String { (evidence.owner ?? evidence.workload).restart }

    func conclusion() -> Diagnosis {
        if hasSidecar == true { return withSidecar() }
        if let found = eventFailure() { return found }
        return notAsked() ?? notDecided() ?? notReached() ?? notWorking() ?? nothingWrong()
    }

    // MARK: asked

    private func notAsked() -> Diagnosis? {
        if case .notRead = evidence.configurations {
            return diagnosis(
                .webhookMissing,
                "\(hasNone): no webhook asks an injector about it, as far as the saved objects go, which hold no "
                    + "MutatingWebhookConfiguration", certain: false,
                [
                    "if the cluster has one, save it too: kubectl get mutatingwebhookconfigurations -o yaml",
                    "if it has none, install the injector's webhook configuration (pillion export webhook prints one)",
                ])
        }
        guard evidence.configurations.value != nil else { return nil }
        guard let webhook = evidence.webhook else {
            let which = options.webhookConfiguration.map { "MutatingWebhookConfiguration \($0)" }
            return diagnosis(
                .webhookMissing,
                "\(hasNone): no webhook asks an injector about pods, because "
                    + (which.map { "\($0) does not exist or has no webhook for pods" }
                        ?? "no MutatingWebhookConfiguration calls a sidecar injector"),
                [
                    "install the injector's webhook configuration (pillion export webhook prints one), then "
                        + recreate
                ])
        }
        guard !webhook.isCalled, !webhook.isUnknown else { return nil }
        if let misplaced = misplaced() { return misplaced }
        return notSelected()
    }

    private func notSelected() -> Diagnosis {
        let podLabels = evidence.subject.metadata["labels"]?.object
        let all = evidence.webhooks.map { webhook in
            (
                webhook: webhook,
                unmet: webhook.unmet(
                    namespaceLabels: evidence.namespaceLabels, podLabels: podLabels,
                    namespace: target.namespace)
            )
        }
        // Chooses the webhook whose reason is the most specific about the pod, and among equals one whose label people
        // know.
        let rank = all.map(\.webhook.outcome.rank).max() ?? 0
        let best = all.filter { $0.webhook.outcome.rank == rank }
        let chosen = best.first { $0.unmet?.key == "istio-injection" } ?? best.first ?? all[0]
        guard let unmet = chosen.unmet else {
            return diagnosis(
                .podNotSelected,
                "\(hasNone): webhook \(chosen.webhook.name) does not select it: \(chosen.webhook.outcome.detail)",
                ["change what the webhook selects, or the labels that it selects by"])
        }
        let who = unmet.isOfNamespace ? "namespace \"\(target.namespace)\"" : "the pod"
        let selector = unmet.isOfNamespace ? "namespaceSelector" : "objectSelector"
        let state: String
        if let found = unmet.found {
            state =
                unmet.mustGo
                ? "\(who) has the label \(unmet.key)=\(found), which the \(selector) of webhook \(chosen.webhook.name) excludes"
                : "\(who) has the label \(unmet.key)=\(found), and the \(selector) of webhook \(chosen.webhook.name) expects \(unmet.wanted)"
        } else {
            state =
                "\(who) does not have the label \(unmet.wanted), by which the \(selector) of webhook "
                + "\(chosen.webhook.name) selects"
        }
        return diagnosis(
            unmet.isOfNamespace ? .namespaceNotSelected : .podNotSelected, "\(hasNone): \(state)",
            remedies(for: unmet))
    }

    private func remedies(for unmet: InjectorWebhook.Unmet) -> [String] {
        var first: String
        if unmet.isOfNamespace, unmet.key == "kubernetes.io/metadata.name" {
            return [
                "the webhook leaves this namespace out by its name: use another namespace, or change the selector"
            ]
        }
        let change = unmet.mustGo ? "\(unmet.key)-" : unmet.value.map { "\(unmet.key)=\($0)" }
        if unmet.isOfNamespace {
            first =
                change.map { "kubectl label namespace \(target.namespace) \($0)" }
                ?? "change the namespaceSelector"
            if unmet.found != nil, !unmet.mustGo { first += " --overwrite" }
        } else {
            first =
                unmet.mustGo
                ? "remove the label \(unmet.key) from the pod template"
                : "set the label \(unmet.value.map { "\(unmet.key)=\($0)" } ?? unmet.key) in the pod template"
        }
        return [first] + (unmet.isOfNamespace || target.kind == .pod ? ["then \(recreate)"] : [])
    }

    /// The diagnosis of a misplaced setting that would give the pod its sidecar in the right place.
    private func misplaced() -> Diagnosis? {
        guard
            let found = misplacedSettings().first(where: { setting in
                wouldInject(
                    setting.pod ?? evidence.workload.newPod,
                    setting.namespaceLabels ?? evidence.namespaceLabels)
            })
        else { return nil }
        return diagnosis(
            .settingMisplaced, "\(hasNone): \(found.what) (\(found.place))",
            [found.remedy, "then \(recreate)"])
    }

    private func misplacedSettings() -> [Misplaced] {
        var warnings = (decision?.decision.warnings ?? []).map { ($0, evidence.workload) }
        if let owner = evidence.owner, case .snapshot(let snapshot) = configured {
            let answers = Pipeline.decide(
                object: owner.object, namespace: target.namespace, snapshot: snapshot)
            warnings += (answers.first?.decision.warnings ?? []).map { ($0, owner) }
        }
        return Misplaced.all(evidence, warnings: warnings.map { (warning: $0.0, workload: $0.1) })
    }

    // MARK: decided

    private func notDecided() -> Diagnosis? {
        switch configured {
        case .broken(let message, let source):
            return diagnosis(
                .configurationBroken,
                "\(hasNone): the injection configuration is broken (\(source)): \(message)",
                ["mend the configuration; pillion validate --injectConfig checks it", "then \(recreate)"])
        case .missing(let name):
            return diagnosis(
                .configurationMissing,
                "\(hasNone): the injector's configuration is missing: the \(name) does not exist",
                ["create the \(name) with the key config"])
        case .unread: return nil
        case .snapshot:
            guard let decision = decision?.decision, !decision.inject else { return nil }
            if let misplaced = misplaced() { return misplaced }
            var remedies = (self.decision?.counterfactuals ?? []).filter(\.inject).prefix(3).map(\.change)
            if remedies.isEmpty, let remedy = decision.remedy { remedies = [remedy] }
            return diagnosis(
                .skipped, "\(hasNone): \(decision.message) (\(decision.reason.rawValue))",
                remedies + (remedies.isEmpty ? [] : ["then \(recreate)"]))
        }
    }

    // MARK: reached

    private func notReached() -> Diagnosis? {
        guard let reach, let cause = reach.cause, let webhook = evidence.webhook else { return nil }
        let effect =
            webhook.isIgnoring
            ? "failurePolicy Ignore lets pods start without a sidecar"
            : "failurePolicy Fail refuses new pods"
        let sentence = "\(hasNone): the injector cannot be called: \(reach.message); \(effect)"
        return diagnosis(cause, sentence, certain: webhook.isCalled, reach.remedies + ["then \(recreate)"])
    }

    // MARK: works

    private func notWorking() -> Diagnosis? {
        guard let review, review.kind != .success else { return nil }
        if review.kind == .skip {
            return diagnosis(
                .skipped,
                "\(hasNone): \(review.decision?.message ?? review.reason.sentence) (\(review.reason.rawValue))",
                [review.reason.remedy].compactMap(\.self))
        }
        let message = review.error.map(Self.message) ?? review.reason.sentence
        if review.reason == .forecastRefused {
            return diagnosis(
                .refusedByAPIServer,
                "\(hasNone): an API server refuses the pod with the sidecar: \(message)",
                certain: evidence.pod == nil,
                [
                    "change the template so that what it adds is allowed, or the namespace's level: the label "
                        + "pod-security.kubernetes.io/enforce", "then \(recreate)",
                ])
        }
        return diagnosis(
            .injectionFails, "\(hasNone): the injection of this pod fails: \(message)",
            ["mend what the message names, then \(recreate)"])
    }

    /// Returns the error's message without the beginning that all findings of a forecast have.
    static func message(of error: InjectionError) -> String {
        error.description.replacing("the API server would refuse the pod: ", with: "")
    }

    // MARK: what the controller reported

    /// The diagnosis of the API server's error when the controller tried to create pods.
    private func eventFailure() -> Diagnosis? {
        guard evidence.pod == nil, let events = evidence.failures?.value, !events.isEmpty else { return nil }
        let newest = events.max { Self.time($0) < Self.time($1) }
        guard let message = newest?["message"]?.string ?? newest?["note"]?.string else { return nil }
        let refused = "\(subjectName) has no pods: the API server refuses them"
        let told = "\(refused): \(message)"
        if message.contains("violates PodSecurity") {
            return diagnosis(
                .refusedByAPIServer, told,
                [
                    "change the template so that what it adds is allowed, or the namespace's level: the label "
                        + "pod-security.kubernetes.io/enforce"
                ])
        }
        if message.contains("x509:") || message.contains("failed to verify certificate") {
            return diagnosis(
                .bundleWrong,
                "\(refused): the caBundle of the webhook does not lead to the injector's certificate: \(message)",
                reach?.remedies ?? [])
        }
        if message.contains("failed calling webhook") {
            if let reach = notReached(), reach.cause == .bundleWrong { return reach }
            return diagnosis(
                .injectorUnreachable, "\(refused): the injector cannot be called: \(message)",
                reach?.remedies ?? [])
        }
        if message.contains("denied the request") {
            if let broken = notDecided(), broken.cause != .skipped { return broken }
            return diagnosis(
                .injectionFails, "\(refused): the injection fails: \(message)",
                ["mend what the message names"])
        }
        return nil
    }

    private static func time(_ event: Value) -> String {
        event["lastTimestamp"]?.string ?? event["eventTime"]?.string
            ?? event["metadata"]?["creationTimestamp"]?.string ?? ""
    }

    // MARK: no obstacle found

    private func nothingWrong() -> Diagnosis {
        let doubts = doubts()
        guard let pod = evidence.pod else { return wouldGetOne(doubts) }
        guard doubts.isEmpty else {
            return diagnosis(
                .unknown,
                "\(hasNone), and what was read does not say why: \(doubts.joined(separator: ", ")) could not be found out",
                certain: false, unread.compactMap(\.right).map { "get the right to \($0)" })
        }
        let created = RunningPod.created(pod)
        let age = created.isEmpty ? "" : " (created at \(created))"
        let (reason, isCertain) = whatIsNewer(created)
        return diagnosis(
            .podIsOlder, "\(hasNone), because it is older than \(reason)\(age): a new pod would get one now",
            certain: isCertain, [recreate])
    }

    /// The change after the creation of the pod, if the objects show it.
    private func whatIsNewer(_ created: String) -> (reason: String, isCertain: Bool) {
        if let labelled = labelTime(), !created.isEmpty, labelled > created {
            return ("the label of namespace \"\(target.namespace)\", set at \(labelled)", true)
        }
        if let webhook = evidence.webhook, !created.isEmpty, webhook.created > created {
            return ("the webhook configuration \(webhook.configuration), created at \(webhook.created)", true)
        }
        return (
            "what selects it now, such as the label of namespace \"\(target.namespace)\", or the injector could not be "
                + "called then", false
        )
    }

    /// The time at which the namespace's labels that the webhook selects by were set, from `managedFields`.
    private func labelTime() -> String? {
        let managers = evidence.namespace.value?["metadata"]?["managedFields"]?.array ?? []
        var selected: Set<String> = []
        for member in evidence.webhook?.entry["namespaceSelector"]?["matchLabels"]?.object?.members ?? [] {
            selected.insert(member.key)
        }
        for expression in evidence.webhook?.entry["namespaceSelector"]?["matchExpressions"]?.array ?? []
        where ["In", "Exists"].contains(expression["operator"]?.string) {
            if let key = expression["key"]?.string { selected.insert(key) }
        }
        return managers.filter { manager in
            selected.contains { manager["fieldsV1"]?["f:metadata"]?["f:labels"]?["f:\($0)"] != nil }
        }.compactMap { $0["time"]?.string }.max()
    }

    /// The questions without an answer.
    private func doubts() -> [String] {
        var doubts: [String] = []
        if evidence.webhook?.isCalled != true { doubts.append("whether an API server asks") }
        if decision == nil { doubts.append("what would be decided") }
        return doubts
    }

    private func wouldGetOne(_ doubts: [String]) -> Diagnosis {
        guard doubts.isEmpty else {
            return diagnosis(
                .unknown,
                "Whether pods of \(subjectName) get a sidecar could not be found out: \(doubts.joined(separator: ", "))",
                certain: false, unread.compactMap(\.right).map { "get the right to \($0)" })
        }
        return diagnosis(
            .wouldGetOne, "A new pod of \(subjectName) would get a sidecar", certain: reach?.verdict == .yes,
            [])
    }

    // MARK: with a sidecar

    private func withSidecar() -> Diagnosis {
        let has =
            target.kind == .pod ? "\(subjectName) has a sidecar" : "The pods of \(subjectName) have a sidecar"
        if let decision = decision?.decision, !decision.inject {
            return diagnosis(
                .orphan,
                "\(has), and a new pod would get none: \(decision.message) (\(decision.reason.rawValue))",
                [recreate])
        }
        if let webhook = evidence.webhook, !webhook.isCalled, !webhook.isUnknown {
            return diagnosis(
                .orphan,
                "\(has), and a new pod would get none: webhook \(webhook.name): \(webhook.outcome.detail)",
                [recreate])
        }
        if evidence.configurations.value != nil, evidence.webhook == nil {
            return diagnosis(
                .webhookMissing,
                "\(has), and a new pod would get none: no MutatingWebhookConfiguration calls a sidecar injector",
                ["install the injector's webhook configuration (pillion export webhook prints one)"])
        }
        if let declined = misplacedSettings().first(where: { setting in
            setting.namespaceLabels == nil
                && setting.pod.map { !wouldInject($0, evidence.namespaceLabels) } == true
        }) {
            return diagnosis(
                .settingMisplaced, "\(has), because \(declined.what) (\(declined.place))",
                [declined.remedy, "then \(recreate)"])
        }
        return sidecarDiagnosis(has)
    }
}
