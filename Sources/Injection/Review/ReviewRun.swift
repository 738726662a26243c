import PluginAPI
import Values

/// One review on its way from body to answer.
struct ReviewRun {
    private var review: AdmissionReview
    private var answer = AdmissionReview.Answer(allowed: true)
    private var report = ReviewReport()
    private let clock: StageClock?

    /// Reads the envelope; what is wrong with it is kept as the answer.
    ///
    /// - Parameter read: makes a value of the body.
    init(clock: StageClock? = nil, reading read: () throws(JSONError) -> Value) {
        self.clock = clock
        clock?.enter(.json)
        var problem: InjectionError?
        var value = Value.null
        do {
            value = try read()
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
        clock?.enter(.decide)
        let pod = try Pod.check(object, at: "/request/object")
        let stated = pod.metadata.text("namespace")
        let namespace = stated.isEmpty ? review.namespace : stated
        report.namespace = namespace
        report.name = pod.nameOrPrefix
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
        subject.clock = clock
        let injected = try Pipeline.injected(&subject, snapshot: snapshot)
        clock?.enter(.patch)
        let patch = PodPatch(from: object, to: injected)
        if options.selfCheck {
            try PatchSelfCheck.run(patch, on: object, giving: injected, subject, snapshot)
            report.isSelfChecked = true
        }
        report.kind = patch.isEmpty ? .skip : .success
        report.patchBytes = patch.bytes.count
        report.patchOperations = patch.count
        answer.patch = patch.bytes
        answer.warnings += decision.admissionWarnings + subject.notes
    }

    /// Writes the answer; a failure is turned by the failure mode.
    mutating func finish(_ options: ReviewOptions, into output: inout ByteBuffer) -> ReviewReport {
        clock?.enter(.answer)
        answer.allowed = answer.error == nil || options.allowOnFailure
        if let error = answer.error, options.allowOnFailure {
            answer.warnings.append("no sidecar was injected: \(error.description)")
        }
        answer.auditAnnotations = [("result", report.kind.rawValue), ("reason", report.reason.rawValue)]
        if let decision = report.decision { answer.auditAnnotations += decision.auditAnnotations }
        if report.isSelfChecked { answer.auditAnnotations.append(("patch-self-check", "passed")) }
        review.write(answer, into: &output)
        return report
    }
}
