import Kubernetes
import Synchronization
import Values

/// The certificate of `--tlsAuto`, in a Secret, created and renewed by whichever replica is first.
final class CertificateKeeper: Sendable {
    /// The interval at which the renewal time is checked, in seconds.
    static let seconds = 3_600
    /// The largest number of Services that a certificate is issued for.
    static let mostServices = 20

    private struct State {
        var current: ServingCertificate?
        var services: [ObjectReference]
        var isDue = true
    }

    private let shared: SharedCertificate
    private let state: Mutex<State>

    init(_ secret: ObjectReference, services: [ObjectReference], client: APIClient) {
        shared = SharedCertificate(secret, client: client)
        let ownService = ObjectReference(namespace: secret.namespace, name: "pillion")
        state = Mutex(State(services: services.isEmpty ? [ownService] : services))
    }

    var secret: ObjectReference { shared.secret }

    /// nil before the first `ensure`.
    var current: ServingCertificate? { state.withLock { $0.current } }

    var isDue: Bool { state.withLock { $0.isDue } }

    private func names() -> [String] { state.withLock { $0.services.flatMap(ServingCertificate.names(of:)) } }

    /// Creates or renews the certificate if necessary.
    ///
    /// - Returns: whether the certificate or the bundle has changed.
    func ensure() throws(APIError) -> Bool {
        state.withLock { $0.isDue = false }
        do throws(APIError) {
            let certificate = try shared.ensure(names: names())
            return take(certificate)
        } catch {
            state.withLock { $0.isDue = true }
            throw error
        }
    }

    /// Reads the Secret again, because another replica may have changed it.
    ///
    /// - Returns: whether the certificate has changed.
    func refresh() throws(APIError) -> Bool {
        guard let found = try shared.current(), found.isGood(for: names()) else { return false }
        return take(found)
    }

    private func take(_ certificate: ServingCertificate) -> Bool {
        state.withLock { state in
            defer { state.current = certificate }
            return state.current != certificate
        }
    }

    /// Makes a check of the certificate due.
    func becomeDue() { state.withLock { $0.isDue = true } }

    /// Adds the Services that the webhook configuration calls. New ones require another certificate.
    func add(_ services: [ObjectReference]) {
        state.withLock { state in
            for service in services
            where !state.services.contains(service) && state.services.count < Self.mostServices {
                state.services.append(service)
                state.isDue = true
            }
        }
    }

    /// Processes the current content of the Secret, or its deletion.
    ///
    /// - Returns: whether the certificate has changed. If it is not usable, a check becomes due instead.
    func note(_ delivery: ObjectWatch.Delivery) -> Bool {
        let object: Value?
        switch delivery {
        case .all(let objects): object = objects.first
        case .changed(let changed): object = changed
        case .deleted: object = nil
        case .failed, .alive: return false
        }
        guard let found = object.flatMap({ ServingCertificate(secret: $0) }), found.isGood(for: names())
        else {
            becomeDue()
            return false
        }
        return take(found)
    }
}
