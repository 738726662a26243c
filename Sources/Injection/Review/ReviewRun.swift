import PluginAPI
import System
import Values

/// One review, from the body to the response.
struct ReviewRun {
    private(set) var review: AdmissionReview
    private var answer = AdmissionReview.Answer(allowed: true)
    private var report = ReviewReport()
    private let clock: StageClock?

    /// Parses the envelope. An error in it becomes the response.
    ///
    /// - Parameters:
    ///   - read: parses the body.
    ///   - envelope: extracts the request's uid and names if the body has too many values to be parsed.
    init(
        clock: StageClock? = nil, reading read: () throws(JSONError) -> Value, envelope: () -> Value?
    ) {
        self.clock = clock
        clock?.enter(.json)
        var problem: InjectionError?
        var value = Value.null
        do {
            value = try read()
        } catch {
            problem = Self.problem(error)
            if problem?.code != .decodeError { value = envelope() ?? .null }
        }
        review = AdmissionReview(value, problem: &problem)
        report.uid = review.uid
        report.namespace = review.namespace
        report.name = review.name
        report.version = review.version
        if let problem { fail(problem) }
    }

    private static func problem(_ error: JSONError) -> InjectionError {
        switch error.code {
        case .stopped: InjectionError(WorkStop.current ?? .deadline)
        case .tooManyValues:
            InjectionError(
                .decode, .limitExceeded, "the body is too large: \(error.message) (limit values)")
        default:
            InjectionError(
                .decode, .decodeError, "the body is not JSON: \(error.message) at byte \(error.offset)")
        }
    }

    mutating func fail(_ error: InjectionError) {
        guard answer.error == nil else { return }
        answer.error = error
        answer.patch = []
        report.kind = .failure
        report.reason = error.code
        report.error = error
    }

    /// Whether the response is already an error: the body could not be parsed.
    var hasFailed: Bool { answer.error != nil }

    /// The namespace of the pod; empty if the request names none.
    var namespace: String { report.namespace }

    /// Answers without a patch.
    mutating func skip(_ decision: Decision) {
        report.kind = .skip
        report.reason = decision.reason
        report.decision = decision
        answer.warnings += decision.admissionWarnings
        if case .object(let object)? = review.object, case .object(let spec)? = object["spec"] {
            answer.warnings += ApplicationWarnings.whereNothingIsInjected(Pod(metadata: Object(), spec: spec))
        }
    }

    /// Returns the request's object and the pod in it.
    ///
    /// - Throws: if the request has no object, or its shape is not a pod's.
    mutating func pod() throws(InjectionError) -> (object: Value, pod: Pod) {
        guard let object = review.object else {
            throw InjectionError(.decode, .decodeError, "the request holds no object")
        }
        let pod = try Pod.check(object, at: "/request/object")
        let stated = pod.metadata.text("namespace")
        report.namespace = stated.isEmpty ? review.namespace : stated
        report.name = pod.nameOrPrefix
        return (object, pod)
    }

    /// The pod as input of the decision engine.
    func question(_ object: Value, _ pod: Pod) -> DecisionSubject {
        DecisionSubject(
            namespace: report.namespace, metadata: pod.metadata, spec: pod.spec, pointer: "", object: object,
            operation: review.operation.isEmpty ? nil : review.operation)
    }

    /// Records the decision to inject.
    mutating func accept(_ decision: Decision) {
        report.decision = decision
        report.reason = decision.reason
    }

    /// Records that the templates rendered to nothing. A patch can then only undo an earlier injection.
    mutating func noteNothingRendered() { report.reason = .nothingRendered }

    /// Answers with a patch.
    ///
    /// - Parameters:
    ///   - isChecked: whether the patch passed its own check.
    ///   - taint: the effects of the pod's text in the templates.
    mutating func succeed(
        _ patch: PodPatch, isChecked: Bool, notes: [String], taint: TaintReport,
        forecast: [Forecast.Finding] = []
    ) {
        report.forecast = forecast.map(\.code)
        report.isSelfChecked = isChecked
        report.kind = patch.isEmpty ? .skip : .success
        if patch.isEmpty, report.reason != .nothingRendered { noteNothingChanged() }
        report.patchBytes = patch.bytes.count
        report.patchOperations = patch.count
        answer.patch = patch.bytes
        answer.warnings += (report.decision?.admissionWarnings ?? []) + unsaid(notes) + taint.warnings
        report.taint = taint
    }

    /// Records the reason why the review has no patch: the pod was injected before. (An API server repeats the review
    /// if another webhook has changed the pod.)
    private mutating func noteNothingChanged() {
        guard var decision = report.decision else { return }
        report.reason = .sidecarAlreadyExists
        decision.inject = false
        decision.reason = .sidecarAlreadyExists
        decision.message = ReasonCode.sidecarAlreadyExists.sentence
        decision.remedy = nil
        decision.traceLine = decision.traceLine.replacing("!", with: "") + " unchanged=skip!"
        report.decision = decision
    }

    /// The notes that are not about an annotation that the decision warns about.
    private func unsaid(_ notes: [String]) -> [String] {
        guard !notes.isEmpty, let warnings = report.decision?.warnings, !warnings.isEmpty else {
            return notes
        }
        let places = warnings.compactMap(\.source)
        return notes.filter { note in
            guard let key = AnnotationRules.unknownKey(of: note) else { return true }
            return !places.contains { $0.ends(with: "/annotations/\(JSONPointer.escape(key))") }
        }
    }

    /// Writes the response. The failure mode decides whether a failure admits the pod.
    mutating func finish(_ options: ReviewOptions, into output: inout ByteBuffer) -> ReviewReport {
        clock?.enter(.answer)
        if let error = answer.error {
            answer.allowed = options.allowsFailure(report.namespace)
            if answer.allowed { answer.warnings.append("no sidecar was injected: \(error.description)") }
        }
        answer.auditAnnotations = [("result", report.kind.rawValue), ("reason", report.reason.rawValue)]
        if let decision = report.decision { answer.auditAnnotations += decision.auditAnnotations }
        if report.isSelfChecked { answer.auditAnnotations.append(("patch-self-check", "passed")) }
        review.write(answer, into: &output)
        return report
    }
}
