import PluginAPI
public import Values

extension Pipeline {
    /// Compares what an injection wrote into a running pod with what it would write now.
    ///
    /// The injection is removed from the pod as `uninject` does, decided, and repeated. Only the parts of the result
    /// that an injection writes are compared (`LiveComparison`). It is pure, like everything here.
    ///
    /// - Parameters:
    ///   - pod: the pod as the API server returns it, with its defaults, status and other webhooks' parts.
    ///   - memory: the cache of answers to earlier questions to the same Snapshot with the same webhooks; these lack
    ///     `expected`.
    ///   - key: the key of the pod's text, if it was received as text.
    public static func compare(
        live pod: Value, question: LiveQuestion = LiveQuestion(), snapshot: Snapshot,
        memory: LiveMemory? = nil, text key: LiveKey? = nil
    ) -> LiveAnswer {
        LiveInjection(question: question, snapshot: snapshot).answer(about: pod, memory, key)
    }
}

/// Answers the question about one running pod.
struct LiveInjection {
    let question: LiveQuestion
    let snapshot: Snapshot

    func answer(about value: Value, _ memory: LiveMemory?, _ key: LiveKey?) -> LiveAnswer {
        let live: LivePod
        do throws(InjectionError) {
            live = try LivePod(value)
        } catch {
            return unreadable(error)
        }
        return memory?.answer(about: live, question, text: key) { answer(about: live) } ?? answer(about: live)
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

    func namespace(of pod: Pod) -> String {
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
        if let earlier = live.status,
            LiveExplanation(self, live, earlier).explains(brought, comparison.differences)
        {
            return answer
        }
        if live.status == nil {
            answer.verdict = .missed
            answer.message = "the pod has no sidecar, and would get one: \(decision.message)"
            return answer
        }
        answer.verdict = .stale
        answer.differences = comparison.differences
        if question.findsPlaces {
            for index in answer.differences.indices.prefix(question.placeLimit)
            where answer.differences[index].expected != nil {
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

    /// Injects into the pod as the webhook would.
    func injected(_ pod: Pod) throws(InjectionError) -> (Pod, InjectionSubject) {
        let subject = InjectionSubject(
            pod: pod, form: snapshot.form, namespace: namespace(of: pod), isReview: true)
        subject.environment = PathEnvironment.parse(question.path)
        subject.deadline = question.deadline
        return (try PodInjection.inject(subject, snapshot: snapshot), subject)
    }
}
