public import HTTPServer
public import Values

/// Checks a serving certificate as an API server does, and reports every problem that would prevent a call.
///
/// In: the chain, and whatever else is known: the key, the names that callers use, the CAs that they trust. Out:
/// findings, the worst first. Nothing here is read from a file or a socket.
public struct CertificateDoctor: Sendable {
    public struct Finding: Sendable, Equatable {
        public enum Severity: String, Sendable, Comparable {
            case error, warning, good

            public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
            private var rank: Int { self == .error ? 0 : self == .warning ? 1 : 2 }
        }
        public var severity: Severity
        /// A stable snake_case code: `certificate_ended`, `name_missing` …
        public var code: String
        public var message: String
        /// What to do about the finding.
        public var remedy: String?
    }

    public var chain: CertificateChain
    /// PEM; nil if only the certificate is given.
    public var key: [UInt8]?
    /// DNS names that callers use: `<service>.<namespace>.svc`.
    public var names: [String] = []
    /// The CAs that callers trust, with their source: the `caBundle` of a webhook configuration.
    public var authorities: [(source: String, pem: [UInt8])] = []
    /// Webhooks without a caBundle: their API server trusts only its own CAs.
    public var unbundled: [(source: String, isService: Bool)] = []
    /// The CAs of this system, instead of the API server's; nil if there are none to compare with.
    public var systemAuthorities: [UInt8]?
    /// Seconds since 1970.
    public var now: Int

    public init(chain: CertificateChain, now: Int) {
        self.chain = chain
        self.now = now
    }

    public static let warningDays = 30
    public static let alarmDays = 7
    /// Smaller keys are no longer considered secure (NIST SP 800-57).
    public static let leastRSABits = 2_048
    public static let leastCurveBits = 256
    /// A leaf that is valid for longer cannot be revoked in time.
    public static let longestDays = 398

    private static let day = 86_400

    /// The results of all checks; good ones are last.
    public func findings() -> [Finding] {
        let found = pairFindings() + timeFindings() + nameFindings() + strengthFindings() + chainFindings()
        // Within a severity, the order of the checks is kept.
        return found.enumerated().sorted {
            ($0.element.severity, $0.offset) < ($1.element.severity, $1.offset)
        }
        .map(\.element)
    }

    private var leaf: CertificateChain.Certificate { chain.certificates[0] }

    private func pairFindings() -> [Finding] {
        guard let key else { return [] }
        do throws(HTTPServerError) {
            _ = try TLSPair(certificates: chain.pem, key: key)
            return [good("pair", "the key is the certificate's")]
        } catch {
            return [
                Finding(
                    severity: .error, code: "pair_invalid", message: error.message,
                    remedy: "install the key that the certificate was issued for, or issue both again")
            ]
        }
    }

    private func timeFindings() -> [Finding] {
        var found: [Finding] = []
        for (index, certificate) in chain.certificates.enumerated() {
            let who = index == 0 ? "the certificate" : "the chain's \"\(certificate.subject)\""
            let end = Timestamp.text(seconds: certificate.notAfter)
            if now < certificate.notBefore {
                found.append(
                    Finding(
                        severity: .error, code: "certificate_not_begun",
                        message: "\(who) begins only at \(Timestamp.text(seconds: certificate.notBefore))",
                        remedy: "wait, or look whether a clock is wrong"))
            } else if now > certificate.notAfter {
                found.append(
                    Finding(
                        severity: .error, code: "certificate_ended", message: "\(who) ended at \(end)",
                        remedy: "issue a new one"))
            } else {
                let left = (certificate.notAfter - now) / Self.day
                let isNear = left < Self.warningDays
                found.append(
                    isNear
                        ? Finding(
                            severity: left < Self.alarmDays ? .error : .warning,
                            code: "certificate_ends_soon",
                            message: "\(who) ends in \(left) days, at \(end)", remedy: "renew it now")
                        : good("time", "\(who) holds until \(end), \(left) days"))
            }
        }
        return found
    }

    private func nameFindings() -> [Finding] {
        guard !leaf.names.isEmpty else {
            return [
                Finding(
                    severity: .error, code: "name_missing",
                    message: "the certificate has no DNS name; its subject \"\(leaf.subject)\" is not read",
                    remedy: "issue it with a subjectAltName of <service>.<namespace>.svc")
            ]
        }
        return names.map { name in
            chain.isFor(name)
                ? good("name", "the certificate is made out for \(name)")
                : Finding(
                    severity: .error, code: "name_missing",
                    message: "the certificate is not made out for \(name), but for "
                        + leaf.names.joined(separator: ", "),
                    remedy: "issue it with that subjectAltName, or call the service by one of its names")
        }
    }

    private func strengthFindings() -> [Finding] {
        var found: [Finding] = []
        let least = leaf.isRSA ? Self.leastRSABits : Self.leastCurveBits
        if leaf.bits < least {
            found.append(
                Finding(
                    severity: .error, code: "key_weak",
                    message: "the key is \(leaf.key), expected at least \(least) bits",
                    remedy: "issue a certificate for a key on the curve P-256"))
        } else {
            found.append(good("key", "the key is \(leaf.key)"))
        }
        if !leaf.isSignatureSecure {
            found.append(
                Finding(
                    severity: .error, code: "signature_weak",
                    message: "the certificate is signed with \(leaf.signature), which clients refuse",
                    remedy: "have it signed with SHA-256"))
        }
        if !leaf.isForServers {
            found.append(
                Finding(
                    severity: .error, code: "usage_wrong",
                    message: "the certificate's extended key usage does not allow servers to show it",
                    remedy: "issue it with serverAuth"))
        }
        let days = (leaf.notAfter - leaf.notBefore) / Self.day
        if days > Self.longestDays {
            found.append(
                Finding(
                    severity: .warning, code: "lifetime_long",
                    message:
                        "the certificate holds for \(days) days in all, expected \(Self.longestDays) at most",
                    remedy: "issue it for a year, and renew it at two thirds"))
        }
        return found
    }

    private func chainFindings() -> [Finding] {
        var found: [Finding] = []
        for (index, certificate) in chain.certificates.dropLast().enumerated()
        where !certificate.isSignedByNext {
            found.append(
                Finding(
                    severity: .error, code: "chain_broken",
                    message:
                        "certificate \(index + 1) of the chain, \"\(certificate.subject)\", is not signed by "
                        + "the next one, \"\(chain.certificates[index + 1].subject)\"",
                    remedy: "order the file: the leaf, then who signed it, then who signed that one"))
        }
        found += unbundled.compactMap(missingBundle)
        for (source, pem) in authorities {
            if let reason = chain.distrust(of: pem) {
                found.append(
                    Finding(
                        severity: .error, code: "authority_unknown",
                        message: "\(source) does not lead to the certificate: \(reason)",
                        remedy: "put the CA that signed the chain into it"))
            } else {
                found.append(good("authority", "\(source) leads to the certificate"))
            }
        }
        return found
    }

    /// The finding about a webhook without a caBundle: an API server would not call it, because none of its CAs leads
    /// to a certificate for a Service, or to one of a private CA.
    private func missingBundle(_ source: String, _ isService: Bool) -> Finding? {
        let reason: String
        if isService {
            reason = "no CA of the API server's own issues certificates for Services"
        } else {
            guard let systemAuthorities, let distrust = chain.distrust(of: systemAuthorities) else {
                return nil
            }
            reason = "the CAs of this system do not lead to the certificate: \(distrust)"
        }
        return Finding(
            severity: .error, code: "bundle_missing",
            message: "\(source) has no caBundle: \(reason)",
            remedy: "put the CA that signed the chain into clientConfig.caBundle")
    }

    private func good(_ code: String, _ message: String) -> Finding {
        Finding(severity: .good, code: code, message: message, remedy: nil)
    }
}

extension CertificateDoctor.Finding {
    public var json: Value {
        var object = Object([
            Member("severity", .string(severity.rawValue)), Member("code", .string(code)),
            Member("message", .string(message)),
        ])
        if let remedy { object["remedy"] = .string(remedy) }
        return .object(object)
    }

    /// The finding in the format of a compiler's diagnostics.
    public var text: String { "\(severity.rawValue): \(message)" + (remedy.map { "; \($0)" } ?? "") }
}
