import HTTPServer
import Injection
import Metrics
import PluginAPI
import Synchronization
import Values

/// All series of /metrics. Istio's metrics keep their names and get no further labels. All label values are from closed
/// sets, so that callers cannot create series.
final class ServiceMetrics: Sendable {
    let registry = MetricsRegistry()

    /// The reviews by result. The metric `requests` is the sum of the three at every scrape: they are read together,
    /// under one lock. *success* is allowed with a patch; *skip* is a decision not to inject, or nothing to change;
    /// *failure* is every error, whether the failure mode allows or denies it. (Istio counts skips and failures as
    /// successes too.)
    private struct Reviews {
        var success: UInt64 = 0
        var skip: UInt64 = 0
        var failure: UInt64 = 0
        /// The values of the current scrape.
        var shown: (success: UInt64, skip: UInt64, failure: UInt64) = (0, 0, 0)
    }
    private let reviews = Mutex(Reviews())
    private let scrape = Mutex<Void>(())

    private let injectionSeconds: Histogram
    private let decisions: CounterFamily
    private let errors: CounterFamily
    private let tainted: CounterFamily
    private let patchBytes: Histogram
    private let patchOperations: Histogram
    let reviewsInFlight: Gauge

    private let renders: CounterFamily
    private let renderSeconds: HistogramFamily
    private let renderBytes: HistogramFamily
    private let renderLimits: CounterFamily

    private let requests: CounterFamily
    private let requestSeconds: HistogramFamily
    private let requestBytes: HistogramFamily
    private let responseBytes: HistogramFamily

    private let reloads: CounterFamily
    private let reloadSuccessful: GaugeFamily
    private let reloadTime: GaugeFamily
    private let certificateReloads: CounterFamily

    static let files = ["inject", "mesh", "values"]
    private static let seconds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    private static let bytes: [Double] = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    private static let results = ["success", "failure"]

    /// - Parameters:
    ///   - engines: the ids of the renderers.
    ///   - handlers: the labels of the routes.
    ///   - certificateExpiry: seconds since 1970; nil without HTTPS.
    ///   - activeRequests: the number of current requests on all listeners.
    init(
        engines: [String], handlers: [String], revision: String,
        certificateExpiry: @escaping @Sendable () -> Double?,
        activeRequests: @escaping @Sendable () -> Double?
    ) {
        let registry = registry
        injectionSeconds = registry.histogram(
            "sidecar_injection_time_seconds", "Duration of a review, in seconds.", buckets: Self.seconds)
        decisions = registry.counters(
            "sidecar_injection_decisions_total", "Reviews by decision and reason.",
            labels: [
                MetricLabel("decision", ["inject", "skip", "error"]),
                MetricLabel("reason", ReasonCode.allCases.map(\.rawValue)),
            ])
        errors = registry.counters(
            "sidecar_injection_errors_total", "Failed reviews by stage.",
            labels: [MetricLabel("stage", InjectionError.Stage.allCases.map(\.rawValue))])
        tainted = registry.counters(
            "sidecar_injection_tainted_values_total",
            "Values of pods that changed the structure of a rendered template, or gave powers over the host.",
            labels: [MetricLabel("action", TaintAction.allCases.map(\.rawValue))])
        patchBytes = registry.histogram(
            "sidecar_injection_patch_bytes", "Size of patches, in bytes.", buckets: Self.bytes)
        patchOperations = registry.histogram(
            "sidecar_injection_patch_operations", "Operations of patches.",
            buckets: [1, 2, 5, 10, 20, 50, 100])
        reviewsInFlight = registry.gauge("sidecar_injection_in_flight", "Reviews in progress.")

        let renderLabels = [
            MetricLabel("engine", engines),
            MetricLabel("result", RenderRecord.Result.allCases.map(\.rawValue)),
        ]
        renders = registry.counters(
            "template_render_requests_total", "Renderings by engine and result.", labels: renderLabels)
        renderSeconds = registry.histograms(
            "template_render_duration_seconds", "Duration of a rendering with its compilation, in seconds.",
            labels: renderLabels, buckets: Self.seconds)
        renderBytes = registry.histograms(
            "template_render_output_bytes", "Size of outputs, in bytes.", labels: renderLabels,
            buckets: Self.bytes)
        renderLimits = registry.counters(
            "template_render_limit_exceeded_total", "Renderings that reached a limit.",
            labels: [MetricLabel("limit", RenderLimit.metricLabels + ["deadline", "body"])])

        let handler = MetricLabel("handler", handlers + ["none"])
        let codes = [200, 204, 400, 401, 403, 404, 405, 406, 413, 414, 415, 422, 431, 500, 503, 504]
        requests = registry.counters(
            "http_requests_total", "Requests by route, status and method.",
            labels: [
                handler, MetricLabel("code", codes.map(String.init)),
                MetricLabel("method", ["GET", "HEAD", "OPTIONS", "POST"]),
            ])
        requestSeconds = registry.histograms(
            "http_request_duration_seconds", "Time from a request's headers to its response, in seconds.",
            labels: [handler], buckets: Self.seconds)
        requestBytes = registry.histograms(
            "http_request_size_bytes", "Size of request bodies, in bytes.", labels: [handler],
            buckets: Self.bytes)
        responseBytes = registry.histograms(
            "http_response_size_bytes", "Size of response bodies, in bytes.", labels: [handler],
            buckets: Self.bytes)
        registry.gauge("http_requests_in_flight", "Requests in progress.", read: activeRequests)

        let file = MetricLabel("file", Self.files + [TemplateFolder.label, ChartStore.label])
        let result = MetricLabel("result", Self.results)
        reloads = registry.counters(
            "sidecar_injection_config_reloads_total", "Attempts to load a changed file.",
            labels: [file, result])
        reloadSuccessful = registry.gauges(
            "sidecar_injection_config_last_reload_successful",
            "Whether the last attempt to load the file succeeded.", labels: [file])
        reloadTime = registry.gauges(
            "sidecar_injection_config_last_reload_success_timestamp_seconds",
            "Time of the last successful load of the file, in seconds since 1970.", labels: [file])
        certificateReloads = registry.counters(
            "sidecar_injection_cert_reloads_total", "Attempts to load a changed certificate.",
            labels: [result])
        registry.gauge(
            "sidecar_injection_cert_expiry_timestamp_seconds",
            "Expiry of the certificate, in seconds since 1970.", read: certificateExpiry)
        registry.info(
            "sidecar_injection_build_info", "Version of this process.",
            labels: [
                ("version", BuildInformation.version), ("revision", revision),
                ("istio_compat", BuildInformation.istioCompatibility),
            ])
        ProcessMetrics.register(in: registry)
        registerReviews()
    }

    private func registerReviews() {
        func add(
            _ name: String, _ help: String,
            _ value: @escaping @Sendable ((success: UInt64, skip: UInt64, failure: UInt64)) -> UInt64
        ) {
            registry.counter(name, help) { [unowned self] in Double(reviews.withLock { value($0.shown) }) }
        }
        add("sidecar_injection_requests_total", "Reviews: successes, failures and skips.") {
            $0.success + $0.skip + $0.failure
        }
        add("sidecar_injection_success_total", "Reviews allowed with a patch.") { $0.success }
        add("sidecar_injection_failure_total", "Reviews answered with an error.") { $0.failure }
        add("sidecar_injection_skip_total", "Reviews allowed without a patch.") { $0.skip }
    }

    /// Registers the counters of the configuration's caches, summed over all configurations that were loaded.
    func register(_ counters: CacheCounters) {
        for (name, what, counter) in [
            ("answer", "Answer-cache", counters.answers), ("review", "Review-cache", counters.reviews),
            ("output", "Output-cache", counters.outputs), ("block", "Block-cache", counters.blocks),
        ] {
            let prefix = "sidecar_injection_\(name)_cache"
            registry.counter("\(prefix)_hits_total", "\(what) hits.") { Double(counter.hits) }
            registry.counter("\(prefix)_misses_total", "\(what) misses.") {
                Double(counter.misses)
            }
            registry.gauge("\(prefix)_bytes", "\(what) size, in bytes.") { Double(counter.bytes) }
        }
    }

    /// Writes all series as text. One scrape at a time, so that values that are read together stay consistent.
    func exposition(_ format: ExpositionFormat, into output: inout ByteBuffer) {
        scrape.withLock { _ in
            reviews.withLock { $0.shown = ($0.success, $0.skip, $0.failure) }
            registry.exposition(format, into: &output)
        }
    }

    func count(_ report: ReviewReport, seconds: Double) {
        reviews.withLock { reviews in
            switch report.kind {
            case .success: reviews.success &+= 1
            case .skip: reviews.skip &+= 1
            case .failure: reviews.failure &+= 1
            }
        }
        injectionSeconds.observe(seconds)
        let decision =
            switch report.kind {
            case .success: "inject"
            case .skip: "skip"
            case .failure: "error"
            }
        decisions(decision, report.reason.rawValue).increment()
        if let error = report.error {
            errors(error.stage.rawValue).increment()
            for one in error.all where one.code == .taintedValue { count(.refused, 1) }
        }
        count(report.taint)
        if report.kind == .success {
            patchBytes.observe(Double(report.patchBytes))
            patchOperations.observe(Double(report.patchOperations))
        }
    }

    /// The outcomes of tainted values that are counted.
    private enum TaintAction: String, CaseIterable {
        /// The pod was refused.
        case refused
        /// The pod was injected nevertheless.
        case reported
        /// The template's design gives the pod's author a power over the host.
        case power
    }

    private func count(_ action: TaintAction, _ number: Int) {
        for _ in 0..<number { tainted(action.rawValue).increment() }
    }

    func count(_ taint: TaintReport) {
        guard !taint.isEmpty else { return }
        count(.reported, taint.findings.count)
        count(.power, taint.powers.count)
    }

    /// Counts a manifest that was refused.
    func count(refused error: InjectionError) {
        count(.refused, error.all.count { $0.code == .taintedValue })
    }

    /// Counts a request to /inject that was refused before its review was parsed.
    func countRefusedReview() {
        reviews.withLock { $0.failure &+= 1 }
        errors(InjectionError.Stage.decode.rawValue).increment()
        decisions("error", ReasonCode.decodeError.rawValue).increment()
    }

    func count(_ record: RenderRecord) {
        let result = record.result.rawValue
        renders(record.engine, result).increment()
        renderSeconds(record.engine, result).observe(record.seconds)
        renderBytes(record.engine, result).observe(Double(record.outputBytes))
        if let limit = record.limit { renderLimits(limit).increment() }
    }

    func countBodyLimit() { renderLimits("body").increment() }

    func count(handler: String, status: Int, method: String, seconds: Double, bytesIn: Int, bytesOut: Int) {
        requests(handler, String(status), method).increment()
        requestSeconds(handler).observe(seconds)
        requestBytes(handler).observe(Double(bytesIn))
        responseBytes(handler).observe(Double(bytesOut))
    }

    func countReload(of files: [String], isSuccess: Bool, at time: Int) {
        for file in files {
            reloads(file, isSuccess ? "success" : "failure").increment()
            reloadSuccessful(file).set(isSuccess ? 1 : 0)
            if isSuccess { reloadTime(file).set(Double(time)) }
        }
    }

    func countCertificateReload(isSuccess: Bool) {
        certificateReloads(isSuccess ? "success" : "failure").increment()
    }
}

/// The information about one rendering for the metrics.
struct RenderRecord {
    enum Result: String, CaseIterable {
        case ok
        case parseError = "parse_error"
        case execError = "exec_error"
        case limit
        case outputInvalid = "output_invalid"
    }

    var engine: String
    var result: Result
    /// The label of the limit that was reached.
    var limit: String?
    var outputBytes: Int
    var seconds: Double

    /// nil if nothing was rendered.
    init?(_ answer: RenderAnswer, engine: String, seconds: Double) {
        self.engine = engine
        self.seconds = seconds
        outputBytes = answer.output.count
        switch answer.problem?.code {
        case nil: result = .ok
        case "template_parse_error": result = .parseError
        case "template_exec_error", "internal_error": result = .execError
        case "deadline_exceeded":
            result = .limit
            limit = "deadline"
        case "limit_exceeded":
            result = .limit
            limit = answer.problem?.limit?.metricLabel
        case "rendered_yaml_invalid", "rendered_json_invalid", "tainted_value": result = .outputInvalid
        default: return nil
        }
    }
}
