import CMicrohttpd
import Synchronization

/// The CAs that are trusted for client certificates. They can be replaced while connections are open, because a
/// client's certificate is verified at each request, not when its connection begins.
public final class TLSClientAuthority: Sendable {
    private let list: Mutex<TrustList>

    /// - Parameter certificates: one or more CA certificates in PEM.
    /// - Throws: the reason why the certificates are invalid.
    public init(certificates: [UInt8]) throws(HTTPServerError) {
        list = Mutex(try TrustList(certificates))
    }

    /// Replaces the CAs. If the new ones cannot be parsed, the old ones are kept.
    public func replace(with certificates: [UInt8]) throws(HTTPServerError) {
        let new = try TrustList(certificates)
        list.withLock { $0 = new }
    }

    fileprivate var current: TrustList { list.withLock { $0 } }
}

/// GnuTLS's trust list. It never changes, so that several threads can use it concurrently.
private final class TrustList: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer

    init(_ certificates: [UInt8]) throws(HTTPServerError) {
        var count: UInt32 = 0
        var reason: UnsafePointer<CChar>?
        guard
            let list = pillion_tls_authority_load(certificates, certificates.count, &count, &reason)
        else {
            throw HTTPServerError(message: reason.map { String(cString: $0) } ?? "unknown reason")
        }
        pointer = list
    }

    deinit { pillion_tls_authority_free(pointer) }
}

/// The identity of a client according to its certificate.
public enum TLSClient: Sendable, Equatable {
    /// No TLS, or no certificate.
    case unknown
    /// A certificate that is not signed by a trusted CA, is not valid now, or is not for clients.
    case untrusted
    case verified(commonName: String)
}

extension HTTPRequest {
    public func tlsClient(trusting authority: TLSClientAuthority) -> TLSClient {
        guard let session = tlsSession else { return .unknown }
        var name = [CChar](repeating: 0, count: 256)
        let list = authority.current
        let verdict = withExtendedLifetime(list) {
            pillion_tls_verify_client(UnsafeMutableRawPointer(session), list.pointer, &name, name.count)
        }
        switch verdict {
        case 0: return .unknown
        case 1:
            let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return .verified(commonName: String(decoding: bytes, as: UTF8.self))
        default: return .untrusted
        }
    }

    /// Whether the client's certificate is valid for that DNS name.
    public func tlsClientIs(_ name: String) -> Bool {
        guard let session = tlsSession else { return false }
        return pillion_tls_client_has_name(UnsafeMutableRawPointer(session), name) != 0
    }
}
