import Kubernetes
import Metrics
import Synchronization
import System
import Values

/// Keeps the webhook configuration's caBundle right: when it is first seen, when the bundle changes, and whenever
/// another client changes or restores it.
final class WebhookReconciler: Sendable {
    /// Patches within a minute; beyond that, another client writes another bundle, and both would go on for ever.
    static let mostPatches = 20
    private static let minute = 60_000
    /// Pauses after failures, doubling.
    private static let firstPause = 1_000
    private static let longestPause = 30_000

    private struct State {
        /// nil: not there, or not yet known.
        var seen: Value?
        var isKnown = false
        var isDue = false
        var failures = 0
        var notBefore = 0
        var patches: [Int] = []
        var lastProblem: String?
    }

    let webhooks: WebhookBundle
    private let bundle: @Sendable () throws(WebhookBundle.Problem) -> [UInt8]
    private let metrics: WebhookMetrics
    private let log: Log
    private let state = Mutex(State())

    /// - Parameter bundle: what the caBundle must be; throws if there cannot be one.
    init(
        _ webhooks: WebhookBundle, metrics: WebhookMetrics, log: Log,
        bundle: @escaping @Sendable () throws(WebhookBundle.Problem) -> [UInt8]
    ) {
        self.webhooks = webhooks
        self.metrics = metrics
        self.log = log
        self.bundle = bundle
    }

    /// The configuration as the watch saw it.
    func note(_ delivery: ObjectWatch.Delivery) {
        state.withLock { state in
            switch delivery {
            case .all(let objects): state.seen = objects.first
            case .changed(let object): state.seen = object
            case .deleted: state.seen = nil
            case .failed: return
            }
            state.isKnown = true
            state.isDue = true
        }
    }

    /// The Services that it calls.
    var services: [ObjectReference] { state.withLock { $0.seen }.map(webhooks.services(of:)) ?? [] }

    /// The bundle may have changed.
    func becomeDue() { state.withLock { $0.isDue = true } }

    /// Milliseconds until there may be something to do; nil waits for a nudge.
    func wait(now: Int) -> Int? {
        state.withLock { state in state.isDue && state.isKnown ? max(0, state.notBefore - now) : nil }
    }

    /// Does what is due.
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
            let bundle = try bundle()
            guard try webhooks.patch(seen, bundle: bundle) != nil else { return succeed() }
            metrics.countAttempt()
            _ = try webhooks.reconcile(seen, bundle: bundle, client: client) { metrics.countRetry() }
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

    private func paceAfterPatch(_ now: Int) {
        let isTooMuch = state.withLock { state in
            state.patches = state.patches.filter { $0 > now - Self.minute } + [now]
            guard state.patches.count >= Self.mostPatches else { return false }
            state.notBefore = now + Self.minute
            return true
        }
        if isTooMuch {
            log.warning(
                "somebody else keeps changing the caBundle: patching rests for a minute",
                [Member("webhook", .string(webhooks.configuration))], in: .tls)
        }
    }

    private func fail(_ problem: WebhookBundle.Problem, _ now: Int) {
        metrics.countFailure(problem.reason)
        let isNew = state.withLock { state in
            // What does not exist, or belongs to another client, is read when it changes; what failed is retried.
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

/// As Istio names them.
struct WebhookMetrics: Sendable {
    private let attempts: CounterFamily
    private let retries: CounterFamily
    private let failures: CounterFamily
    private let name: String

    /// - Parameter name: of the webhook configuration, the one value of the label.
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
