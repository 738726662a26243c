import HTTPServer
import Injection
import Synchronization
import System
import Values

/// Loads changed files and uses them if they are valid; otherwise logs the problem. One reload at a time.
final class Reloader: Sendable {
    private let store: SnapshotStore
    private let certificates: Certificates?
    private let clientAuthority: ClientAuthority?
    private let token: BearerToken?
    private let templates: TemplateFolder?
    private let charts: ChartStore?
    private let metrics: ServiceMetrics
    private let log: Log
    private let turn = Mutex<Void>(())
    /// The warnings that were logged for the current configuration.
    private let warned: Mutex<[String]>

    init(
        store: SnapshotStore, certificates: Certificates?, clientAuthority: ClientAuthority?,
        token: BearerToken?, templates: TemplateFolder?, charts: ChartStore?, metrics: ServiceMetrics,
        log: Log
    ) {
        self.store = store
        self.certificates = certificates
        self.clientAuthority = clientAuthority
        self.token = token
        self.templates = templates
        self.charts = charts
        self.metrics = metrics
        self.log = log
        warned = Mutex(store.current.warnings.map(\.description))
    }

    /// The files in the folder of templates that are not templates.
    var skippedTemplates: [String] { templates?.skipped ?? [] }

    /// The files that are watched.
    var paths: [String] {
        store.configuration.paths.all + (certificates?.paths ?? [])
            + [
                clientAuthority?.path, token?.path, templates.map { $0.path + "/" },
                charts.map { $0.path + "/" },
            ].compactMap(\.self)
    }

    func reload() {
        turn.withLock { _ in
            reloadConfiguration()
            reloadTemplates()
            reloadCharts()
            reloadCertificates()
            reloadCallers()
        }
    }

    private func reloadConfiguration() {
        switch store.reload() {
        case .unchanged: log.debug("configuration unchanged", in: .config)
        case .loaded(let generation, let files):
            metrics.countReload(of: files, isSuccess: true, at: store.current.loadedAt)
            log.info("configuration loaded", [Member("generation", .int(Int64(generation)))], in: .config)
            let warnings = store.current.warnings.map(\.description)
            let before = warned.withLock { warned in
                defer { warned = warnings }
                return warned
            }
            for warning in warnings where !before.contains(warning) { log.warning(warning, in: .config) }
        case .refused(let errors, let files):
            metrics.countReload(of: files, isSuccess: false, at: store.current.lastAttempt.at)
            for error in errors {
                log.error(
                    "configuration refused, the last good one stays", [Member("error", .string(error))],
                    in: .config)
            }
        }
    }

    private func reloadTemplates() {
        guard let templates else { return }
        report(
            templates.reload(), TemplateFolder.label, loaded: "templates loaded",
            refused: "templates refused, the last good ones stay")
    }

    private func reloadCharts() {
        guard let charts else { return }
        report(
            charts.reload(), ChartStore.label, loaded: "charts loaded",
            refused: "chart refused, the last good one stays")
    }

    private func report(_ outcome: FolderReload, _ label: String, loaded: String, refused: String) {
        switch outcome {
        case .unchanged: return
        case .loaded(let names):
            metrics.countReload(of: [label], isSuccess: true, at: Timestamp.now)
            log.info(loaded, [Member("count", .int(Int64(names.count)))], in: .config)
        case .refused(let errors):
            metrics.countReload(of: [label], isSuccess: false, at: Timestamp.now)
            for error in errors { log.error(refused, [Member("error", .string(error))], in: .config) }
        }
    }

    private func reloadCertificates() {
        guard let certificates else { return }
        switch certificates.reload() {
        case .unchanged: log.debug("certificate unchanged", in: .tls)
        case .loaded:
            metrics.countCertificateReload(isSuccess: true)
            log.info("certificate loaded", certificates.summary, in: .tls)
        case .refused(let error):
            metrics.countCertificateReload(isSuccess: false)
            log.error(
                "certificate refused, the last good one stays", [Member("error", .string(error))], in: .tls)
        }
        if let warning = certificates.expiryWarning() { log.warning(warning, in: .tls) }
    }

    private func reloadCallers() {
        do throws(FileError) {
            if try token?.reload() ?? false { log.info("token loaded", in: .tls) }
        } catch {
            log.error(
                "token refused, the last good one stays", [Member("error", .string(error.description))],
                in: .tls)
        }
        do throws(FileError) {
            if try clientAuthority?.reload() ?? false { log.info("client CA loaded", in: .tls) }
        } catch {
            log.error(
                "client CA refused, the last good one stays", [Member("error", .string(error.description))],
                in: .tls)
        }
    }
}
