// In: ServeOptions. Out: a process that serves until a signal ends it, and its exit status. This is the only target
// that refers to plugins and routes. Read Router.swift and Routes.swift next, then Handlers/.

import Glibc
public import HTTPServer
import Injection
import Kubernetes
import PluginAPI
import Synchronization
import System
import Values

/// The server: configuration, listeners and their routes, from start to orderly shutdown.
public final class Service: Sendable {
    /// A listener at one address.
    public struct Listener: Sendable {
        public enum Kind: String, Sendable {
            case https, http, monitoring
        }
        public let kind: Kind
        public let server: HTTPServer
        /// `http://127.0.0.1:8080`
        public let address: String
        /// The router, to send it requests without a socket.
        let router: Router
    }

    public let listeners: [Listener]
    private let options: ServeOptions
    private let log: Log
    private let store: SnapshotStore
    private let health: Health
    private let reloader: Reloader
    private let cluster: Cluster?
    private let watch: FileWatch
    private let healthFile: HealthFile?
    private let active = ActiveRequests()

    /// Loads the configuration and starts the listeners. Requests are answered when this returns.
    ///
    /// - Throws: the problem that prevents the start, as one sentence.
    public convenience init(_ options: ServeOptions, log: Log) throws(ServiceError) {
        try self.init(options, log: log, stop: StopSignal())
    }

    /// - Parameter stop: ends a start that waits for the API server.
    private init(_ options: ServeOptions, log: Log, stop: StopSignal) throws(ServiceError) {
        self.options = options
        self.log = log
        let registry: PluginRegistry
        do throws(PluginRegistryError) {
            registry = try StandardPlugins.registry(loaded: options.loadedRenderers)
        } catch {
            throw ServiceError(message: error.message)
        }
        let cluster = try Cluster.load(options, log: log, stop: stop)
        self.cluster = cluster
        do {
            store = try SnapshotStore(Configuration(options, registry: registry, cluster: cluster))
        } catch {
            throw ServiceError(message: "the configuration cannot be used: \(error)")
        }
        let certificates = try Self.certificates(options, cluster)
        health = Health { certificates?.isInForce ?? true }
        let callers = try Callers(options)
        let templates = try options.templatesFolder.map { path throws(ServiceError) in
            try TemplateFolder(
                path, registry: registry, limits: options.renderLimits,
                allowsImpureFunctions: options.injection.allowsImpureFunctions)
        }
        let charts = try options.chartsFolder.map { path throws(ServiceError) in
            try ChartStore(path, registry: registry, limits: options.renderLimits)
        }
        let active = active
        let metrics = ServiceMetrics(
            engines: registry.renderers.map { $0.description.id }, handlers: Routes.labels,
            revision: options.injection.revision,
            certificateExpiry: { certificates.map { Double($0.expiry) } }, activeRequests: { active.count })
        metrics.register(options.injection.cacheCounters)
        let files = store.configuration.labels + (templates == nil ? [] : [TemplateFolder.label])
        metrics.countReload(of: files, isSuccess: true, at: store.current.loadedAt)
        cluster?.watches.register(in: metrics.registry)
        let starter = ListenerStarter(
            options: options, registry: registry, store: store, health: health, certificates: certificates,
            clientAuthority: callers.authority, token: callers.token, templates: templates, charts: charts,
            metrics: metrics, log: log, budgets: Self.budgets(options))
        listeners = try starter.start()
        active.servers = listeners.map(\.server)
        let reloader = Reloader(
            store: store, certificates: certificates, clientAuthority: callers.authority,
            token: callers.token, templates: templates, charts: charts, metrics: metrics, log: log)
        self.reloader = reloader
        let reconciler = Self.reconciler(options, cluster, certificates, metrics, log) { reloader.reload() }
        watch = FileWatch(reloader.paths + Self.authorities(options)) {
            reloader.reload()
            cluster?.certificateFilesChanged(reconciler)
        }
        healthFile =
            options.healthCheckInterval > 0 && !options.healthCheckFile.isEmpty
            ? HealthFile(
                path: options.healthCheckFile, seconds: options.healthCheckInterval, health: health, log: log)
            : nil
        if let certificates { log.info("certificate", certificates.summary, in: .tls) }
        begin()
        cluster?.start(
            Cluster.Receivers(reload: { reloader.reload() }, reconciler: reconciler))
    }

    private func begin() {
        health.becomeReady()
        watch.start()
        healthFile?.start()
        for warning in store.current.warnings { log.warning(warning.description, in: .config) }
        for skipped in reloader.skippedTemplates { log.warning(skipped, in: .config) }
        for listener in listeners {
            log.info(
                "serving",
                [
                    Member("listener", .string(listener.kind.rawValue)),
                    Member("address", .string(listener.address)),
                ])
        }
    }

    /// The credentials that callers must present, from the files of the flags.
    private struct Callers {
        var authority: ClientAuthority?
        var token: BearerToken?

        init(_ options: ServeOptions) throws(ServiceError) {
            authority = try options.clientCAFile.map { path throws(ServiceError) in
                try ClientAuthority(path: path)
            }
            do throws(FileError) {
                token = try options.authTokenFile.map { path throws(FileError) in
                    try BearerToken(path: path)
                }
            } catch {
                throw ServiceError(message: error.description)
            }
        }
    }

    /// The certificate and key of the flags, or of the default files if both exist; nil without either.
    private static func certificates(
        _ options: ServeOptions, _ cluster: Cluster?
    ) throws(ServiceError) -> Certificates? {
        guard options.port >= 0 else { return nil }
        if let keeper = cluster?.certificate { return try Certificates(keeper) }
        let isAsked = options.tlsCertFile != nil || options.tlsKeyFile != nil
        let certificate = options.tlsCertFile ?? ServeOptions.defaultCertificate
        let key = options.tlsKeyFile ?? ServeOptions.defaultKey
        guard isAsked || (access(certificate, R_OK) == 0 && access(key, R_OK) == 0) else { return nil }
        return try Certificates(certificatePath: certificate, keyPath: key)
    }

    /// The file of the CA bundle for the webhook configuration, if certificates are mounted.
    private static func authorities(_ options: ServeOptions) -> [String] {
        guard options.cluster.reconciles, options.cluster.tlsAuto == nil else { return [] }
        return [options.cluster.caCertFile ?? ClusterOptions.defaultAuthorities]
    }

    /// The memory budgets that all listeners share. Work is metered by the allocator, of which a process has only one.
    private static func budgets(_ options: ServeOptions) -> ServerBudgets {
        ProcessMemory.takeLittle()
        WorkMemory.process.limit = options.maxWorkMemory
        return ServerBudgets(
            bodies: BodyBudget(
                bytes: options.maxBodyMemory, longest: max(options.maxReviewBytes, options.maxRequestBytes)),
            processBytes: options.maxMemory > 0 ? options.maxMemory : nil)
    }

    private static func reconciler(
        _ options: ServeOptions, _ cluster: Cluster?, _ certificates: Certificates?,
        _ metrics: ServiceMetrics, _ log: Log, reload: @escaping @Sendable () -> Void
    ) -> WebhookReconciler? {
        let wanted = options.cluster
        guard let cluster, wanted.reconciles else { return nil }
        let file = authorities(options).first
        return WebhookReconciler(
            WebhookBundle(
                configuration: wanted.webhookConfigName, entry: wanted.webhookName,
                revision: options.injection.revision),
            metrics: WebhookMetrics(metrics.registry, name: wanted.webhookConfigName), log: log,
            refresh: { cluster.refreshCertificate(reload) }
        ) { () throws(WebhookBundle.Problem) in
            guard let file else { return cluster.certificate?.current?.bundle ?? [] }
            return try mountedBundle(file, certificates)
        }
    }

    /// Reads the mounted bundle and checks that it has signed the certificate in use; otherwise every call would fail.
    private static func mountedBundle(
        _ file: String, _ certificates: Certificates?
    ) throws(WebhookBundle.Problem) -> [UInt8] {
        let bundle: [UInt8]
        do throws(FileError) {
            bundle = try File.contents(of: file, atMost: 1 << 20)
        } catch {
            throw WebhookBundle.Problem(.bundleUnusable, error.description)
        }
        guard PEM.isCertificate(bundle) else {
            throw WebhookBundle.Problem(.bundleUnusable, "\(file): holds no certificate")
        }
        if let certificates, !PEM.isTrusted(certificates.credentials.current.certificates, by: bundle) {
            throw WebhookBundle.Problem(
                .bundleUnusable, "\(file): none of its certificates has signed the one that is served")
        }
        return bundle
    }

    /// Serves until SIGTERM or SIGINT, then shuts down in order.
    ///
    /// - Returns: the exit status: 0 after an orderly shutdown, also if a signal ends the start; 1 if the service does
    ///   not start.
    /// - Parameter started: called once, when requests are answered.
    public static func run(
        _ options: ServeOptions, started: (Service) -> Void = { _ in }
    ) -> Int32 {
        let signals = Signals()
        Descriptors.raiseLimit()
        let log = Log(options.logLevels, format: options.logFormat)
        let service: Service
        let stop = StopSignal()
        do throws(ServiceError) {
            service = try signals.watchingForEnd({ stop.raise() }) { () throws(ServiceError) in
                try Service(options, log: log, stop: stop)
            }
        } catch {
            if let signal = signals.pendingEnd {
                log.info("ending before it began", [Member("signal", .string(name(of: signal)))])
                return 0
            }
            log.error(error.message)
            return 1
        }
        started(service)
        while true {
            switch signals.next() {
            case SIGHUP:
                service.reload()
            case let signal:
                log.info("ending", [Member("signal", .string(name(of: signal)))])
                service.stop()
                return 0
            }
        }
    }

    private static func name(of signal: Int32) -> String { signal == SIGTERM ? "SIGTERM" : "SIGINT" }

    /// Reloads configuration, templates, charts, certificate and token, and logs the result.
    public func reload() { reloader.reload() }

    /// Shuts down in order: first not ready, after the delay no new connections, then the current requests are
    /// finished.
    public func stop() {
        health.beginEnding()
        cluster?.stop()
        watch.stop()
        for listener in listeners { listener.server.announceEnd() }
        if options.shutdownDelay > 0 {
            Thread.sleep(milliseconds: Int(min(options.shutdownDelay, 600) * 1_000))
        }
        for listener in listeners { listener.server.quiesce() }
        let end = MonotonicClock.nanoseconds + UInt64(max(options.drainMilliseconds, 0)) * 1_000_000
        for listener in listeners {
            let now = MonotonicClock.nanoseconds
            let left = now < end ? Int((end - now) / 1_000_000) : 0
            if !listener.server.drain(milliseconds: left) {
                log.warning(
                    "requests were cut off",
                    [Member("count", .int(Int64(listener.server.activeRequests)))])
            }
        }
        for listener in listeners { listener.server.stop() }
        // The metrics refer to the servers, whose handlers refer to the metrics: this breaks the reference cycle.
        active.servers = []
        healthFile?.stop()
    }
}

/// The number of current requests on all listeners, which are created after the metrics.
private final class ActiveRequests: Sendable {
    private let all = Mutex<[HTTPServer]>([])

    var servers: [HTTPServer] {
        get { all.withLock { $0 } }
        set { all.withLock { $0 = newValue } }
    }

    var count: Double { Double(servers.reduce(0) { $0 + $1.activeRequests }) }
}

/// The reason why the service does not start.
public struct ServiceError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
