import HTTPServer
import Injection
import Metrics
import PluginAPI
import Synchronization
import System
import Values

/// POST /inject and /inject/…: responds to an AdmissionReview with the verdict, and to a manifest with the injected
/// manifest.
///
/// For a review, the responses are those of Istio's webhook: 400 without a body, 415 for another format, and 200 with
/// `allowed: false` for all other errors, including JSON that does not parse.
struct InjectHandler: Handler {
    let store: SnapshotStore
    let options: ServeOptions
    let metrics: ServiceMetrics
    private let policy: FailurePolicy
    private let selfCheck: SelfCheckSampling

    init(store: SnapshotStore, options: ServeOptions, metrics: ServiceMetrics) {
        self.store = store
        self.options = options
        self.metrics = metrics
        policy = FailurePolicy(options: options)
        selfCheck = SelfCheckSampling(options.selfCheck)
    }

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        guard !request.body.isEmpty else {
            throw RequestProblem(status: 400, code: "body_missing", detail: "no body found")
        }
        let shape = try request.manifestAnswer()
        let isChecked = try selfCheck.isDue(for: request)
        let format: MediaType
        do throws(RequestProblem) {
            format = try request.bodyFormat([.json, .yaml])
        } catch {
            // Istio's sentence: clients and its documentation know it.
            guard request.header("Content-Encoding") == nil else { throw error }
            throw RequestProblem(
                status: 415, code: "unsupported_media_type",
                detail: "invalid Content-Type, want `application/json`")
        }
        switch format {
        case .json where request.holdsReview:
            return review(request, mayTakeLong, selfCheck: isChecked, &entry)
        case .json: return try manifest(request, .json, shape, mayTakeLong, &entry)
        default: return try manifest(request, .yaml, shape, mayTakeLong, &entry)
        }
    }

    /// The budget of a review on a connection thread. A larger review restarts on its own thread, so that a slow
    /// template does not delay the others. The budget is in template steps (Istio's take 600 to 900), bytes of body,
    /// and nanoseconds: enough that a thread that waited for a processor is not considered slow. With 5,000 steps, the
    /// p99 of quick reviews next to a slow template was 1.2 ms, with 2,000 it is 0.6 to 0.8; alone it is 0.5.
    private static let quickSteps = 2_000
    private static let quickReviewBytes = 256 << 10
    private static let quickNanoseconds: UInt64 = 20_000_000

    private func review(
        _ request: HTTPRequest, _ mayTakeLong: Bool, selfCheck: Bool, _ entry: inout LogEntry
    ) -> HTTPResponse? {
        if !mayTakeLong, request.body.count > Self.quickReviewBytes { return nil }
        metrics.reviewsInFlight.increment()
        defer { metrics.reviewsInFlight.decrement() }
        let deadline = policy.deadline(of: request)
        var review = ReviewOptions()
        review.selfCheck = selfCheck
        review.allowsFailure = policy.allows(request)
        review.deadline = deadline
        if !mayTakeLong {
            review.deadline = min(deadline, MonotonicClock.nanoseconds + Self.quickNanoseconds)
            review.steps = Self.quickSteps
        }
        var output = ByteBuffer(capacity: 8 << 10)
        let report = Pipeline.review(
            request.body, path: request.path, snapshot: store.snapshot, options: review, into: &output)
        if let error = report.error, !mayTakeLong, isOverAllowance(error),
            MonotonicClock.nanoseconds < deadline
        {
            return nil
        }
        entry.add(report)
        return HTTPResponse(status: 200, headers: HTTPResponse.headers(MediaType.json.rawValue), body: output)
    }

    /// Whether the review exceeded only the budget of a connection thread, and may be repeated on its own thread.
    private func isOverAllowance(_ error: InjectionError) -> Bool {
        guard let limit = error.limit, limit.limit == .steps else { return error.stage == .deadline }
        return limit.value < options.injection.limits.steps
    }

    func deadline(of request: HTTPRequest) -> UInt64? {
        guard request.isReview else {
            return MonotonicClock.nanoseconds + UInt64(options.renderMilliseconds) * 1_000_000
        }
        return policy.deadline(of: request)
    }

    func late(_ request: HTTPRequest, entry: inout LogEntry) -> HTTPResponse {
        let problem = RequestProblem.stopped(.deadline)
        guard request.isReview else {
            entry.isManifest = true
            entry.members.append(Member("code", .string(problem.code)))
            return HTTPResponse(problem: problem)
        }
        return verdict(
            InjectionError(.deadline, .deadlineExceeded, "the time for the review is over"), request, &entry)
    }

    /// A review is never answered with 429 or 503: the API server would retry until its timeout, and the creation of
    /// the pod would still fail.
    func overloaded(_ request: HTTPRequest, entry: inout LogEntry) -> HTTPResponse {
        guard request.isReview else { return comeAgainLater(&entry) }
        return verdict(
            InjectionError(
                .overload, .overloaded,
                "too many reviews that take long are being answered, try again later"), request, &entry)
    }

    /// The response of the failure mode to a review with an error.
    private func verdict(
        _ error: InjectionError, _ request: HTTPRequest, _ entry: inout LogEntry
    ) -> HTTPResponse {
        var output = ByteBuffer(capacity: 1 << 10)
        var review = ReviewOptions()
        review.allowsFailure = policy.allows(request)
        let report = Pipeline.reviewWithoutInjection(
            request.body, error: error, options: review, into: &output)
        entry.add(report)
        return HTTPResponse(status: 200, headers: HTTPResponse.headers(MediaType.json.rawValue), body: output)
    }

    /// The kind of response to a manifest.
    fileprivate enum ManifestAnswer {
        /// The injected manifest, or the same with the origin of each line.
        case manifest, explanation
        /// The difference between the two manifests, as `diff` prints it, or as JSON patches.
        case unified, json

        /// The media types of the response; nil for the manifest's own format, or that of an explanation.
        var formats: [String]? {
            switch self {
            case .manifest, .explanation: nil
            case .unified: ["text/plain", "text/x-diff"]
            case .json: [MediaType.json.essence]
            }
        }
    }

    /// Larger manifests are injected on their own thread.
    private static let quickBytes = 64 << 10

    private func manifest(
        _ request: HTTPRequest, _ format: ManifestFormat, _ shape: ManifestAnswer, _ mayTakeLong: Bool,
        _ entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        entry.isManifest = true
        let type = format == .json || shape == .explanation ? MediaType.json : MediaType.yaml
        _ = try request.accepted(shape.formats ?? [type.essence])
        if !mayTakeLong, request.body.count > Self.quickBytes { return nil }
        var manifest = ManifestOptions()
        manifest.namespace = request.query("namespace")
        manifest.explain = shape == .explanation
        manifest.values = mayTakeLong ? Pipeline.maximumValues : BodyReader.quickValues
        let bytes = Array(request.body)
        let outcome: ManifestOutcome
        do throws(InjectionError) {
            outcome = try Pipeline.inject(
                manifest: bytes, format: format, snapshot: store.snapshot, options: manifest)
        } catch {
            if !mayTakeLong, error.stage == .decode, error.code == .limitExceeded { return nil }
            metrics.count(refused: error)
            throw RequestProblem(error)
        }
        for workload in outcome.workloads {
            metrics.count(workload.taint)
            entry.add(workload.taint)
        }
        entry.members.append(Member("workloads", .int(Int64(outcome.workloads.count))))
        if shape == .explanation {
            var body = ByteBuffer(capacity: 64 << 10)
            JSON.write(outcome.explanation, into: &body)
            return HTTPResponse(status: 200, headers: HTTPResponse.headers(type.rawValue), body: body)
        }
        if shape == .json {
            do throws(InjectionError) {
                return HTTPResponse(
                    status: 200, headers: HTTPResponse.headers(MediaType.json.rawValue),
                    body: try InjectedPatches.json(from: bytes, to: outcome.output))
            } catch {
                throw RequestProblem(error)
            }
        }
        if shape == .unified {
            let text = UnifiedDiff.text(from: bytes, to: outcome.output, name: "manifest")
            var body = ByteBuffer(capacity: text.count)
            body.append(text)
            return HTTPResponse(
                status: 200, headers: HTTPResponse.headers(MediaType.text.rawValue), body: body)
        }
        var body = ByteBuffer(capacity: outcome.parts.reduce(0) { $0 + $1.count })
        for part in outcome.parts { body.append(part) }
        return HTTPResponse(status: 200, headers: HTTPResponse.headers(type.rawValue), body: body)
    }
}

/// Determines for which reviews the patch is checked before it is returned: those that request it, and those that the
/// server's setting selects.
private final class SelfCheckSampling: Sendable {
    private let setting: ServeOptions.SelfCheck
    private let reviews = Atomic<Int>(0)

    init(_ setting: ServeOptions.SelfCheck) { self.setting = setting }

    /// - Throws: if the parameter is neither `always` nor `off`.
    func isDue(for request: HTTPRequest) throws(RequestProblem) -> Bool {
        switch request.query("patchSelfCheck") {
        case nil, "off"?: break
        case "always"?: return true
        case let other?:
            throw .malformed(
                "the parameter \"patchSelfCheck\" is \"\(excerpt(other))\": expected always or off")
        }
        // In a webhook's path, any other value means the server's setting, because it must not make the creation of a
        // pod fail.
        if PathSettings(request.path).selfCheck == "always" { return true }
        return switch setting {
        case .off: false
        case .always: true
        case .sample(let count): reviews.wrappingAdd(1, ordering: .relaxed).newValue % count == 0
        }
    }
}

extension HTTPRequest {
    fileprivate func manifestAnswer() throws(RequestProblem) -> InjectHandler.ManifestAnswer {
        let isExplained = try flag("explain")
        guard let kind = query("diff") else { return isExplained ? .explanation : .manifest }
        guard !isExplained else {
            throw RequestProblem(
                status: 422, code: "parameters_conflict",
                detail: "the parameters \"diff\" and \"explain\" exclude each other: expected one of them")
        }
        switch kind {
        case "unified": return .unified
        case "json": return .json
        default:
            throw .malformed("the parameter \"diff\" is \"\(excerpt(kind))\": expected unified or json")
        }
    }
}

extension RequestProblem {
    /// The problem of a manifest: 400 if it cannot be parsed, 422 if it cannot be injected.
    init(_ error: InjectionError) {
        let status =
            switch error.stage {
            case .decode: error.code == .limitExceeded ? 413 : 400
            case .deadline: 504
            case .overload: 503
            default: 422
            }
        self.init(status: status, code: error.code.rawValue, detail: error.description)
        if let place = error.place { members["template"] = place.json }
        if let rendered = error.rendered {
            members["rendered"] = rendered.json
            if let written = error.written {
                members["rendered"]?.modifyObject {
                    $0["value"] = .string(written.value)
                    $0["writtenBy"] = written.by.json
                }
            }
        }
        if let manifest = error.manifest { members["manifest"] = manifest.json }
        if let snippet = error.snippet { members["snippet"] = .string(snippet) }
        if let limit = error.limit {
            members["limit"] = limit.json
        } else if status == 413 {
            members["limit"] = ["name": "values", "value": .int(Int64(Pipeline.maximumValues))]
        }
    }
}

extension SourcePosition {
    var json: Value { ["line": .int(Int64(line)), "column": .int(Int64(column))] }
}

extension LogEntry {
    mutating func add(_ report: ReviewReport) {
        review = report
        members += [
            Member("uid", .string(report.uid)), Member("namespace", .string(report.namespace)),
            Member("name", .string(report.name)), Member("result", .string(report.kind.rawValue)),
            Member("reason", .string(report.reason.rawValue)),
        ]
        if let decision = report.decision {
            members.append(Member("message", .string(decision.message)))
            members.append(Member("trace", .string(decision.traceLine)))
        }
        if !report.forecast.isEmpty {
            members.append(Member("forecast", .string(report.forecast.joined(separator: ","))))
        }
        if let error = report.error { members.append(Member("stage", .string(error.stage.rawValue))) }
        add(report.taint)
    }

    /// Adds the effects of a pod's text on the templates.
    mutating func add(_ taint: TaintReport) {
        for (name, texts) in [("tainted", taint.findings), ("powers", taint.powers)] where !texts.isEmpty {
            members.append(Member(name, .array(texts.map { .string($0) })))
        }
    }
}
