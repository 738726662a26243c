import HTTPServer
import Injection
import Synchronization
import Values

/// Takes what changed in the files into use where it is good, and says so where it is not. One reload at a time.
final class Reloader: Sendable {
    private let store: SnapshotStore
    private let certificates: Certificates?
    private let token: BearerToken?
    private let metrics: ServiceMetrics
    private let log: Log
    private let turn = Mutex<Void>(())

    init(
        store: SnapshotStore, certificates: Certificates?, token: BearerToken?, metrics: ServiceMetrics,
        log: Log
    ) {
        self.store = store
        self.certificates = certificates
        self.token = token
        self.metrics = metrics
        self.log = log
    }

    /// The files that are looked at.
    var paths: [String] {
        store.configuration.paths.all + (certificates.map { [$0.certificatePath, $0.keyPath] } ?? [])
            + (token.map { [$0.path] } ?? [])
    }

    func reload() {
        turn.withLock { _ in
            reloadConfiguration()
            reloadCertificates()
            reloadToken()
        }
    }

    private func reloadConfiguration() {
        switch store.reload() {
        case .unchanged: return
        case .loaded(let generation, let files):
            metrics.countReload(of: files, isSuccess: true, at: store.current.loadedAt)
            log.info("configuration loaded", [Member("generation", .int(Int64(generation)))])
            for warning in store.snapshot.warnings { log.warning(warning.description) }
        case .refused(let errors, let files):
            metrics.countReload(of: files, isSuccess: false, at: store.current.lastAttempt.at)
            for error in errors {
                log.error("configuration refused, the last good one stays", [Member("error", .string(error))])
            }
        }
    }

    private func reloadCertificates() {
        guard let certificates else { return }
        switch certificates.reload() {
        case .unchanged: return
        case .loaded:
            metrics.countCertificateReload(isSuccess: true)
            log.info(
                "certificate loaded", [Member("until", .string(Timestamp.text(seconds: certificates.expiry)))]
            )
        case .refused(let error):
            metrics.countCertificateReload(isSuccess: false)
            log.error("certificate refused, the last good one stays", [Member("error", .string(error))])
        }
    }

    private func reloadToken() {
        do throws(FileError) {
            try token?.reload()
        } catch {
            log.error("token refused, the last good one stays", [Member("error", .string(error.description))])
        }
    }
}
