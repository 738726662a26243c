import PluginAPI
public import Values

extension Pipeline {
    /// Injects one object for a test: a Pod as the webhook does, any other object with a pod template as kube-inject does.
    ///
    /// - Parameters:
    ///   - question: the namespace, its labels and the webhook's path; for an object that is not a Pod, only the
    ///     namespace is used.
    ///   - asManifest: whether a Pod is injected as kube-inject does, too.
    public static func trial(
        of object: Value, question: LiveQuestion = LiveQuestion(), asManifest: Bool = false,
        snapshot: Snapshot
    ) -> TrialOutcome {
        let kind = object["kind"]?.string ?? ""
        let trial = Trial(question: question, snapshot: snapshot)
        return (kind.isEmpty || kind == "Pod") && !asManifest ? trial.pod(object) : trial.manifest(object)
    }

    /// The object that a test injects. A running pod becomes the pod that a webhook saw: without its injection and
    /// without the fields that a server adds after admission. nil for an object without pods.
    public static func testObject(from object: Value) -> Value? {
        guard object["kind"]?.string == "Pod" else {
            return WorkloadKinds.find(in: object, given: []).isEmpty ? nil : object
        }
        guard let live = try? LivePod(object), let brought = try? live.stripped() else { return object }
        var result = brought.applied(to: object)
        result.modifyObject { $0["status"] = nil }
        return result
    }
}

struct Trial {
    let question: LiveQuestion
    let snapshot: Snapshot

    /// Injects a pod as a webhook does for a review.
    func pod(_ object: Value) -> TrialOutcome {
        var outcome = TrialOutcome(value: object, form: snapshot.form)
        do throws(InjectionError) {
            let pod = try Pod.check(object)
            let stated = pod.metadata.text("namespace")
            let namespace = stated.isEmpty ? question.namespace : stated
            let decision = self.decision(about: object, pod, namespace)
            (outcome.reason, outcome.message) = (decision.reason, decision.message)
            guard decision.inject else { return outcome }
            let subject = InjectionSubject(
                pod: pod, form: snapshot.form, namespace: namespace, isReview: true)
            subject.environment = PathEnvironment.parse(question.path)
            let injected = try PodInjection.inject(subject, snapshot: snapshot)
            outcome.value = injected.applied(to: object)
            outcome.isInjected = !subject.hasRenderedNothing
            outcome.pods = [TrialOutcome.InjectedPod(path: [], texts: subject.rendered)]
        } catch {
            outcome.error = error
            (outcome.reason, outcome.message) = (error.code, error.description)
        }
        return outcome
    }

    private func decision(about object: Value, _ pod: Pod, _ namespace: String) -> Decision {
        if let gate = RequestGate.mirrorPod(pod) { return gate }
        let decision = snapshot.decisions.decide(
            DecisionSubject(
                namespace: namespace, metadata: pod.metadata, spec: pod.spec,
                namespaceLabels: question.namespaceLabels, object: object, webhook: question.webhook),
            trace: false)
        return WindowsPod.overriding(decision, of: pod, snapshot) ?? decision
    }

    /// Injects into a manifest as kube-inject does.
    func manifest(_ object: Value) -> TrialOutcome {
        var options = ManifestOptions()
        options.namespace = question.namespace
        var run = ManifestRun(snapshot: snapshot, options: options)
        run.texts = []
        var outcome = TrialOutcome(value: object, form: snapshot.form)
        do throws(InjectionError) {
            if let changed = try run.change(object, document: 0, line: 1) { outcome.value = changed }
        } catch {
            run.problems.append(error)
        }
        outcome.pods = run.texts ?? []
        outcome.isInjected = run.reports.contains(where: \.injected)
        if let report = run.reports.first {
            (outcome.reason, outcome.message) = (report.reason, report.message)
        }
        if var first = run.problems.first {
            first.others += run.problems.dropFirst()
            outcome.error = first
            outcome.value = object
            (outcome.reason, outcome.message) = (first.code, first.description)
        }
        return outcome
    }
}
