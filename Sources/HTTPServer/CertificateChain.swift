import CMicrohttpd
import Glibc
import Values

/// A certificate chain of a PEM file or of a server: its contents, and whether it is valid. It contains no secrets and
/// needs no private key.
public struct CertificateChain: Sendable {
    /// The contents of one certificate.
    public struct Certificate: Sendable, Equatable {
        public var subject: String
        public var issuer: String
        /// The DNS names that it is valid for.
        public var names: [String]
        /// The validity period, in seconds since 1970.
        public var notBefore: Int
        public var notAfter: Int
        /// The algorithm and size of the key, for example `EC/ECDSA 256` or `RSA 2048`.
        public var key: String
        public var isRSA: Bool
        public var bits: Int
        /// The signature algorithm, and whether it is still considered secure.
        public var signature: String
        public var isSignatureSecure: Bool
        public var isAuthority: Bool
        /// Whether its extended key usage, if present, allows its use by a server.
        public var isForServers: Bool
        public var isSelfSigned: Bool
        /// Whether it is signed by the next certificate of the chain.
        public var isSignedByNext: Bool
    }

    public let pem: [UInt8]
    /// The certificates, leaf first.
    public let certificates: [Certificate]

    /// The maximum number of certificates that are read from one file.
    private static let longest = 64

    /// - Throws: the reason why the text is not a certificate chain.
    public init(pem: [UInt8]) throws(HTTPServerError) {
        var rows = [pillion_certificate](repeating: pillion_certificate(), count: Self.longest)
        var reason: UnsafePointer<CChar>?
        let texts = UnsafeMutablePointer<pillion_certificate_texts>.allocate(capacity: Self.longest)
        defer { texts.deallocate() }
        let count = pillion_certificates_read(pem, pem.count, &rows, texts, UInt32(rows.count), &reason)
        guard count > 0 else {
            throw HTTPServerError(
                message: reason.map { String(cString: $0) } ?? "there is no PEM certificate")
        }
        self.pem = pem
        certificates = rows[..<Int(count)].map { Certificate($0) }
    }

    /// Whether the leaf is valid for that DNS name. The common name is ignored.
    public func isFor(_ name: String) -> Bool {
        certificates[0].names.isEmpty ? false : pillion_certificate_has_name(pem, pem.count, name) != 0
    }

    /// Returns the reason why a client that trusts these CAs would not trust the chain; nil if it would trust it.
    public func distrust(of authorities: [UInt8]) -> String? {
        var reason = [CChar](repeating: 0, count: 512)
        let verdict = pillion_certificates_verify(
            pem, pem.count, authorities, authorities.count, &reason, reason.count)
        guard verdict != 0 else { return nil }
        var text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        while text.last == " " { text.removeLast() }
        return text
    }

    /// Connects to a server and returns its certificate chain.
    ///
    /// - Parameters:
    ///   - name: the server name of the handshake (SNI).
    ///   - milliseconds: the timeout of connecting and of the handshake, each.
    /// - Throws: the reason why no chain could be obtained.
    public static func shown(
        by host: String, port: UInt16, name: String, milliseconds: Int = 5_000
    ) throws(HTTPServerError) -> CertificateChain {
        let socket = try SocketAddress.connected(to: host, port: port, milliseconds: milliseconds)
        defer { close(socket) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        var size = 0
        var reason: UnsafePointer<CChar>?
        let result = pillion_certificates_served(
            socket, name, UInt32(milliseconds), &bytes, bytes.count, &size, &reason)
        guard result == 0 else {
            throw HTTPServerError(
                message: "\(host):\(port): " + (reason.map { String(cString: $0) } ?? "no TLS"))
        }
        return try CertificateChain(pem: Array(bytes[..<size]))
    }
}

extension CertificateChain.Certificate {
    /// Copies the contents of a C structure.
    fileprivate init(_ row: pillion_certificate) {
        subject = text(row.subject)
        issuer = text(row.issuer)
        names = text(row.names).split(byte: "\n").map(String.init)
        notBefore = Int(row.not_before)
        notAfter = Int(row.not_after)
        key = "\(text(row.algorithm)) \(row.bits)"
        isRSA = row.is_rsa != 0
        bits = Int(row.bits)
        signature = text(row.signature)
        isSignatureSecure = row.is_signature_secure != 0
        isAuthority = row.is_authority != 0
        isForServers = row.is_for_servers != 0
        isSelfSigned = row.is_own_issuer != 0
        isSignedByNext = row.is_signed_by_next != 0
    }
}

private func text(_ characters: UnsafePointer<CChar>) -> String { String(cString: characters) }
