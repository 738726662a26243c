import HTTPServer
import Injection
import Synchronization
import Values

/// Takes what changed in the files into use where it is good, and says so where it is not. One reload at a time.
final class Reloader: Sendable {
    private let store: SnapshotStore
    private let certificates: Certificates?
    private let token: BearerToken?
    private let log: Log
    private let turn = Mutex<Void>(())

    init(store: SnapshotStore, certificates: Certificates?, token: BearerToken?, log: Log) {
        self.store = store
        self.certificates = certificates
        self.token = token
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
        case .loaded(let generation):
            log.info("configuration loaded", [Member("generation", .int(Int64(generation)))])
            for warning in store.snapshot.warnings { log.warning(warning.description) }
        case .refused(let errors):
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
            log.info(
                "certificate loaded", [Member("until", .string(Timestamp.text(seconds: certificates.expiry)))]
            )
        case .refused(let error):
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
