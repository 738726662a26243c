import Glibc
import System
public import Values

/// What a Secret of Pillion's holds: a certificate for serving, and the authority that signed it, with its key, so that
/// any replica can renew.
///
/// | key | holds |
/// | --- | --- |
/// | `tls.crt`, `tls.key` | what is served: one year, renewed at two thirds |
/// | `ca.crt` | what clients are to trust: the authority, and earlier ones while they hold |
/// | `ca.key` | the authority's key: five years, renewed at two thirds |
public struct ServingCertificate: Sendable, Equatable {
    public var certificate: [UInt8]
    public var key: [UInt8]
    /// What the webhook's caBundle must hold.
    public var bundle: [UInt8]
    var authorityKey: [UInt8]

    static let days = 365
    static let authorityDays = 5 * 365
    /// Clocks of others may be behind by that.
    static let earlySeconds = 300
    /// Authorities kept in the bundle.
    static let mostAuthorities = 4

    /// nil where the Secret does not have all of it.
    public init?(secret: Value) {
        func bytes(_ name: String) -> [UInt8]? {
            guard let text = secret["data"]?[name]?.string, let bytes = Base64.decode(text), !bytes.isEmpty
            else {
                return nil
            }
            return bytes
        }
        guard let certificate = bytes("tls.crt"), let key = bytes("tls.key"), let bundle = bytes("ca.crt"),
            let authorityKey = bytes("ca.key")
        else { return nil }
        self.certificate = certificate
        self.key = key
        self.bundle = bundle
        self.authorityKey = authorityKey
    }

    private init(_ leaf: IssuedCertificate, bundle: [UInt8], authorityKey: [UInt8]) {
        certificate = leaf.certificate
        key = leaf.key
        self.bundle = bundle
        self.authorityKey = authorityKey
    }

    /// The members of a Secret's `data`.
    var data: [Member] {
        [
            Member("tls.crt", .string(Base64.encode(certificate))),
            Member("tls.key", .string(Base64.encode(key))),
            Member("ca.crt", .string(Base64.encode(bundle))),
            Member("ca.key", .string(Base64.encode(authorityKey))),
        ]
    }

    /// Whether its authority's key belongs to it.
    var hasOwnAuthority: Bool {
        PEM.blocks(bundle).first.map { PEM.hasKey($0, authorityKey) } ?? false
    }

    /// Whether it can be served: key and names fit, and the bundle's authorities say so, now.
    public func isGood(for names: [String]) -> Bool {
        PEM.hasKey(certificate, key) && names.allSatisfy { PEM.hasName(certificate, $0) }
            && PEM.isTrusted(certificate, by: bundle)
    }

    /// What should be there in place of it, or of nothing; nil where it should stay.
    ///
    /// A new authority does not bring a new certificate along while the old one is good: clients learn of the authority
    /// first, and one that has just learned trusts both.
    static func renewed(
        _ old: ServingCertificate?, for names: [String], now: Int
    ) throws(APIError) -> ServingCertificate? {
        var bundle = old?.bundle ?? []
        var authorityKey = old?.authorityKey ?? []
        let first = PEM.blocks(bundle).first ?? []
        let isAuthorityGood = isDue(first, now) == false && PEM.hasKey(first, authorityKey)
        if !isAuthorityGood {
            let authority = try IssuedCertificate.issue(
                commonName: "pillion authority", names: [], validity: validity(days: authorityDays, now),
                issuer: nil)
            let earlier = PEM.blocks(bundle).filter { PEM.validity($0).map { $0.upperBound > now } ?? false }
            bundle = ([authority.certificate] + earlier.prefix(mostAuthorities - 1)).flatMap { $0 }
            authorityKey = authority.key
        }
        if var old, old.isGood(for: names), isDue(old.certificate, now) == false || !isAuthorityGood {
            guard !isAuthorityGood else { return nil }
            old.bundle = bundle
            old.authorityKey = authorityKey
            return old
        }
        let leaf = try IssuedCertificate.issue(
            commonName: "pillion", names: names, validity: validity(days: days, now),
            issuer: IssuedCertificate(certificate: bundle, key: authorityKey))
        return ServingCertificate(leaf, bundle: bundle, authorityKey: authorityKey)
    }

    private static func validity(days: Int, _ now: Int) -> ClosedRange<Int> {
        (now - earlySeconds)...(now + days * 86_400)
    }

    /// Whether two thirds of its time are over; nil where it is no certificate.
    static func isDue(_ certificate: [UInt8], _ now: Int) -> Bool? {
        PEM.validity(certificate).map { now >= $0.lowerBound + ($0.upperBound - $0.lowerBound) / 3 * 2 }
    }

    /// The names that a Service has in its cluster.
    public static func names(of service: ObjectReference) -> [String] {
        let (name, namespace) = (service.name, service.namespace)
        return [
            name, "\(name).\(namespace)", "\(name).\(namespace).svc",
            "\(name).\(namespace).svc.cluster.local",
        ]
    }
}

/// The certificate that replicas share through a Secret. A replica that finds no certificate, or one that is due, writes; the
/// resourceVersion decides between those who write at once, and the others take what is there then.
public struct SharedCertificate: Sendable {
    public let secret: ObjectReference
    private let client: APIClient

    /// Writes that may be lost to others in a row.
    static let attempts = 10

    public init(_ secret: ObjectReference, client: APIClient) {
        self.secret = secret
        self.client = client
    }

    /// What the Secret holds when this returns, good for these names.
    public func ensure(names: [String], now: Int? = nil) throws(APIError) -> ServingCertificate {
        for _ in 0..<Self.attempts {
            let object = try read()
            if let object { try refuseOthers(object) }
            let old = object.flatMap { ServingCertificate(secret: $0) }
            guard let new = try ServingCertificate.renewed(old, for: names, now: now ?? WallClock.seconds)
            else {
                if let old { return old }
                continue
            }
            do throws(APIError) {
                try write(new, over: object)
                return new
            } catch {
                switch error.kind {
                case .conflict, .alreadyExists, .notFound: continue
                default: throw error
                }
            }
        }
        throw APIError(
            .conflict, "secret \(secret): others changed it \(Self.attempts) times while it was written")
    }

    /// What the Secret holds now; nil without a whole certificate of Pillion's.
    public func current() throws(APIError) -> ServingCertificate? {
        try read().flatMap { ServingCertificate(secret: $0) }
    }

    /// The annotation and the label that make a Secret Pillion's own.
    public static let mark = (key: "pillion.dev/certificate", value: "generated")
    private static let ownLabel = (key: "app.kubernetes.io/managed-by", value: "pillion")

    /// A certificate or key that somebody else stored is never overwritten. Pillion's are marked; those of earlier
    /// versions are recognised by the authority's key, which nobody else stores beside it.
    private func refuseOthers(_ object: Value) throws(APIError) {
        let metadata = object["metadata"]
        if metadata?["annotations"]?[Self.mark.key]?.string == Self.mark.value
            || metadata?["labels"]?[Self.ownLabel.key]?.string == Self.ownLabel.value
            || ServingCertificate(secret: object)?.hasOwnAuthority == true
        {
            return
        }
        func bytes(_ key: String) -> [UInt8] {
            object["data"]?[key]?.string.flatMap { Base64.decode($0) } ?? []
        }
        guard PEM.isCertificate(bytes("tls.crt")) || !bytes("tls.key").isEmpty else { return }
        throw APIError(
            .invalid,
            "secret \(secret) is not Pillion's to write: found a certificate or key without the annotation "
                + "\(Self.mark.key)=\(Self.mark.value), expected an empty Secret or one that Pillion created; name "
                + "another with --tlsAuto, delete what it holds, or serve it with --tlsCertFile and --tlsKeyFile"
        )
    }

    private func read() throws(APIError) -> Value? {
        do throws(APIError) {
            return try client.get(.secrets, namespace: secret.namespace, name: secret.name)
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    private func write(_ certificate: ServingCertificate, over object: Value?) throws(APIError) {
        guard var object else {
            let new: Value = [
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                "metadata": [
                    "name": .string(secret.name), "namespace": .string(secret.namespace),
                    "labels": .object(Object([Member(Self.ownLabel.key, .string(Self.ownLabel.value))])),
                    "annotations": .object(Object([Member(Self.mark.key, .string(Self.mark.value))])),
                ],
                "data": .object(Object(certificate.data)),
            ]
            _ = try client.create(new, .secrets, namespace: secret.namespace)
            return
        }
        object.modifyObject { members in
            var data = members["data"]?.object ?? Object()
            for member in certificate.data { data[member.key] = member.value }
            members["data"] = .object(data)
            members.modify("metadata") { metadata in
                metadata.modifyObject { metadata in
                    var annotations = metadata["annotations"]?.object ?? Object()
                    annotations[Self.mark.key] = .string(Self.mark.value)
                    metadata["annotations"] = .object(annotations)
                }
            }
        }
        _ = try client.update(object, .secrets, namespace: secret.namespace)
    }
}
