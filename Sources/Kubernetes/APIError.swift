import Values

/// An error of the API server or of the connection: the request, the server, the user, the answer, the remedy.
public struct APIError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// libcurl cannot be used.
        case noLibrary
        /// There is neither a kubeconfig nor a pod's account.
        case noCluster
        /// The kubeconfig, the own token or the own certificate cannot be used.
        case credentials
        /// There was no connection, or it was lost.
        case unreachable
        /// The server's certificate, or the own one, was refused.
        case certificate
        case timeout
        case unauthorized, forbidden, notFound, conflict, alreadyExists
        /// A resourceVersion or a page of a list that the server no longer has.
        case gone
        case tooManyRequests
        case invalid
        /// 5xx
        case server
        /// An answer that is not valid for the API, or exceeds a limit.
        case malformed
        /// The client was stopped.
        case stopped
    }

    public var kind: Kind
    public var message: String
    /// The missing permission of `forbidden`, such as `get on configmaps in namespace istio-system`.
    public var right: String?
    /// The number of seconds after which the server requests a retry.
    public var retryAfterSeconds: Int?
    /// The token of `gone` with which the rest of a list can be read, in a later version than what was read before.
    public var continuation: String?

    public init(_ kind: Kind, _ message: String, retryAfterSeconds: Int? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    public var description: String { message }

    /// A text that is equal for equal problems: libcurl's messages contain milliseconds and ports, which differ each
    /// time.
    public var sameness: String { message.filter { !$0.isASCII || !$0.isNumber } }

    /// Whether the server itself refuses the request, independently of the connection.
    var isRefusal: Bool {
        switch kind {
        case .forbidden, .notFound, .invalid, .malformed: true
        default: false
        }
    }

    /// Whether the failure may be temporary.
    public var isPassing: Bool {
        switch kind {
        case .unreachable, .timeout, .tooManyRequests, .server: true
        default: false
        }
    }
}

extension APIError {
    /// Creates an error from an answer with a status of 300 or more. The body is a `Status` object, or text of a proxy.
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

    /// Returns the first line of a body that is not a Status.
    private static func plain(_ status: Int, _ body: [UInt8]) -> String {
        let line = String(decoding: body.prefix { $0 != 0x0a && $0 != 0x0d }.prefix(200), as: UTF8.self)
        return line.isEmpty ? "status \(status)" : "\(status): \(line)"
    }

    /// Creates an error from a request without a complete answer.
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
            text += "; there are no certificate authorities for it except the system's"
        }
        self.init(kind, text)
    }
}
