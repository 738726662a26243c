import Kubernetes
import Metrics
import Synchronization
import System
import Values

/// Keeps the webhook configuration's caBundle up to date: when it is first seen, when the bundle changes, and whenever
/// another client changes or restores it.
final class WebhookReconciler: Sendable {
    /// The number of patches that are made immediately. If another client always writes another bundle, the delay of
    /// each further patch within `calm` doubles, to slow down the competition of both.
    static let quickPatches = 3
    private static let firstWait = 250
    private static let longestWait = 60_000
    private static let calm = 300_000
    /// The time for which authorities that others added stay in the caBundle, so that replicas that have not seen the
    /// newest Secret can still be called.
    static let othersStay = 600_000
    /// The pauses after failures: each is twice as long as the last.
    private static let firstPause = 1_000
    private static let longestPause = 30_000

    private struct State {
        /// The configuration; nil if it does not exist or is not known yet.
        var seen: Value?
        var isKnown = false
        var isDue = false
        var failures = 0
        var notBefore = 0
        var lastPatch = Int.min / 2
        var quickPatches = 0
        /// The time since which the caBundle has contained authorities of others.
        var othersSince: Int?
        var lastProblem: String?
    }

    let webhooks: WebhookBundle
    private let bundle: @Sendable () throws(WebhookBundle.Problem) -> [UInt8]
    private let refresh: @Sendable () -> Void
    private let metrics: WebhookMetrics
    private let log: Log
    private let state = Mutex(State())

    /// - Parameters:
    ///   - refresh: called before a patch, so that `bundle` is the newest.
    ///   - bundle: what the caBundle must hold; throws if there cannot be one.
    init(
        _ webhooks: WebhookBundle, metrics: WebhookMetrics, log: Log,
        refresh: @escaping @Sendable () -> Void = {},
        bundle: @escaping @Sendable () throws(WebhookBundle.Problem) -> [UInt8]
    ) {
        self.webhooks = webhooks
        self.metrics = metrics
        self.log = log
        self.bundle = bundle
        self.refresh = refresh
    }

    /// Processes the configuration from the watch.
    func note(_ delivery: ObjectWatch.Delivery) {
        state.withLock { state in
            switch delivery {
            case .all(let objects): state.seen = objects.first
            case .changed(let object): state.seen = object
            case .deleted: state.seen = nil
            case .failed, .alive: return
            }
            state.isKnown = true
            state.isDue = true
        }
    }

    /// The Services that the configuration calls.
    var services: [ObjectReference] { state.withLock { $0.seen }.map(webhooks.services(of:)) ?? [] }

    /// Makes an update due, because the bundle may have changed.
    func becomeDue() { state.withLock { $0.isDue = true } }

    /// The milliseconds until there may be something to do; nil waits for a wake-up.
    func wait(now: Int) -> Int? {
        state.withLock { state in
            guard state.isKnown else { return nil }
            if state.isDue { return max(0, state.notBefore - now) }
            return state.othersSince.map { max(0, $0 + Self.othersStay - now) }
        }
    }

    /// Updates the caBundle if that is due.
    func work(_ client: APIClient) {
        let now = MonotonicClock.milliseconds
        guard wait(now: now) == 0 else { return }
        let seen = state.withLock { state in
            state.isDue = false
            return state.seen
        }
        do throws(WebhookBundle.Problem) {
            guard let seen else {
                throw WebhookBundle.Problem(
                    .configurationNotFound,
                    "mutatingwebhookconfiguration \(webhooks.configuration) is not there: nothing calls this server yet"
                )
            }
            var bundle = try bundle()
            var keepsOthers = noteOthers(webhooks.hasOthers(seen, bundle: bundle), now)
            guard try webhooks.patch(seen, bundle: bundle, keepsOthers: keepsOthers) != nil else {
                return succeed()
            }
            refresh()
            bundle = try self.bundle()
            keepsOthers = noteOthers(webhooks.hasOthers(seen, bundle: bundle), now)
            guard try webhooks.patch(seen, bundle: bundle, keepsOthers: keepsOthers) != nil else {
                return succeed()
            }
            metrics.countAttempt()
            _ = try webhooks.reconcile(seen, bundle: bundle, keepsOthers: keepsOthers, client: client) {
                metrics.countRetry()
            }
            log.info("caBundle patched", [Member("webhook", .string(webhooks.configuration))], in: .tls)
            succeed()
            paceAfterPatch(now)
        } catch {
            fail(error, now)
        }
    }

    private func succeed() {
        state.withLock { state in
            state.failures = 0
            state.lastProblem = nil
        }
    }

    /// - Returns: whether authorities of others stay.
    private func noteOthers(_ hasOthers: Bool, _ now: Int) -> Bool {
        state.withLock { state in
            guard hasOthers else {
                state.othersSince = nil
                return true
            }
            let since = state.othersSince ?? now
            state.othersSince = since
            guard now - since >= Self.othersStay else { return true }
            state.othersSince = nil
            return false
        }
    }

    private func paceAfterPatch(_ now: Int) {
        let isFirstWait = state.withLock { state in
            state.quickPatches = now - state.lastPatch > Self.calm ? 1 : state.quickPatches + 1
            state.lastPatch = now
            let waits = state.quickPatches - Self.quickPatches
            guard waits > 0 else { return false }
            state.notBefore = now + min(Self.firstWait << min(waits - 1, 10), Self.longestWait)
            return waits == 1
        }
        if isFirstWait {
            log.warning(
                "somebody else keeps changing the caBundle: patching slows down",
                [Member("webhook", .string(webhooks.configuration))], in: .tls)
        }
    }

    private func fail(_ problem: WebhookBundle.Problem, _ now: Int) {
        metrics.countFailure(problem.reason)
        let isNew = state.withLock { state in
            // A missing or foreign configuration is read again when it changes; failures are retried.
            if problem.reason == .updateFailed || problem.reason == .bundleUnusable {
                state.isDue = true
                state.notBefore = now + min(Self.firstPause << min(state.failures, 10), Self.longestPause)
                state.failures += 1
            }
            defer { state.lastProblem = problem.message }
            return state.lastProblem != problem.message
        }
        guard isNew else { return }
        log.error(
            "caBundle not patched",
            [Member("reason", .string(problem.reason.rawValue)), Member("error", .string(problem.message))],
            in: .tls)
    }
}

/// The metrics of the updates, with Istio's names.
struct WebhookMetrics: Sendable {
    private let attempts: CounterFamily
    private let retries: CounterFamily
    private let failures: CounterFamily
    private let name: String

    /// - Parameter name: the webhook configuration's name, the only value of the label.
    init(_ registry: MetricsRegistry, name: String) {
        self.name = name
        let label = MetricLabel("name", [name])
        attempts = registry.counters(
            "webhook_patch_attempts_total", "Attempts to patch the webhook configuration.",
            labels: [label])
        retries = registry.counters(
            "webhook_patch_retries_total", "Retries because the webhook configuration had changed meanwhile.",
            labels: [label])
        failures = registry.counters(
            "webhook_patch_failures_total", "Failed attempts to update the webhook configuration.",
            labels: [label, MetricLabel("reason", WebhookBundle.Reason.allCases.map(\.rawValue))])
    }

    func countAttempt() { attempts(name).increment() }
    func countRetry() { retries(name).increment() }
    func countFailure(_ reason: WebhookBundle.Reason) { failures(name, reason.rawValue).increment() }
}
