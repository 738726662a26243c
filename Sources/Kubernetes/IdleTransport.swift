import Synchronization

/// The connection of the last call, kept for the next one. Without it, a command that makes ten requests would spend
/// more processor time on ten TLS handshakes than on the answers.
///
/// libcurl distinguishes credentials by the paths of their files, but different certificates may have had the same path
/// here at different times. So a connection is reused only by calls with the same bytes.
final class IdleTransport: Sendable {
    private struct Kept: Sendable {
        var transport: Transport
        var credentials: Credentials
    }

    /// The credentials with which a connection was opened.
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

    /// Takes the kept connection, if the request may use it. Only this caller has it then.
    func take(for request: TransportRequest) -> Transport? {
        kept.withLock { kept in
            guard let found = kept, found.credentials == Credentials(request) else { return nil }
            kept = nil
            return found.transport
        }
    }

    /// Keeps a connection whose request is complete, and replaces the one kept before.
    func keep(_ transport: Transport, after request: TransportRequest) {
        let new = Kept(transport: transport, credentials: Credentials(request))
        kept.withLock { $0 = new }
    }
}
