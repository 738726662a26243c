import CMicrohttpd
import Glibc
import Synchronization
import System

/// The certificate chain and key that a listener shows, which can be swapped while connections go on: those that
/// are open keep what they have, handshakes that begin afterwards see the new pair.
public final class TLSCredentials: Sendable {
    private struct State {
        var current: TLSPair
        /// Pairs that a handshake may still be using, with the moment they were replaced.
        var retired: [(pair: TLSPair, at: UInt64)] = []
    }
    private let state: Mutex<State>
    /// Longer than any handshake lasts: connections that say nothing are ended before.
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

/// A certificate chain with its key, checked to belong together.
public final class TLSPair: @unchecked Sendable {
    fileprivate var pair: pillion_tls_pair
    /// The chain as it was given, PEM.
    public let certificates: [UInt8]

    /// - Parameters:
    ///   - certificates: PEM, the leaf first, then who signed it.
    ///   - key: PEM without a password.
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

    /// Seconds since 1970 between which the leaf holds.
    public var validity: ClosedRange<Int> {
        Int(pair.not_before)...max(Int(pair.not_before), Int(pair.not_after))
    }

    /// Whether the leaf is made out for that DNS name; the common name is not read.
    public func isFor(_ name: String) -> Bool { pillion_tls_pair_has_name(&pair, name) != 0 }

    private static func failure(_ reason: UnsafePointer<CChar>?) -> HTTPServerError {
        HTTPServerError(message: reason.map { String(cString: $0) } ?? "unknown reason")
    }
}

/// How a listener speaks TLS.
public struct TLSOptions: Sendable {
    public enum Version: String, Sendable, CaseIterable {
        case v12 = "1.2"
        case v13 = "1.3"
    }

    public var credentials: TLSCredentials
    public var minimum: Version
    public var suites = TLSCipherSuites()
    /// Whether handshakes ask for a client's certificate. It is not checked here: `HTTPRequest.tlsClient` does.
    public var asksClient: Bool

    public init(credentials: TLSCredentials, minimum: Version = .v12, asksClient: Bool = false) {
        self.credentials = credentials
        self.minimum = minimum
        self.asksClient = asksClient
    }

    /// What GnuTLS may negotiate: ciphers that authenticate what they encrypt, and key exchanges that keep the past
    /// secret. There is no compression and, in 1.3, no renegotiation.
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

/// `gnutls_certificate_retrieve_function2`: which pair a handshake shows. What it hands out stays with the
/// credentials.
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
