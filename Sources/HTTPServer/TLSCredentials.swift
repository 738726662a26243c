import CMicrohttpd
import Glibc
import Synchronization
import System

/// The certificate chain and key of a listener. They can be replaced while connections are open. Open connections are
/// not affected; later handshakes use the new pair.
public final class TLSCredentials: Sendable {
    private struct State {
        var current: TLSPair
        /// Pairs that a handshake may still use, with the time at which they were replaced.
        var retired: [(pair: TLSPair, at: UInt64)] = []
    }
    private let state: Mutex<State>
    /// A time that is longer than any handshake, because silent connections are ended earlier.
    private static let handshakeNanoseconds: UInt64 = 120 * 1_000_000_000

    public init(_ pair: TLSPair) {
        state = Mutex(State(current: pair))
    }

    public var current: TLSPair { state.withLock { $0.current } }

    public func replace(with pair: TLSPair) {
        let now = MonotonicClock.nanoseconds
        state.withLock { state in
            state.retired.removeAll { $0.at + Self.handshakeNanoseconds < now }
            state.retired.append((state.current, now))
            state.current = pair
        }
    }
}

/// A certificate chain with its key, which have been checked to match.
public final class TLSPair: @unchecked Sendable {
    fileprivate var pair: pillion_tls_pair
    /// The given chain in PEM.
    public let certificates: [UInt8]

    /// - Parameters:
    ///   - certificates: the chain in PEM: the leaf first, then its issuers.
    ///   - key: the key in PEM, without a password.
    public init(certificates: [UInt8], key: [UInt8]) throws(HTTPServerError) {
        var reason: UnsafePointer<CChar>?
        guard pillion_tls_open(&reason) == 0 else { throw Self.failure(reason) }
        self.certificates = certificates
        pair = pillion_tls_pair()
        guard pillion_tls_pair_load(certificates, certificates.count, key, key.count, &pair, &reason) == 0
        else {
            throw Self.failure(reason)
        }
    }

    deinit { pillion_tls_pair_free(&pair) }

    /// The validity period of the leaf, in seconds since 1970.
    public var validity: ClosedRange<Int> {
        Int(pair.not_before)...max(Int(pair.not_before), Int(pair.not_after))
    }

    /// Whether the leaf is valid for that DNS name. The common name is ignored.
    public func isFor(_ name: String) -> Bool { pillion_tls_pair_has_name(&pair, name) != 0 }

    private static func failure(_ reason: UnsafePointer<CChar>?) -> HTTPServerError {
        HTTPServerError(message: reason.map { String(cString: $0) } ?? "unknown reason")
    }
}

/// The TLS settings of a listener.
public struct TLSOptions: Sendable {
    public enum Version: String, Sendable, CaseIterable {
        case v12 = "1.2"
        case v13 = "1.3"
    }

    public var credentials: TLSCredentials
    public var minimum: Version
    public var suites = TLSCipherSuites()
    /// Whether handshakes request a client certificate. `HTTPRequest.tlsClient` verifies it.
    public var asksClient: Bool

    public init(credentials: TLSCredentials, minimum: Version = .v12, asksClient: Bool = false) {
        self.credentials = credentials
        self.minimum = minimum
        self.asksClient = asksClient
    }

    /// The GnuTLS priority string: ciphers with authenticated encryption and key exchanges with forward secrecy. There
    /// is no compression and, in 1.3, no renegotiation.
    var priorities: String {
        let versions = minimum == .v13 ? "+VERS-TLS1.3" : "+VERS-TLS1.3:+VERS-TLS1.2"
        return "NORMAL:-VERS-ALL:\(versions):\(suites.priorities):%SERVER_PRECEDENCE"
    }
}

typealias CertificateCallback =
    @convention(c) (
        OpaquePointer?, UnsafeRawPointer?, Int32, UnsafeRawPointer?, Int32,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<UInt32>?,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32

/// `gnutls_certificate_retrieve_function2`: selects the pair of a handshake. The credentials keep ownership of it.
func certificateAsked(
    session: OpaquePointer?, authorities: UnsafeRawPointer?, authorityCount: Int32,
    algorithms: UnsafeRawPointer?,
    algorithmCount: Int32, chain: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    count: UnsafeMutablePointer<UInt32>?, key: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int32 {
    guard let session, let chain, let count, let key,
        let connection = pillion_tls_connection(UnsafeMutableRawPointer(session)),
        let context = pillion_mhd_socket_context(OpaquePointer(connection))
    else { return -1 }
    let watched = Unmanaged<WatchedConnection>.fromOpaque(context).takeUnretainedValue()
    guard let current = watched.credentials?.current else { return -1 }
    if watched.asksClient { pillion_tls_ask_client(UnsafeMutableRawPointer(session)) }
    chain.pointee = current.pair.chain
    count.pointee = current.pair.count
    key.pointee = current.pair.key
    return 0
}
