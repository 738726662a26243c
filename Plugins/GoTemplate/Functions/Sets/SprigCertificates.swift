import CGnuTLS
import Glibc
import System
import Values

/// sprig's functions for certificates and private keys, implemented with GnuTLS. `buildCustomCert` only reads its
/// arguments and is pure; the others depend on randomness and the clock.
///
/// Sizes, key usages and messages are sprig's: RSA with 2,048 bits for certificates and with 4,096 for separate keys,
/// DSA with 2,048, P-256. Certificates are valid for the given number of days from now. A certificate is a struct with
/// the fields `Cert` and `Key`, both PEM.
enum SprigCertificates {
    static let functions: [TemplateFunction] = [
        function(
            "genPrivateKey", "func(kind string) string", "a new private key: rsa, dsa, ecdsa or ed25519",
            #"{{ genPrivateKey "ecdsa" | hasPrefix "-----BEGIN EC PRIVATE KEY-----" }}"#, "true",
            isPure: false
        ) { call throws(FunctionError) in
            let size: (kind: pillion_key_kind, bits: UInt32, steps: Int)
            switch call.text(0) {
            case "", "rsa": size = (PILLION_KEY_RSA, 4096, Cost.largeKey)
            case "dsa": size = (PILLION_KEY_DSA, 2048, Cost.largeKey)
            case "ecdsa": size = (PILLION_KEY_ECDSA, 256, Cost.smallKey)
            case "ed25519": size = (PILLION_KEY_ED25519, 256, Cost.smallKey)
            default: return .string("Unknown type \(call.text(0))")
            }
            try call.work(size.steps)
            return .text(try PrivateKey.generate(size.kind, bits: size.bits))
        },
        function(
            "buildCustomCert",
            "func(b64cert string, b64key string) (sprig.certificate, error)",
            "a certificate and its key that are there already, in base64",
            "{{ (buildCustomCert \"\(sampleCertificate)\" \"\(sampleKey)\").Key | b64enc | eq \"\(sampleKey)\" }}",
            "true"
        ) { call throws(FunctionError) in
            guard let certificate = try? GoDecode.base64(call.bytes(0)) else {
                throw .message("unable to decode base64 certificate")
            }
            guard let key = try? GoDecode.base64(call.bytes(1)) else {
                throw .message("unable to decode base64 private key")
            }
            try call.work(Cost.reading)
            _ = try Issuer.readable(certificate, "decodedCert.Bytes")
            do throws(FunctionError) { _ = try PrivateKey(pem: key) } catch {
                throw error.with(prefix: "error parsing private key: ")
            }
            return .native(NativeCertificate(certificate: certificate, key: key))
        },
        maker(
            "genCA", "cn string, daysValid int", "a certificate authority", #""demo" 365"#, isAuthority: true),
        maker(
            "genSelfSignedCert", "cn string, ips []any, alternateDNS []any, daysValid int",
            "a certificate that has signed itself", #""demo" (list "10.0.0.1") (list "demo.test") 365"#),
        maker(
            "genSignedCert", "cn string, ips []any, alternateDNS []any, daysValid int, ca sprig.certificate",
            "a certificate that an authority has signed",
            #""demo" nil (list "demo.test") 365 (genCA "authority" 365)"#),
        maker(
            "genCAWithKey", "cn string, daysValid int, privPEM string",
            "a certificate authority with a key that is there",
            #""demo" 365 (genPrivateKey "ecdsa")"#, isAuthority: true),
        maker(
            "genSelfSignedCertWithKey",
            "cn string, ips []any, alternateDNS []any, daysValid int, privPEM string",
            "a certificate with a key that is there, which has signed itself",
            #""demo" nil nil 365 (genPrivateKey "ed25519")"#),
        maker(
            "genSignedCertWithKey",
            "cn string, ips []any, alternateDNS []any, daysValid int, ca sprig.certificate, privPEM string",
            "a certificate with a key that is there, which an authority has signed",
            #""demo" nil nil 365 (genCA "authority" 365) (genPrivateKey "ecdsa")"#),
    ]

    /// The cost in steps: making a large key takes about a second, reading one almost nothing.
    private enum Cost {
        static let largeKey = 900_000
        static let key = 200_000
        static let smallKey = 2_000
        static let reading = 1_000
    }

    /// Returns a function that makes a certificate. The names of its parameters determine the meaning of its arguments.
    private static func maker(
        _ name: String, _ parameters: String, _ summary: String, _ example: String, isAuthority: Bool = false
    ) -> TemplateFunction {
        function(
            name, "func(\(parameters)) (sprig.certificate, error)", summary,
            "{{ (\(name) \(example)).Cert | hasPrefix \"-----BEGIN CERTIFICATE-----\" }}", "true",
            isPure: false
        ) { call throws(FunctionError) in
            let names = parameters.split(byte: ",").compactMap { $0.split(byte: " ").first }
            let place = { (name: Substring) in names.firstIndex(of: name) }
            let (ips, dns, days) = (place("ips"), place("alternateDNS"), place("daysValid") ?? 0)
            let (authority, ownKey) = (place("ca"), place("privPEM"))
            try call.work(Cost.reading)
            var key: PrivateKey
            if let ownKey {
                do throws(FunctionError) { key = try PrivateKey(pem: call.bytes(ownKey)) } catch {
                    throw error.with(prefix: "parsing private key: ")
                }
            } else {
                try call.work(Cost.key)
                key = try PrivateKey(pem: PrivateKey.generate(PILLION_KEY_RSA, bits: 2048))
            }
            let issuer = try authority.map { (place) throws(FunctionError) in try Issuer(call[place]) }
            let order = CertificateOrder(
                name: call.bytes(0), addresses: try addresses(ips.map { call[$0] }),
                names: try hostNames(dns.map { call[$0] }), days: call.int(days), isAuthority: isAuthority)
            let certificate = try order.issue(key: key, issuer: issuer)
            return .native(NativeCertificate(certificate: certificate, key: key.text))
        }
    }

    private static func addresses(_ list: GoValue?) throws(FunctionError) -> [pillion_x509_address] {
        var result: [pillion_x509_address] = []
        for item in list?.items ?? [] {
            guard let text = item.stringText else {
                throw .failed(GoFormat.printf("error parsing ip: %v is not a string", [item]))
            }
            guard let address = pillion_x509_address(text) else {
                throw .message("error parsing ip: \(text)")
            }
            result.append(address)
        }
        return result
    }

    private static func hostNames(_ list: GoValue?) throws(FunctionError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for item in list?.items ?? [] {
            guard let bytes = item.stringBytes else {
                throw .failed(
                    GoFormat.printf("error processing alternate dns name: %v is not a string", [item]))
            }
            result.append(bytes)
        }
        return result
    }

    /// A certificate with Ed25519, made only for the example.
    private static let sampleCertificate =
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSGNNSUdQb0FNQ0FRSUNBUVV3QlFZREsyVndNQTh4RFRBTEJn"
        + "TlZCQU1UQkdSbGJXOHdIaGNOTWpNeE1URTAKTWpJeE16SXdXaGNOTWpNeE1URTFNakl4TXpJd1dqQVBNUTB3Q3dZ"
        + "RFZRUURFd1JrWlcxdk1Db3dCUVlESzJWdwpBeUVBYUhYM3FGRHpIdGxGTlpLOVRkUjZUSW5IeTdjZ0RUWHEwUThL"
        + "TkI0bm9qNmpFREFPTUF3R0ExVWRFd0VCCi93UUNNQUF3QlFZREsyVndBMEVBZHFGMy9oRzRPSXhCU0tnWWZDQzB6"
        + "a1pRYXhPd3Jrak9lTTNGdFFIcy9RL1EKVWVrOVNSY2phckdVUDVYOHR0MUs1U1AxajlFUEkvcUhSeXFROG9veENB"
        + "PT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
    private static let sampleKey =
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1DNENBUUF3QlFZREsyVndCQ0lFSUl6QUZYYmJVOXlVVnB6OXFV"
        + "Tk9mbmRudk11clViVGIyMzdBaGQ2TzVVeGMKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo="
}

/// A `sprig.certificate` in a template.
final class NativeCertificate: NativeValue, JSONStructured {
    let certificate: [UInt8]
    let key: [UInt8]

    init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }

    private static let type = GoType(name: "sprig.certificate", kind: .structure)
    var goType: GoType { NativeCertificate.type }
    var printed: String {
        "{\(String(decoding: certificate, as: UTF8.self)) \(String(decoding: key, as: UTF8.self))}"
    }

    func member(named name: String) -> GoValue? {
        switch name {
        case "Cert": .text(certificate)
        case "Key": .text(key)
        default: nil
        }
    }

    func isEqual(to other: any NativeValue) -> Bool {
        (other as? NativeCertificate).map { $0.certificate == certificate && $0.key == key } ?? false
    }

    var jsonFields: GoValue {
        let map = GoMap()
        map["Cert"] = .text(certificate)
        map["Key"] = .text(key)
        return .map(map)
    }
}

/// A private key in the PEM format that its kind had before PKCS #8.
private struct PrivateKey {
    let text: [UInt8]
    /// Whether Go's X.509 can sign with it. It cannot with DSA.
    let signs: Bool

    static func generate(_ kind: pillion_key_kind, bits: UInt32) throws(FunctionError) -> [UInt8] {
        var pem: UnsafeMutablePointer<CChar>?
        defer { pillion_x509_free(pem) }
        try Crypto.check(pillion_key_generate(kind, bits, &pem))
        return pem.map { Array(String(cString: $0).utf8) } ?? []
    }

    init(pem: [UInt8]) throws(FunctionError) {
        guard let block = PEMBlock(in: pem) else { throw .message("no PEM data in input") }
        let suffix = " PRIVATE KEY"
        let reading: String
        switch block.type {
        case "PRIVATE KEY": reading = "decoding PEM as PKCS#8"
        case "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY":
            reading = "parsing \(block.type.dropLast(suffix.count)) private key from PEM"
        default:
            throw .message(
                block.type.ends(with: suffix)
                    ? "invalid private key type \(block.type.dropLast(suffix.count))"
                    : "no private key data in PEM block of type \(block.type)")
        }
        var text: UnsafeMutablePointer<CChar>?
        var kind: Int32 = -1
        defer { pillion_x509_free(text) }
        let encoded = block.text(type: block.type)
        let status = encoded.withUnsafeBytes { bytes in
            pillion_key_read(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &text, &kind)
        }
        if status == PILLION_CRYPTO_REFUSED.rawValue { throw .message("\(reading): it holds no such key") }
        try Crypto.check(status)
        self.text = text.map { Array(String(cString: $0).utf8) } ?? []
        signs = kind != Int32(PILLION_KEY_DSA.rawValue) && kind >= 0
    }
}

/// The issuer of a certificate: an authority's certificate and its key.
private struct Issuer {
    let certificate: [UInt8]
    let key: PrivateKey

    /// - Parameter value: a `sprig.certificate`.
    init(_ value: GoValue) throws(FunctionError) {
        guard case .native(let native) = value, let authority = native as? NativeCertificate else {
            throw Panic.nilPointer
        }
        certificate = try Self.readable(authority.certificate, "decodedSignerCert.Bytes")
        do throws(FunctionError) { key = try PrivateKey(pem: authority.key) } catch {
            throw error.with(prefix: "error parsing private key: ")
        }
    }

    /// Returns the first PEM block of a text as a certificate, whatever its type is.
    static func readable(_ text: [UInt8], _ source: String) throws(FunctionError) -> [UInt8] {
        guard let block = PEMBlock(in: text) else { throw .message("unable to decode certificate") }
        let encoded = block.text(type: "CERTIFICATE")
        var times: (Int64, Int64) = (0, 0)
        let status = encoded.withUnsafeBytes { bytes in
            pillion_x509_validity(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &times.0, &times.1)
        }
        if status == PILLION_CRYPTO_REFUSED.rawValue {
            throw .message("error parsing certificate: \(source): x509: malformed certificate")
        }
        try Crypto.check(status)
        return encoded
    }

    /// Whether the key belongs to the certificate.
    var belongs: Bool {
        certificate.withUnsafeBytes { chain in
            key.text.withUnsafeBytes { secret in
                pillion_x509_has_key(
                    chain.baseAddress?.assumingMemoryBound(to: CChar.self), chain.count,
                    secret.baseAddress?.assumingMemoryBound(to: CChar.self), secret.count)
            }
        } == 1
    }
}

/// The contents of a certificate to issue.
private struct CertificateOrder {
    var name: [UInt8]
    var addresses: [pillion_x509_address]
    var names: [[UInt8]]
    var days: Int
    var isAuthority: Bool

    /// - Parameter issuer: nil to sign with the certificate's own key.
    /// - Returns: PEM.
    func issue(key: PrivateKey, issuer: Issuer?) throws(FunctionError) -> [UInt8] {
        try check(key: key, issuer: issuer)
        var texts: [UnsafeMutablePointer<CChar>?] = []
        defer { for text in texts { free(text) } }
        for bytes in [name] + names { texts.append(strdup(bytes.map { CChar(bitPattern: $0) } + [0])) }
        texts.append(nil)
        let now = Int64(WallClock.seconds)
        var request = pillion_x509_request()
        request.is_authority = isAuthority ? 1 : 0
        request.not_before = now
        // As a duration in Go: 64 bits of nanoseconds, which wrap after 292 years.
        request.not_after = now + (Int64(days) &* 86_400_000_000_000) / 1_000_000_000
        request.is_for_any_use = 1
        request.address_count = addresses.count
        var certificate: UnsafeMutablePointer<CChar>?
        var keyText: UnsafeMutablePointer<CChar>?
        defer {
            pillion_x509_free(certificate)
            pillion_x509_free(keyText)
        }
        let signer = issuer.map { ($0.certificate, $0.key.text) } ?? ([], [])
        let status = Self.withTexts([key.text, signer.0, signer.1]) { secrets in
            addresses.withUnsafeBufferPointer { addresses in
                texts.withUnsafeMutableBufferPointer { texts in
                    texts.baseAddress!.withMemoryRebound(
                        to: UnsafePointer<CChar>?.self, capacity: texts.count
                    ) {
                        texts in
                        request.common_name = texts[0]
                        request.names = UnsafePointer(texts + 1)
                        request.addresses = addresses.baseAddress
                        (request.key, request.key_size) = secrets[0]
                        if issuer != nil {
                            (request.issuer_certificate, request.issuer_certificate_size) = secrets[1]
                            (request.issuer_key, request.issuer_key_size) = secrets[2]
                        }
                        return pillion_x509_issue(&request, &certificate, &keyText)
                    }
                }
            }
        }
        if status == PILLION_CRYPTO_REFUSED.rawValue {
            throw .message("error creating certificate: GnuTLS refuses the names or the key")
        }
        try Crypto.check(status)
        return certificate.map { Array(String(cString: $0).utf8) } ?? []
    }

    /// Throws what Go's x509 refuses, with its messages.
    private func check(key: PrivateKey, issuer: Issuer?) throws(FunctionError) {
        let failure = { (reason: String) in FunctionError.message("error creating certificate: \(reason)") }
        guard (issuer?.key ?? key).signs else {
            throw failure("x509: certificate private key does not implement crypto.Signer")
        }
        for name in names where name.contains(where: { $0 >= 0x80 }) {
            throw failure("x509: \(GoText.quoted(name)) cannot be encoded as an IA5String")
        }
        guard key.signs else { throw failure("x509: unsupported public key type: *dsa.PublicKey") }
        if let issuer, !issuer.belongs {
            throw failure("x509: provided PrivateKey doesn't match parent's PublicKey")
        }
        // C strings end at NUL.
        guard !([name] + names).contains(where: { $0.contains(0) }) else {
            throw failure("a name holds NUL")
        }
    }

    /// Calls `body` with pointers to the texts, which are valid during the call.
    private static func withTexts<R>(
        _ texts: [[UInt8]], _ body: ([(UnsafePointer<CChar>?, Int)]) -> R
    ) -> R {
        func next(_ found: [(UnsafePointer<CChar>?, Int)]) -> R {
            guard found.count < texts.count else { return body(found) }
            return texts[found.count].withUnsafeBytes { bytes in
                next(found + [(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)])
            }
        }
        return next([])
    }
}

extension pillion_x509_address {
    /// Parses an address as Go's net.ParseIP does. An IPv4 address mapped to IPv6 becomes an IPv4 address.
    fileprivate init?(_ text: String) {
        self.init()
        var four = in_addr()
        var six = in6_addr()
        var octets: [UInt8]
        if inet_pton(AF_INET, text, &four) == 1 {
            octets = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            octets = withUnsafeBytes(of: &six) { Array($0) }
            let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
            if octets.starts(with: mapped) { octets = Array(octets.suffix(4)) }
        } else {
            return nil
        }
        size = octets.count
        withUnsafeMutableBytes(of: &bytes) { $0.copyBytes(from: octets) }
    }
}

extension FunctionError {
    /// The same error with a prefix, if it is a message.
    fileprivate func with(prefix: String) -> FunctionError {
        guard case .failed(let message) = self else { return self }
        return .failed(Array(prefix.utf8) + message)
    }
}
