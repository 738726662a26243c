import PluginAPI
public import Values

extension Pipeline {
    /// Compares what an injection wrote into a pod that runs with what it would write now.
    ///
    /// The injection is taken out of the pod as `uninject` does it, decided about and made again; of the result, only what
    /// an injection writes is compared (`LiveComparison`). Pure, as everything here.
    ///
    /// - Parameters:
    ///   - pod: as the API server returns it, with its defaults, status and other webhooks' parts.
    ///   - memory: answers to earlier questions to the same Snapshot with the same webhooks; these lack `expected`.
    public static func compare(
        live pod: Value, question: LiveQuestion = LiveQuestion(), snapshot: Snapshot,
        memory: LiveMemory? = nil
    ) -> LiveAnswer {
        LiveInjection(question: question, snapshot: snapshot).answer(about: pod, memory)
    }
}

/// The question about one pod that runs.
struct LiveInjection {
    let question: LiveQuestion
    let snapshot: Snapshot

    /// Attempts to explain differences by a container that another webhook added later.
    private static let maximumAttempts = 8

    func answer(about value: Value, _ memory: LiveMemory?) -> LiveAnswer {
        let live: LivePod
        do throws(InjectionError) {
            live = try LivePod(value)
        } catch {
            return unreadable(error)
        }
        return memory?.answer(about: live, question) { answer(about: live) } ?? answer(about: live)
    }

    private func unreadable(_ error: InjectionError) -> LiveAnswer {
        let decision = Decision(inject: false, reason: error.code, message: error.description)
        return LiveAnswer(verdict: .broken, message: error.description, decision: decision, error: error)
    }

    private func answer(about live: LivePod) -> LiveAnswer {
        let brought: Pod
        do throws(InjectionError) {
            brought = try live.stripped()
        } catch {
            return unreadable(error)
        }
        let decision = self.decision(about: brought, live.pod)
        guard decision.inject else {
            let isInjected = live.status != nil
            return LiveAnswer(
                verdict: isInjected ? .orphan : .current,
                message: decision.message, decision: decision, isInjected: isInjected)
        }
        do throws(InjectionError) {
            return try compared(live, brought, decision)
        } catch {
            return LiveAnswer(
                verdict: .broken, message: "an injection is refused now: \(error.description)",
                decision: decision, error: error, isInjected: live.status != nil)
        }
    }

    private func namespace(of pod: Pod) -> String {
        let stated = pod.metadata.text("namespace")
        return stated.isEmpty ? question.namespace : stated
    }

    private func decision(about pod: Pod, _ live: Pod) -> Decision {
        if let gate = RequestGate.mirrorPod(live) { return gate }
        let object: Value = .object(
            Object([
                Member("apiVersion", "v1"), Member("kind", "Pod"), Member("metadata", .object(pod.metadata)),
                Member("spec", .object(pod.spec)),
            ]))
        let subject = DecisionSubject(
            namespace: namespace(of: pod), metadata: pod.metadata, spec: pod.spec,
            namespaceLabels: question.namespaceLabels, object: object, webhook: question.webhook)
        let decision = snapshot.decisions.decide(subject, trace: false)
        guard decision.inject else { return decision }
        return WindowsPod.overriding(decision, of: pod, snapshot) ?? decision
    }

    // MARK: Comparison

    private func compared(
        _ live: LivePod, _ brought: Pod, _ decision: Decision
    ) throws(InjectionError) -> LiveAnswer {
        let (expected, subject) = try injected(brought)
        let status = live.status ?? StatusAnnotation()
        let comparison = LiveComparison(live: live.pod, expected: expected, brought: brought, status: status)
        var answer = LiveAnswer(
            verdict: .current, message: "the pod is as an injection would make it", decision: decision,
            expected: .object(
                Object([
                    Member("metadata", .object(expected.metadata)), Member("spec", .object(expected.spec)),
                ])),
            isInjected: live.status != nil)
        if subject.hasRenderedNothing, live.status == nil {
            answer.message = "the templates render nothing for this pod"
            return answer
        }
        guard !comparison.differences.isEmpty else { return answer }
        if live.status != nil, isManifests(live, brought) || isExplained(live, brought) { return answer }
        if live.status == nil {
            answer.verdict = .missed
            answer.message = "the pod has no sidecar, and would get one: \(decision.message)"
            return answer
        }
        answer.verdict = .stale
        answer.differences = comparison.differences
        if question.findsPlaces {
            for index in answer.differences.indices where answer.differences[index].expected != nil {
                answer.differences[index].place = RenderedText.place(
                    of: comparison.paths[index], in: subject.rendered, form: snapshot.form)
            }
        }
        let count = answer.differences.count
        answer.message =
            "an injection would write something else now: \(answer.differences[0].pointer)"
            + (count > 1 ? " and \(count - 1) more" : "")
        return answer
    }

    private func injected(_ pod: Pod) throws(InjectionError) -> (Pod, InjectionSubject) {
        var subject = InjectionSubject(
            pod: pod, form: snapshot.form, namespace: namespace(of: pod), isReview: true)
        subject.environment = PathEnvironment.parse(question.path)
        subject.deadline = question.deadline
        return (try PodInjection.inject(&subject, snapshot: snapshot), subject)
    }

    /// Whether the pod is what kube-inject makes of it: a workload that was injected as a manifest is not the webhook's,
    /// and gets from kube-inject what it would get again.
    private func isManifests(_ live: LivePod, _ brought: Pod) -> Bool {
        let uninjected = (try? live.stripped(final: true)) ?? brought
        for (brought, namespace) in [brought, uninjected].flatMap({ pod in
            [(pod, namespace(of: pod)), (pod, "")]
        }) {
            var subject = InjectionSubject(pod: brought, form: .modern, namespace: namespace, isReview: true)
            subject.isReview = false
            subject.deploymentMetadata = Object([Member("name", .string(subject.owner.name))])
            if !namespace.isEmpty { subject.deploymentMetadata["namespace"] = .string(namespace) }
            subject.namespace = namespace
            guard let expected = try? PodInjection.inject(&subject, snapshot: snapshot) else { continue }
            let comparison = LiveComparison(
                live: live.pod, expected: expected, brought: brought,
                status: live.status ?? StatusAnnotation())
            if comparison.differences.isEmpty { return true }
        }
        return false
    }

    /// Whether the pod is what an injection makes of it without some containers, which another webhook added
    /// afterwards: templates list the application's containers and ports.
    private func isExplained(_ live: LivePod, _ brought: Pod) -> Bool {
        for names in laterContainers(live, brought).prefix(Self.maximumAttempts) {
            var (earlier, found) = (brought, live.pod)
            for list in ["containers", "initContainers"] {
                earlier.modifyList(list) { items in items.removeAll { names.contains($0.name) } }
                found.modifyList(list) { items in items.removeAll { names.contains($0.name) } }
            }
            guard !earlier.containers.isEmpty, let (expected, _) = try? injected(earlier) else { continue }
            let removed = (live.pod.containers + live.pod.initContainers).filter { names.contains($0.name) }
            let comparison = LiveComparison(
                live: found, expected: expected, brought: earlier,
                status: live.status ?? StatusAnnotation(), removed: removed)
            if comparison.differences.isEmpty { return true }
        }
        return false
    }

    /// Containers that may have been added after the injection: those behind the injected ones, those before them, each
    /// alone.
    private func laterContainers(_ live: LivePod, _ brought: Pod) -> [[String]] {
        let own = brought.containers.map(\.name)
        let ownInit = brought.initContainers.map(\.name)
        guard own.count + ownInit.count > 1 else { return [] }
        var sets: [[String]] = []
        for list in [live.pod.containers, live.pod.initContainers] {
            let names = list.map(\.name)
            let isOwn = { (name: String) in own.contains(name) || ownInit.contains(name) }
            guard let last = names.lastIndex(where: { !isOwn($0) }),
                let first = names.firstIndex(where: { !isOwn($0) })
            else { continue }
            sets.append(Array(names[(last + 1)...]))
            sets.append(Array(names[..<first]))
        }
        sets += own.dropFirst().reversed().map { [$0] } + ownInit.reversed().map { [$0] }
        if let first = own.first { sets.append([first]) }
        return sets.filter { !$0.isEmpty }
    }
}
