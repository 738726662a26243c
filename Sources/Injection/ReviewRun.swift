import PluginAPI
import Values

/// One review on its way from body to answer.
struct ReviewRun {
    private var review: AdmissionReview
    private var answer = AdmissionReview.Answer(allowed: true)
    private var report = ReviewReport()

    /// Reads the envelope; what is wrong with it is kept as the answer.
    init(_ body: UnsafeBufferPointer<UInt8>) {
        var problem: InjectionError?
        var value = Value.null
        do {
            value = try JSON.read(body, limits: JSONLimits(depth: Pipeline.maximumDepth))
        } catch {
            problem = InjectionError(
                .decode, .decodeError, "the body is no JSON: \(error.message) at byte \(error.offset)")
        }
        review = AdmissionReview(value, problem: &problem)
        report.uid = review.uid
        report.namespace = review.namespace
        report.name = review.name
        report.version = review.version
        if let problem { fail(problem) }
    }

    mutating func fail(_ error: InjectionError) {
        guard answer.error == nil else { return }
        answer.error = error
        answer.patch = []
        report.kind = .failure
        report.reason = error.code
        report.error = error
    }

    private mutating func skip(_ decision: Decision) {
        report.kind = .skip
        report.reason = decision.reason
        report.decision = decision
        answer.warnings += decision.admissionWarnings
    }

    mutating func answer(path: String, snapshot: Snapshot, options: ReviewOptions) {
        guard answer.error == nil else { return }
        if let decision = RequestGate.decision(of: review) { return skip(decision) }
        guard let object = review.object else {
            return fail(InjectionError(.decode, .decodeError, "the request holds no object"))
        }
        do throws(InjectionError) {
            try inject(object, path: path, snapshot: snapshot, options: options)
        } catch {
            fail(error)
        }
    }

    private mutating func inject(
        _ object: Value, path: String, snapshot: Snapshot, options: ReviewOptions
    ) throws(InjectionError) {
        let pod = try Pod.check(object, at: "/request/object")
        let stated = pod.metadata.text("namespace")
        let namespace = stated.isEmpty ? review.namespace : stated
        report.namespace = namespace
        report.name = pod.nameOrPrefix
        let key = cacheKey(object, path: path, options: options)
        if let key, let made = snapshot.patches.answer(for: key) { return take(made) }
        let decision = snapshot.decisions.decide(
            DecisionSubject(
                namespace: namespace, metadata: pod.metadata, spec: pod.spec, pointer: "", object: object,
                operation: review.operation.isEmpty ? nil : review.operation),
            trace: options.explain)
        guard decision.inject else { return skip(decision) }
        report.decision = decision
        report.reason = decision.reason
        var subject = InjectionSubject(
            pod: pod, form: snapshot.form, namespace: namespace.isEmpty ? nil : namespace, isReview: true)
        subject.environment = PathEnvironment.parse(path)
        subject.deadline = options.deadline
        subject.steps = options.steps
        let injected = try Pipeline.injected(&subject, snapshot: snapshot)
        let patch = PodPatch(from: object, to: injected)
        if options.selfCheck {
            try PatchSelfCheck.run(patch, on: object, giving: injected, subject, snapshot)
            report.isSelfChecked = true
        }
        let made = Snapshot.MadePatch(
            bytes: patch.bytes, operations: patch.count, decision: decision,
            warnings: decision.admissionWarnings + subject.notes)
        if let key { snapshot.patches.keep(made, for: key, size: patch.bytes.count) }
        take(made)
        report.isFromCache = false
    }

    private mutating func take(_ made: Snapshot.MadePatch) {
        report.decision = made.decision
        report.reason = made.decision.reason
        report.kind = made.bytes.isEmpty ? .skip : .success
        report.isFromCache = true
        answer.patch = made.bytes
        report.patchBytes = made.bytes.count
        report.patchOperations = made.operations
        answer.warnings += made.warnings
    }

    /// Everything that the answer depends on: the pods of one ReplicaSet differ in nothing but the uid and
    /// managedFields. nil for a request that wants more than an answer.
    private func cacheKey(_ object: Value, path: String, options: ReviewOptions) -> [UInt8]? {
        guard !options.selfCheck, !options.explain else { return nil }
        var shown = object
        if object["metadata"]?["managedFields"] != nil {
            shown.modifyObject { $0.modify("metadata") { $0.modifyObject { $0["managedFields"] = nil } } }
        }
        var key = ByteBuffer(capacity: 4 << 10)
        JSON.write(.array([.string(path), .string(review.namespace), shown]), into: &key)
        return key.bytes
    }

    /// Writes the answer; a failure is turned by the failure mode.
    mutating func finish(_ options: ReviewOptions, into output: inout ByteBuffer) -> ReviewReport {
        answer.allowed = answer.error == nil || options.allowOnFailure
        if let error = answer.error, options.allowOnFailure {
            answer.warnings.append("no sidecar was injected: \(error.message)")
        }
        answer.auditAnnotations = [("result", report.kind.rawValue), ("reason", report.reason.rawValue)]
        if let decision = report.decision { answer.auditAnnotations += decision.auditAnnotations }
        if report.isSelfChecked { answer.auditAnnotations.append(("patch-self-check", "passed")) }
        review.write(answer, into: &output)
        return report
    }
}
