import Values

/// Why the API server did not do what it was asked: what was asked, of whom, as whom, what came, what to do.
public struct APIError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// libcurl cannot be used.
        case noLibrary
        /// There is neither a kubeconfig nor a pod's account.
        case noCluster
        /// The kubeconfig, a token or a certificate of one's own cannot be used.
        case credentials
        /// No connection, or it was cut.
        case unreachable
        /// The server's certificate, or one's own, was refused.
        case certificate
        case timeout
        case unauthorized, forbidden, notFound, conflict, alreadyExists
        /// A resourceVersion or a page of a list that the server no longer has.
        case gone
        case tooManyRequests
        case invalid
        /// 5xx
        case server
        /// An answer that is not what the API answers, or is longer than a limit.
        case malformed
        /// One's own end.
        case stopped
    }

    public var kind: Kind
    public var message: String
    /// Of `forbidden`: the right that is missing, such as `get on configmaps in namespace istio-system`.
    public var right: String?
    /// When the server asks to be asked again.
    public var retryAfterSeconds: Int?
    /// Of `gone`: where the rest of a list can be read, of a later version than what was read before.
    public var continuation: String?

    public init(_ kind: Kind, _ message: String, retryAfterSeconds: Int? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    public var description: String { message }

    /// The same for the same problem: libcurl's messages have milliseconds and ports in them, which differ each time.
    public var sameness: String { message.filter { !$0.isASCII || !$0.isNumber } }

    /// Whether the server answered that it does not do this, whatever the connection.
    var isRefusal: Bool {
        switch kind {
        case .forbidden, .notFound, .invalid, .malformed: true
        default: false
        }
    }

    /// Whether the same request may succeed a little later.
    public var isPassing: Bool {
        switch kind {
        case .unreachable, .timeout, .tooManyRequests, .server: true
        default: false
        }
    }
}

extension APIError {
    /// From an answer with a status of 400 or more. The body of one is a `Status` object, or what a proxy wrote.
    init(status: Int, body: [UInt8], retryAfter: Int?, _ call: APICall, _ access: ClusterAccess, user: String)
    {
        let object = try? JSON.read(body, limits: JSONLimits(depth: 50))
        let reason = object?["reason"]?.string ?? ""
        let kind: Kind =
            switch status {
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 409: reason == "AlreadyExists" ? .alreadyExists : .conflict
            case 410: .gone
            case 429: .tooManyRequests
            case 500...: .server
            default: reason == "Expired" ? .gone : .invalid
            }
        var text = "\(call.sentence) (\(call.method) \(access.server.text)\(call.path), as \(user)): "
        text += object?["message"]?.string.map { "\(status): \($0)" } ?? Self.plain(status, body)
        switch kind {
        case .forbidden: text += "; expected a role that allows \(call.permission)"
        case .unauthorized: text += "; the credentials are not accepted, expected others or a fresh token"
        default: break
        }
        let asked = retryAfter ?? object?["details"]?["retryAfterSeconds"]?.int.map { Int($0) }
        self.init(kind, text, retryAfterSeconds: asked)
        if kind == .forbidden { right = call.permission }
        if kind == .gone { continuation = object?["metadata"]?["continue"]?.string }
    }

    /// The first line of a body that is no Status.
    private static func plain(_ status: Int, _ body: [UInt8]) -> String {
        let line = String(decoding: body.prefix { $0 != 0x0a && $0 != 0x0d }.prefix(200), as: UTF8.self)
        return line.isEmpty ? "status \(status)" : "\(status): \(line)"
    }

    /// From a request that had no whole answer.
    init(
        _ answer: TransportAnswer, milliseconds: Int, _ call: APICall, _ access: ClusterAccess, user: String
    ) {
        let kind: Kind =
            switch answer.end {
            case .late: .timeout
            case .refusedCertificate: .certificate
            case .ended: .stopped
            default: .unreachable
            }
        var text = "\(call.sentence) (\(call.method) \(access.server.text)\(call.path), as \(user)): "
        text += answer.problem
        if !access.proxy.isEmpty { text += ", by the proxy \(access.proxyWithoutPassword)" }
        if kind == .certificate, access.authorities == nil {
            text += "; there are no certificate authorities for it but the system's"
        }
        self.init(kind, text)
    }
}
