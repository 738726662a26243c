import Glibc
import HTTPServer
import Injection
import Kubernetes
import Synchronization
import System
import Values

/// All communication with the API server, on its own threads: the watches, and one thread that keeps the certificate
/// and the webhook configuration up to date. Changes are passed to the reloader; no request waits for them.
final class Cluster: Sendable {
    let configMaps: WatchedConfigMaps?
    let namespaces: NamespaceTable?
    let limits: LimitTable?
    let certificate: CertificateKeeper?
    /// The state of each watch.
    let watches = WatchHealth()
    /// The webhook configuration that calls this server, if it is watched.
    let installed = InstalledWebhooks()

    private let options: ClusterOptions
    private let nodes: NodeVersions?
    private let client: APIClient
    private let log: Log
    private let nudge = WakePipe()
    private let generation = Atomic<Int>(0)
    private let threads = Mutex<[Thread]>([])

    /// The time in which a start retries an API server that does not answer yet, in seconds.
    private static let patience = 30

    /// Connects to the cluster and loads everything that the start needs; returns nil if the options need no cluster.
    ///
    /// - Parameter stop: ends waiting for the API server, here and later.
    static func load(
        _ options: ServeOptions, log: Log, stop: StopSignal
    ) throws(ServiceError) -> Cluster? {
        let wanted = options.cluster
        guard wanted.isNeeded || wanted.nativeSidecarsOfNodes else { return nil }
        do throws(APIError) {
            let access = try ClusterAccess.find(kubeconfig: wanted.kubeconfig, context: wanted.context)
            log.info("cluster", [Member("server", .string(access.server.text))], in: .kubernetes)
            let cluster = Cluster(wanted, APIClient(access, stop: stop), log)
            try cluster.begin()
            return cluster
        } catch {
            guard error.kind == .noCluster, !wanted.isNeeded else {
                throw ServiceError(message: error.message)
            }
            log.warning("native sidecars are off", [Member("error", .string(error.message))], in: .kubernetes)
            return nil
        }
    }

    private init(_ options: ClusterOptions, _ client: APIClient, _ log: Log) {
        self.options = options
        self.client = client
        self.log = log
        configMaps = WatchedConfigMaps(options)
        namespaces = options.followsNamespaces ?? options.isNeeded ? NamespaceTable() : nil
        limits = options.followsLimits ? LimitTable() : nil
        nodes = options.nativeSidecarsOfNodes ? NodeVersions() : nil
        certificate = options.tlsAuto.map {
            CertificateKeeper($0, services: options.tlsServices, client: client)
        }
    }

    private func begin() throws(APIError) {
        if let configMaps { try patiently { () throws(APIError) in try configMaps.load(client) } }
        if let certificate {
            lookForServices(certificate)
            try patiently { () throws(APIError) in _ = try certificate.ensure() }
        }
        lookAtNodes()
    }

    /// Finds the Services that the first certificate is issued for, if the webhook configuration already exists.
    private func lookForServices(_ certificate: CertificateKeeper) {
        guard options.reconciles else { return }
        let webhooks = WebhookBundle(
            configuration: options.webhookConfigName, entry: options.webhookName, revision: "")
        do throws(APIError) {
            let object = try client.get(.mutatingWebhookConfigurations, name: options.webhookConfigName)
            certificate.add(webhooks.services(of: object))
        } catch {
            guard error.kind != .notFound else { return }
            log.warning(
                "the webhook configuration cannot be looked at", [Member("error", .string(error.message))],
                in: .tls)
        }
    }

    private func patiently(_ body: () throws(APIError) -> Void) throws(APIError) {
        let end = MonotonicClock.milliseconds + Self.patience * 1_000
        while true {
            do throws(APIError) {
                return try body()
            } catch {
                guard error.isPassing, MonotonicClock.milliseconds < end else { throw error }
                log.warning(
                    "waiting for the API server", [Member("error", .string(error.message))], in: .kubernetes)
                client.stop.pause(milliseconds: 1_000)
            }
        }
    }

    // MARK: facts that snapshots depend on

    /// A counter that increases when the result of `adjust` changes.
    var factsGeneration: Int { generation.load(ordering: .relaxed) }

    func adjust(_ injection: inout InjectionOptions) {
        if let nodes { injection.nativeSidecars = nodes.runNativeSidecars }
        // The annotations are empty if the platform is not OpenShift. They override what a file specifies for a
        // namespace.
        if let namespaces {
            injection.namespaceAnnotations.merge(namespaces.annotations) { $1 }
            injection.namespaceLabels.merge(namespaces.podSecurity) { $1 }
        }
        if let limits { injection.addLimits(limits.all) }
    }

    // MARK: threads

    /// The receivers of the threads' results.
    struct Receivers: Sendable {
        var reload: @Sendable () -> Void
        var reconciler: WebhookReconciler?
    }

    func start(_ receivers: Receivers) {
        if let configMaps {
            for reference in configMaps.references { follow(reference, configMaps, receivers.reload) }
        }
        if let namespaces {
            follow(NamespaceTable.watch, .namespaces, "labels of namespaces") { [self] delivery in
                guard namespaces.note(delivery) else { return }
                generation.add(1, ordering: .relaxed)
                receivers.reload()
            }
        }
        if let limits {
            for (resource, subject) in LimitTable.resources {
                follow(LimitTable.watch(resource), subject, resource.name) { [self] delivery in
                    guard limits.note(delivery, of: resource) else { return }
                    generation.add(1, ordering: .relaxed)
                    receivers.reload()
                }
            }
        }
        if let certificate {
            let secret = certificate.secret
            let watch = ObjectWatch(.secrets, namespace: secret.namespace, name: secret.name)
            follow(watch, .secret, "secret \(secret)") { [self] delivery in
                if certificate.note(delivery) { useCertificate(receivers) }
                if certificate.isDue { nudge.wake() }
            }
        }
        if let reconciler = receivers.reconciler {
            let name = reconciler.webhooks.configuration
            follow(
                ObjectWatch(.mutatingWebhookConfigurations, name: name), .webhook,
                "mutatingwebhookconfiguration \(name)"
            ) { [self] delivery in
                installed.note(delivery)
                reconciler.note(delivery)
                certificate?.add(reconciler.services)
                nudge.wake()
            }
        }
        if certificate != nil || nodes != nil || receivers.reconciler != nil {
            run { [self] in keep(receivers) }
        }
    }

    func stop() {
        client.stop.raise()
        let all = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in all { thread.join() }
    }

    /// Reads the certificate again, because another replica may have changed it.
    func refreshCertificate(_ reload: () -> Void) {
        guard let certificate, (try? certificate.refresh()) == true else { return }
        reload()
    }

    /// Makes the webhook configuration due, after the certificate's files were read again.
    func certificateFilesChanged(_ reconciler: WebhookReconciler?) {
        reconciler?.becomeDue()
        nudge.wake()
    }

    private func run(_ body: @escaping @Sendable () -> Void) {
        guard let thread = Thread(body) else {
            log.error("the system gives no thread: what the cluster says is not followed", in: .kubernetes)
            return
        }
        threads.withLock { $0.append(thread) }
    }

    private func follow(
        _ reference: ObjectReference, _ configMaps: WatchedConfigMaps,
        _ reload: @escaping @Sendable () -> Void
    ) {
        let watch = ObjectWatch(.configMaps, namespace: reference.namespace, name: reference.name)
        let subject: WatchHealth.Subject = reference == configMaps.injection ? .inject : .mesh
        follow(watch, subject, "configmap \(reference)") { delivery in
            let object: Value?
            switch delivery {
            case .all(let objects): object = objects.first
            case .changed(let changed): object = changed
            case .deleted: object = nil
            case .failed, .alive: return
            }
            if configMaps.note(object, reference) { reload() }
        }
    }

    /// Follows the watch until the end. A problem is logged once, and its end once.
    private func follow(
        _ watch: ObjectWatch, _ subject: WatchHealth.Subject, _ what: String,
        _ deliver: @escaping @Sendable (ObjectWatch.Delivery) -> Void
    ) {
        watches.begin(subject, what)
        run { [self] in
            var said: String?
            watch.run(client) { delivery in
                watches.note(delivery, of: subject)
                switch delivery {
                case .failed(let error):
                    let sameness = error.sameness
                    if said != sameness {
                        log.warning(
                            "watch interrupted, what is known stays",
                            [Member("of", .string(what)), Member("error", .string(error.message))],
                            in: .kubernetes)
                    }
                    said = sameness
                case .alive:
                    if said != nil {
                        log.info("watch works again", [Member("of", .string(what))], in: .kubernetes)
                    }
                    said = nil
                case .all, .changed, .deleted: break
                }
                deliver(delivery)
            }
        }
    }

    // MARK: updates

    private func keep(_ receivers: Receivers) {
        var nextCertificate = MonotonicClock.milliseconds + CertificateKeeper.seconds * 1_000
        var nextNodes = MonotonicClock.milliseconds + NodeVersions.seconds * 1_000
        var certificateProblems = 0
        var said: String?
        while true {
            let now = MonotonicClock.milliseconds
            let isTried = certificateProblems == 0 && certificate?.isDue == true
            let next = min(
                isTried ? now : certificate == nil ? Int.max : nextCertificate,
                nodes == nil ? Int.max : nextNodes,
                receivers.reconciler?.wait(now: now).map { now + $0 } ?? Int.max)
            // The wait is limited to a day, so that no number overflows.
            guard client.stop.pause(milliseconds: max(0, min(next - now, 86_400_000)), orUntil: nudge) else {
                return
            }
            let then = MonotonicClock.milliseconds
            if let certificate,
                isTried || certificate.isDue && certificateProblems == 0 || then >= nextCertificate
            {
                let isKept = keepCertificate(certificate, receivers, &said)
                certificateProblems = isKept ? 0 : certificateProblems + 1
                let pause = isKept ? CertificateKeeper.seconds : min(1 << min(certificateProblems, 5), 30)
                nextCertificate = MonotonicClock.milliseconds + pause * 1_000
            }
            if nodes != nil, then >= nextNodes {
                if lookAtNodes() { receivers.reload() }
                nextNodes = MonotonicClock.milliseconds + NodeVersions.seconds * 1_000
            }
            receivers.reconciler?.work(client)
        }
    }

    /// - Parameter said: the last problem that was logged, which is not logged again.
    private func keepCertificate(
        _ certificate: CertificateKeeper, _ receivers: Receivers, _ said: inout String?
    ) -> Bool {
        do throws(APIError) {
            if try certificate.ensure() { useCertificate(receivers) }
            said = nil
            return true
        } catch {
            defer { said = error.sameness }
            if error.kind != .stopped, said != error.sameness {
                log.error(
                    "certificate not kept, the last good one stays",
                    [Member("error", .string(error.message))],
                    in: .tls)
            }
            return false
        }
    }

    private func useCertificate(_ receivers: Receivers) {
        receivers.reload()
        receivers.reconciler?.becomeDue()
        nudge.wake()
    }

    @discardableResult
    private func lookAtNodes() -> Bool {
        guard let nodes else { return false }
        do throws(APIError) {
            guard try nodes.look(client) else { return false }
            generation.add(1, ordering: .relaxed)
            log.info(
                "native sidecars", [Member("on", .bool(nodes.runNativeSidecars))], in: .kubernetes)
            return true
        } catch {
            log.warning(
                "versions of nodes are not known, native sidecars stay as they were",
                [Member("error", .string(error.message))], in: .kubernetes)
            return false
        }
    }
}
