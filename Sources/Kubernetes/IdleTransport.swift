import Synchronization

/// The connection of the last call, kept for the next one: for a command that asks ten things, ten TLS handshakes cost more
/// processor time than the answers.
///
/// libcurl distinguishes credentials by the paths of their files, and different certificates may have had the same path
/// here, one after the other. So a connection serves only calls with the same bytes.
final class IdleTransport: Sendable {
    private struct Kept: Sendable {
        var transport: Transport
        var credentials: Credentials
    }

    /// What a connection was opened with.
    private struct Credentials: Sendable, Equatable {
        var authorities: [UInt8]?
        var certificate: [UInt8]?
        var key: [UInt8]?

        init(_ request: TransportRequest) {
            authorities = request.authorities
            certificate = request.certificate
            key = request.key
        }
    }

    private let kept = Mutex<Kept?>(nil)

    /// The kept connection, if the request may use it; the caller has it alone.
    func take(for request: TransportRequest) -> Transport? {
        kept.withLock { kept in
            guard let found = kept, found.credentials == Credentials(request) else { return nil }
            kept = nil
            return found.transport
        }
    }

    /// Keeps a connection whose request is complete, in place of the one before.
    func keep(_ transport: Transport, after request: TransportRequest) {
        let new = Kept(transport: transport, credentials: Credentials(request))
        kept.withLock { $0 = new }
    }
}
