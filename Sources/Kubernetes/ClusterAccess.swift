import Glibc
import System
import Values

/// The address of a cluster's API server, the authorities to trust, and the credentials. They come from a pod's service
/// account or from a kubeconfig. Nothing here connects to the server: only files are read, and credential plugins are
/// run.
public struct ClusterAccess: Sendable {
    /// The source, for messages: `/root/.kube/config, context "dev"`.
    public var origin: String
    public var server: ServerAddress
    /// The authorities in PEM; nil trusts the system's.
    public var authorities: Material?
    /// Whether any certificate of the server is accepted.
    public var isUnverified = false
    /// The name that the server's certificate must have, if it is not the host of the address.
    public var serverName: String?
    /// The URL of the proxy, such as `http://proxy:3128`; empty for none.
    public var proxy = ""
    public var credentials = Credentials()
    /// The namespace of the context, or of the pod.
    public var namespace: String?

    public init(origin: String, server: ServerAddress) {
        self.origin = origin
        self.server = server
    }

    /// A certificate, key or token: bytes in memory, or a file that is read each time, because it may be replaced.
    public enum Material: Sendable, Equatable {
        case bytes([UInt8])
        case file(String)

        /// The largest size of a certificate, key or token, in bytes: far more than any needs.
        static let longest = 1 << 20

        func read() throws(APIError) -> [UInt8] {
            switch self {
            case .bytes(let bytes): return bytes
            case .file(let path):
                do throws(FileError) {
                    return try File.contents(of: path, atMost: Self.longest)
                } catch {
                    throw APIError(.credentials, error.description)
                }
            }
        }
    }

    var proxyWithoutPassword: String {
        guard let at = proxy.lastIndex(ofByte: "@"), let scheme = proxy.firstRange(of: "://") else {
            return proxy
        }
        return proxy[..<scheme.upperBound] + "…" + proxy[at...]
    }
}

/// The credentials of a caller. There may be several: a certificate for the connection, a token for the request.
public struct Credentials: Sendable {
    /// The caller's name in messages, if the token does not contain one.
    public var name = "anonymous"
    public var certificate: ClusterAccess.Material?
    public var key: ClusterAccess.Material?
    public var token: String?
    /// The file of the token, which overrides `token` if it can be read.
    public var tokenFile: String?
    public var basic: (user: String, password: String)?
    public var plugin: ExecPlugin?
    /// The headers `Impersonate-User`, `Impersonate-Uid` and `Impersonate-Group`.
    public var impersonation: [(header: String, value: String)] = []

    public init() {}

    /// The credentials in one request.
    struct Shown {
        var headers: [String] = []
        var certificate: [UInt8]?
        var key: [UInt8]?
        /// The user, such as `system:serviceaccount:NS:NAME`, if the token contains it.
        var user: String
    }

    /// - Parameters:
    ///   - isAnew: whether the last credentials were refused: then a plugin is run again.
    ///   - stop: ends a running plugin.
    func show(isAnew: Bool, stop: StopSignal) throws(APIError) -> Shown {
        var shown = Shown(user: name)
        shown.certificate = try certificate?.read()
        shown.key = try key?.read()
        var bearer = try bearerToken()
        if let plugin {
            let credential = try plugin.credential(isAnew: isAnew, stop: stop)
            bearer = credential.token ?? bearer
            shown.certificate = credential.certificate ?? shown.certificate
            shown.key = credential.key ?? shown.key
        }
        if let bearer {
            guard bearer.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
                throw APIError(.credentials, "the token of \(name) holds a blank or a control character")
            }
            shown.headers.append("Authorization: Bearer \(bearer)")
            if let subject = Self.subject(ofToken: bearer) { shown.user = subject }
        } else if let basic {
            let pair = Base64.encode(Array("\(basic.user):\(basic.password)".utf8))
            shown.headers.append("Authorization: Basic \(pair)")
        }
        for (header, value) in impersonation {
            shown.headers.append("\(header): \(value)")
            if header == "Impersonate-User" { shown.user += ", as \(value)" }
        }
        return shown
    }

    private func bearerToken() throws(APIError) -> String? {
        guard let tokenFile else { return token }
        do throws(FileError) {
            let text = try File.contents(of: tokenFile, atMost: ClusterAccess.Material.longest).trimmedText
            guard !text.isEmpty else { throw FileError(path: tokenFile, reason: "holds no token") }
            return text
        } catch {
            guard let token else { throw APIError(.credentials, error.description) }
            return token
        }
    }

    /// The `sub` of a JSON web token, which is the server's name of the caller; nil for other tokens.
    static func subject(ofToken token: String) -> String? {
        let parts = token.split(byte: ".", omittingEmptySubsequences: false)
        guard parts.count == 3,
            let bytes = Base64.decode(String(parts[1]), alphabet: .urlSafe, padded: false),
            let claims = try? JSON.read(bytes, limits: JSONLimits(depth: 20, bytes: 1 << 16))
        else { return nil }
        return claims["sub"]?.string
    }
}

/// The parts of `https://host:port/base`.
public struct ServerAddress: Sendable, Equatable {
    public var scheme: String
    /// The host, without brackets.
    public var host: String
    public var port: Int
    /// The path, without a slash at its end.
    public var base: String

    public init(scheme: String = "https", host: String, port: Int, base: String = "") {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.base = base
    }

    /// Parses an address; nil if the text is not an address of http or https. Without a scheme, it is https, as in
    /// kubectl for a host with a port.
    public init?(_ text: String) {
        var rest = text[...]
        var scheme = "https"
        if let mark = rest.firstRange(of: "://") {
            scheme = rest[..<mark.lowerBound].lowercased()
            rest = rest[mark.upperBound...]
        }
        guard scheme == "https" || scheme == "http" else { return nil }
        let slash = rest.firstIndex(ofByte: "/") ?? rest.endIndex
        var base = String(rest[slash...])
        while base.ends(with: "/") { base.removeLast() }
        let authority = rest[..<slash]
        guard !authority.contains(byte: "@"), !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }),
            let (host, port) = Self.hostAndPort(authority)
        else { return nil }
        self.init(scheme: scheme, host: host, port: port ?? (scheme == "https" ? 443 : 80), base: base)
    }

    static func hostAndPort(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var tail: Substring = ""
        if text.first == "[" {
            guard let close = text.firstIndex(ofByte: "]") else { return nil }
            host = text[text.utf8.index(after: text.startIndex)..<close]
            tail = text[text.utf8.index(after: close)...]
            guard tail.isEmpty || tail.first == ":" else { return nil }
        } else if let colon = text.firstIndex(ofByte: ":") {
            host = text[..<colon]
            tail = text[colon...]
        }
        guard !host.isEmpty else { return nil }
        if tail.isEmpty { return (String(host), nil) }
        guard let port = Int(tail.dropFirst()), (1...65_535).contains(port) else { return nil }
        return (String(host), port)
    }

    var bracketedHost: String { host.contains(byte: ":") ? "[\(host)]" : host }

    public var text: String { "\(scheme)://\(bracketedHost):\(port)\(base)" }
}

extension [UInt8] {
    /// The text without white space at both ends.
    var trimmedText: String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        let from = drop(while: isBlank)
        let end = from.lastIndex { !isBlank($0) }
        return String(decoding: end.map { from[...$0] } ?? [], as: UTF8.self)
    }
}
