import Kubernetes
import Synchronization
import Values

/// The certificate of `--tlsAuto`: in a Secret, made and renewed by whichever replica comes first.
final class CertificateKeeper: Sendable {
    /// How often the time of renewal is checked.
    static let seconds = 3_600
    /// Services that a certificate is made out for.
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

    /// - Returns: whether another certificate, or another bundle, is to be used.
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

    /// Reads the Secret again, which another replica may have changed.
    ///
    /// - Returns: whether another certificate is to be used.
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

    /// The time for a look has come.
    func becomeDue() { state.withLock { $0.isDue = true } }

    /// The Services that the webhook configuration calls. Ones that are new need another certificate.
    func add(_ services: [ObjectReference]) {
        state.withLock { state in
            for service in services
            where !state.services.contains(service) && state.services.count < Self.mostServices {
                state.services.append(service)
                state.isDue = true
            }
        }
    }

    /// What the Secret holds now, or that it is gone.
    ///
    /// - Returns: whether another certificate is to be used. Where it is no good, one becomes due instead.
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
