import Glibc
import System
public import Values

/// The content of Pillion's Secret: a serving certificate, and the authority that signed it, with its key, so that any
/// replica can renew both.
///
/// | key | content |
/// | --- | --- |
/// | `tls.crt`, `tls.key` | the serving certificate: valid for one year, renewed after two thirds |
/// | `ca.crt` | the certificates that clients should trust: the authority, and earlier ones while they are valid |
/// | `ca.key` | the authority's key: valid for five years, renewed after two thirds |
public struct ServingCertificate: Sendable, Equatable {
    public var certificate: [UInt8]
    public var key: [UInt8]
    /// The certificates that the webhook's caBundle must contain.
    public var bundle: [UInt8]
    var authorityKey: [UInt8]

    static let days = 365
    static let authorityDays = 5 * 365
    /// The tolerance for clocks of others that are slow.
    static let earlySeconds = 300
    /// The largest number of authorities in the bundle.
    static let mostAuthorities = 4

    /// Reads the certificate of a Secret; nil if it is incomplete.
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

    /// Whether the authority's key belongs to its certificate.
    var hasOwnAuthority: Bool {
        PEM.blocks(bundle).first.map { PEM.hasKey($0, authorityKey) } ?? false
    }

    /// Whether it can be served: key and names match, and an authority of the bundle has signed it, all valid now.
    public func isGood(for names: [String]) -> Bool {
        PEM.hasKey(certificate, key) && names.allSatisfy { PEM.hasName(certificate, $0) }
            && PEM.isTrusted(certificate, by: bundle)
    }

    /// Returns the replacement for a certificate, or for none; nil if it should stay.
    ///
    /// A new authority does not cause a new certificate while the old one is good: clients receive the new authority
    /// first, and then trust certificates of both.
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

    /// Whether two thirds of its validity are over; nil if it is not a certificate.
    static func isDue(_ certificate: [UInt8], _ now: Int) -> Bool? {
        PEM.validity(certificate).map { now >= $0.lowerBound + ($0.upperBound - $0.lowerBound) / 3 * 2 }
    }

    /// Returns the names that a Service has in its cluster.
    public static func names(of service: ObjectReference) -> [String] {
        let (name, namespace) = (service.name, service.namespace)
        return [
            name, "\(name).\(namespace)", "\(name).\(namespace).svc",
            "\(name).\(namespace).svc.cluster.local",
        ]
    }
}

/// The certificate that replicas share in a Secret. A replica that finds no certificate, or one that is due for
/// renewal, writes a new one. If several write at the same time, the resourceVersion decides, and the others read the
/// winner's.
public struct SharedCertificate: Sendable {
    public let secret: ObjectReference
    private let client: APIClient

    /// The largest number of successive attempts to write, if other replicas write first.
    static let attempts = 10

    public init(_ secret: ObjectReference, client: APIClient) {
        self.secret = secret
        self.client = client
    }

    /// Returns the certificate of the Secret, after creating or renewing it if it is not good for these names.
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

    /// Returns the current certificate of the Secret; nil if it is not complete.
    public func current() throws(APIError) -> ServingCertificate? {
        try read().flatMap { ServingCertificate(secret: $0) }
    }

    /// The annotation and the label that mark a Secret as Pillion's own.
    public static let mark = (key: "pillion.dev/certificate", value: "generated")
    private static let ownLabel = (key: "app.kubernetes.io/managed-by", value: "pillion")

    /// Refuses a Secret with a certificate or key that somebody else stored, so that it is never overwritten. Pillion's
    /// own are marked; those of earlier versions are recognised by the authority's key, which nobody else stores with
    /// them.
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
