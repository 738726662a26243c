import CMicrohttpd
import Synchronization

/// The CAs that client certificates may come from. It may be replaced while connections go on: what a request's
/// certificate is worth is asked when the request is answered, not when its connection began.
public final class TLSClientAuthority: Sendable {
    private let list: Mutex<TrustList>

    /// - Parameter certificates: PEM of one CA or several.
    /// - Throws: what is wrong with the text.
    public init(certificates: [UInt8]) throws(HTTPServerError) {
        list = Mutex(try TrustList(certificates))
    }

    /// Takes other CAs; where they cannot be read, the ones before stay.
    public func replace(with certificates: [UInt8]) throws(HTTPServerError) {
        let new = try TrustList(certificates)
        list.withLock { $0 = new }
    }

    fileprivate var current: TrustList { list.withLock { $0 } }
}

/// GnuTLS' list; it never changes, so that threads may verify by it at once.
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

/// Who a client says it is by its certificate.
public enum TLSClient: Sendable, Equatable {
    /// No TLS, or no certificate.
    case unknown
    /// A certificate that none of the CAs signed, that does not hold now, or that is not for clients.
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

    /// Whether the client's certificate is made out for that DNS name.
    public func tlsClientIs(_ name: String) -> Bool {
        guard let session = tlsSession else { return false }
        return pillion_tls_client_has_name(UnsafeMutableRawPointer(session), name) != 0
    }
}
