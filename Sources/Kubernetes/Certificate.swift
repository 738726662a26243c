import CGnuTLS
import Glibc
import Values

/// A certificate and its key, as PEM.
struct IssuedCertificate: Sendable, Equatable {
    var certificate: [UInt8]
    var key: [UInt8]

    /// Issues a certificate with an ECDSA key on P-256.
    ///
    /// - Parameters:
    ///   - names: DNS names; an authority has none.
    ///   - issuer: the certificate that signs; nil is self-signed.
    static func issue(
        commonName: String, names: [String], validity: ClosedRange<Int>, issuer: IssuedCertificate?
    ) throws(APIError) -> IssuedCertificate {
        var texts: [UnsafeMutablePointer<CChar>?] = ([commonName] + names).map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        var certificate: UnsafeMutablePointer<CChar>?
        var key: UnsafeMutablePointer<CChar>?
        defer {
            pillion_x509_free(certificate)
            pillion_x509_free(key)
        }
        let status = texts.withUnsafeMutableBufferPointer { texts in
            texts.baseAddress!.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: texts.count) {
                texts in
                var request = pillion_x509_request()
                request.common_name = texts[0]
                request.names = UnsafePointer(texts + 1)
                request.is_authority = names.isEmpty ? 1 : 0
                request.not_before = Int64(validity.lowerBound)
                request.not_after = Int64(validity.upperBound)
                guard let issuer else { return pillion_x509_issue(&request, &certificate, &key) }
                return PEM.withText(issuer.certificate) { chain, size in
                    PEM.withText(issuer.key) { secret, secretSize in
                        request.issuer_certificate = chain
                        request.issuer_certificate_size = size
                        request.issuer_key = secret
                        request.issuer_key_size = secretSize
                        return pillion_x509_issue(&request, &certificate, &key)
                    }
                }
            }
        }
        guard status == PILLION_CRYPTO_OK.rawValue, let certificate, let key else {
            let reason = String(cString: pillion_crypto_problem())
            throw APIError(
                .certificate,
                "a certificate cannot be made: \(reason.isEmpty ? "GnuTLS refuses (\(status))" : reason)")
        }
        return IssuedCertificate(
            certificate: Array(String(cString: certificate).utf8), key: Array(String(cString: key).utf8))
    }
}

/// Checks of PEM certificates that decide whether they can be kept. They apply to the first certificate of a text.
public enum PEM {
    fileprivate static func withText<R>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>?, Int) -> R) -> R {
        bytes.withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
    }

    /// The certificate's validity, in seconds since 1970; nil if the text contains no certificate.
    static func validity(_ certificate: [UInt8]) -> ClosedRange<Int>? {
        var from: Int64 = 0
        var to: Int64 = 0
        let status = withText(certificate) { pillion_x509_validity($0, $1, &from, &to) }
        guard status == PILLION_CRYPTO_OK.rawValue, from <= to else { return nil }
        return Int(from)...Int(to)
    }

    public static func hasName(_ certificate: [UInt8], _ name: String) -> Bool {
        withText(certificate) { pillion_x509_has_name($0, $1, name) } == 1
    }

    static func hasKey(_ certificate: [UInt8], _ key: [UInt8]) -> Bool {
        withText(certificate) { text, size in
            withText(key) { pillion_x509_has_key(text, size, $0, $1) }
        } == 1
    }

    /// Whether one of the authorities signed the certificate, and both are valid now.
    public static func isTrusted(_ certificate: [UInt8], by authorities: [UInt8]) -> Bool {
        withText(certificate) { text, size in
            withText(authorities) { pillion_x509_is_trusted(text, size, $0, $1) }
        } == 1
    }

    /// Whether the text contains a certificate.
    public static func isCertificate(_ bytes: [UInt8]) -> Bool { validity(bytes) != nil }

    /// Splits a text into its certificates, at most 64.
    static func blocks(_ bytes: [UInt8]) -> [[UInt8]] {
        var text = String(decoding: bytes, as: UTF8.self)[...]
        var blocks: [[UInt8]] = []
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
        while blocks.count < 64, let start = text.firstRange(of: begin), let stop = text.firstRange(of: end),
            start.upperBound <= stop.lowerBound
        {
            blocks.append(Array(text[start.lowerBound..<stop.upperBound].utf8) + [0x0a])
            text = text[stop.upperBound...]
        }
        return blocks
    }
}
