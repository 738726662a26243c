/// The cipher suites that a listener offers, selected by their IANA names (as with `--tls-cipher-suites` of Kubernetes'
/// own servers).
///
/// All of them have authenticated encryption and forward secrecy; no others can be selected. GnuTLS combines each
/// enabled cipher with each enabled key exchange. A selection that lacks one of these combinations is refused instead
/// of extended. TLS 1.3 has the same ciphers and negotiates its key exchange separately.
public struct TLSCipherSuites: Sendable, Equatable {
    private enum Cipher: String, CaseIterable {
        case aes256 = "AES-256-GCM"
        case chacha = "CHACHA20-POLY1305"
        case aes128 = "AES-128-GCM"

        var name: String {
            switch self {
            case .aes256: "AES_256_GCM_SHA384"
            case .chacha: "CHACHA20_POLY1305_SHA256"
            case .aes128: "AES_128_GCM_SHA256"
            }
        }
    }

    private enum Exchange: String, CaseIterable {
        case ecdsa = "ECDHE-ECDSA"
        case rsa = "ECDHE-RSA"

        func suite(_ cipher: Cipher) -> String {
            "TLS_\(self == .ecdsa ? "ECDHE_ECDSA" : "ECDHE_RSA")_WITH_\(cipher.name)"
        }
    }

    private var ciphers = Cipher.allCases
    private var exchanges = Exchange.allCases

    /// Selects all suites.
    public init() {}

    /// All names that can be selected.
    public static var names: [String] {
        Cipher.allCases.map { "TLS_\($0.name)" }
            + Exchange.allCases.flatMap { exchange in Cipher.allCases.map(exchange.suite) }
    }

    /// - Parameter names: the names of the suites; an empty list selects all.
    /// - Throws: an error with the unknown name or the missing combination, and the remedy.
    public init(_ names: [String], minimum: TLSOptions.Version) throws(HTTPServerError) {
        guard !names.isEmpty else { return }
        if let unknown = names.first(where: { !Self.names.contains($0) }) {
            throw HTTPServerError(
                message: "the cipher suite \"\(unknown)\" is not offered, expected some of "
                    + Self.names.joined(separator: ", "))
        }
        ciphers = Cipher.allCases.filter { cipher in
            names.contains("TLS_\(cipher.name)")
                || Exchange.allCases.contains { names.contains($0.suite(cipher)) }
        }
        exchanges = Exchange.allCases.filter { exchange in
            Cipher.allCases.contains { names.contains(exchange.suite($0)) }
        }
        guard minimum == .v12 else { return }
        guard !exchanges.isEmpty else {
            throw HTTPServerError(
                message: "none of the cipher suites is one of TLS 1.2: name one, or set --tls-min-version 1.3"
            )
        }
        for exchange in exchanges {
            for cipher in ciphers where !names.contains(exchange.suite(cipher)) {
                throw HTTPServerError(
                    message:
                        "the cipher suites name \(cipher.rawValue) and \(exchange.rawValue), which go together: "
                        + "add \(exchange.suite(cipher)), or leave one of the two out")
            }
        }
    }

    /// The part of GnuTLS's priority string for these suites.
    var priorities: String {
        let exchanges = self.exchanges.isEmpty ? Exchange.allCases : self.exchanges
        return "-CIPHER-ALL:" + ciphers.map { "+\($0.rawValue)" }.joined(separator: ":")
            + ":-KX-ALL:" + exchanges.map { "+\($0.rawValue)" }.joined(separator: ":")
    }
}
