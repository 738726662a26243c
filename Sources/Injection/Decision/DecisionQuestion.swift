import PluginAPI
import Values

/// Decides for every pod of an object, review or list (`Pipeline.decide`).
struct DecisionQuestion {
    let namespace: String?
    let namespaceLabels: Object?
    let namespaces: [String: Object]
    let webhook: (any WebhookMatcher)?
    let explain: Bool
    /// The one workload to explain, by its pointer; nil explains all.
    var explained: String? = nil
    /// Whether to inject pods that get a sidecar, and report what an API server would refuse (`DecisionForecast`).
    var forecasts = false
    let snapshot: Snapshot

    func workloads(in object: Value) -> [Workload] {
        WorkloadKinds.search(object, given: snapshot.options.podTemplatePaths).workloads
    }

    func answers(about object: Value) -> [DecisionAnswer] {
        if object["kind"]?.string == "AdmissionReview" { return [answer(aboutReview: object)] }
        let search = WorkloadKinds.search(object, given: snapshot.options.podTemplatePaths)
        var found = search.workloads
        if found.isEmpty, search.leftAlone.isEmpty, case .object(let pod) = object, pod.text("kind").isEmpty,
            pod["spec"]?["containers"]?.array != nil
        {
            let metadata = pod["metadata"]?.object ?? Object()
            found = [
                Workload(
                    kind: "Pod", apiVersion: "v1", name: metadata.text("name"),
                    namespace: metadata.text("namespace"),
                    objectPath: [], templatePath: [], object: pod)
            ]
        }
        if found.isEmpty, search.leftAlone.isEmpty { return [unsupported(object)] }
        return found.map { answer(about: $0) } + search.leftAlone.map { answer(about: $0) }
    }

    private func answer(about object: LeftAlone) -> DecisionAnswer {
        let message = ([object.message] + object.notes).joined(separator: "; ")
        let step = TraceStep(
            rule: "resource", verdict: .skip, decisive: true, code: object.reason, message: message,
            source: object.pointer)
        return DecisionAnswer(
            kind: object.kind, name: object.name,
            namespace: object.namespace.isEmpty ? namespace ?? "default" : object.namespace,
            pointer: object.pointer,
            decision: Decision(inject: false, reason: object.reason, message: message, trace: [step]),
            isWorkload: object.reason == .podTemplateUnknownKind)
    }

    private func answer(aboutReview value: Value) -> DecisionAnswer {
        var problem: InjectionError?
        let review = AdmissionReview(value, problem: &problem)
        let pointer = "/request/object"
        if let decision = RequestGate.decision(of: review) {
            return DecisionAnswer(
                kind: review.kind, name: review.name, namespace: review.namespace, pointer: pointer,
                decision: decision)
        }
        guard problem == nil, case .object(let object)? = review.object else {
            let message = problem?.message ?? "the request holds no object"
            return failed(message, kind: review.kind, name: review.name, pointer: pointer)
        }
        let metadata = object["metadata"]?.object ?? Object()
        let stated = metadata.text("namespace")
        let workload = Workload(
            kind: "Pod", apiVersion: "v1", name: metadata.text("name"),
            namespace: stated.isEmpty ? review.namespace : stated,
            objectPath: [.member("request"), .member("object")], templatePath: [], object: object)
        return answer(about: workload, operation: review.operation)
    }

    private func answer(about workload: Workload, operation: String = "") -> DecisionAnswer {
        let pod: Pod
        do {
            let pointer = workload.pointer + JSONPointer(workload.templatePath).description
            pod = try Pod.check(workload.template, at: pointer)
        } catch {
            return failed(
                error.description, kind: workload.kind, name: workload.name, pointer: workload.pointer)
        }
        let stated = workload.namespace.isEmpty ? pod.metadata.text("namespace") : workload.namespace
        let namespace = stated.isEmpty ? self.namespace ?? "default" : stated
        let subject = DecisionSubject(
            namespace: namespace, metadata: pod.metadata, spec: pod.spec,
            pointer: JSONPointer(workload.templatePath).description,
            namespaceLabels: namespaceLabels ?? namespaces[namespace],
            object: .object(workload.object), operation: operation.isEmpty ? nil : operation,
            webhook: webhook)
        let isExplained = explain && (explained == nil || explained == workload.pointer)
        var decision = snapshot.decisions.decide(subject, trace: true)
        let windows = WindowsPod.overriding(decision, of: pod, snapshot)
        var refusals: [DecisionWarning] = []
        if let windows {
            decision = windows
        } else if decision.inject {
            decision.trace += PlatformSteps.all(for: pod, in: namespace, snapshot)
            if forecasts { refusals = DecisionForecast.warnings(pod, of: workload, in: namespace, snapshot) }
        }
        decision.warnings += refusals
        var answer = DecisionAnswer(
            kind: workload.kind, name: workload.isPod ? pod.nameOrPrefix : workload.name,
            namespace: namespace, pointer: workload.pointer, decision: decision,
            counterfactuals: isExplained && windows == nil ? snapshot.decisions.counterfactuals(subject) : [],
            isForecastRefused: !refusals.isEmpty)
        let objectPath = workload.objectPath.map { step in
            switch step {
            case .member(let name): name
            case .item(let index): String(index)
            }
        }
        answer.podPath = objectPath + workload.templatePath
        if !stated.isEmpty {
            let owner = workload.namespace.isEmpty ? answer.podPath : objectPath
            answer.namespacePath = owner + ["metadata", "namespace"]
        }
        return answer
    }

    private func unsupported(_ object: Value) -> DecisionAnswer {
        let kind = object["kind"]?.string ?? ""
        let decision = RequestGate.skip(.unsupportedResource, detail: "", at: "/kind")
        return DecisionAnswer(
            kind: kind, name: object["metadata"]?["name"]?.string ?? "", namespace: namespace ?? "default",
            pointer: "", decision: decision, isWorkload: false)
    }

    /// The answer for a pod that cannot be read: it gets no sidecar.
    private func failed(_ message: String, kind: String, name: String, pointer: String) -> DecisionAnswer {
        let step = TraceStep(
            rule: "decode", verdict: .error, decisive: true, code: .decodeError, message: message,
            source: pointer)
        return DecisionAnswer(
            kind: kind, name: name, namespace: namespace ?? "default", pointer: pointer,
            decision: Decision(inject: false, reason: .decodeError, message: message, trace: [step]))
    }
}
