/// What one client may use of a listener. Past a limit the connection is answered and closed, or only closed where
/// nothing can be answered.
public struct HTTPLimits: Sendable {
    /// Bytes that libmicrohttpd keeps for one connection: request line, headers and buffers.
    public var connectionBytes = 64 << 10
    /// Bytes of the path and query.
    public var targetBytes = 8 << 10
    /// Headers of one request.
    public var headers = 100
    /// Connections at once.
    public var connections = 8192
    /// Bytes of a refused body that are read away, so that the client reads its answer; beyond that the connection
    /// is closed at once.
    public var discardedBytes = 64 << 20
    /// Seconds without a request on an open connection.
    public var idleSeconds = 90
    /// Seconds from a request's first line to the end of its headers, however slowly they drip.
    public var headerSeconds = 10
    /// Seconds from the end of the headers to the end of the body.
    public var bodySeconds = 10
    /// Bytes of a body that must have come for each second, once it has taken `bodyGraceSeconds`: a body that drips
    /// holds its connection no longer than that.
    public var bodyBytesPerSecond = 1_024
    public var bodyGraceSeconds = 5
    /// Seconds for sending an answer.
    public var sendSeconds = 10

    public init() {}
}

/// Why a request is refused before its handler sees it.
public enum HTTPRefusal: Sendable, Equatable {
    /// Its body is longer than that many bytes.
    case bodyTooLarge(limit: Int)
    /// It has more headers than that.
    case tooManyHeaders(limit: Int)
    /// Path and query are longer than that many bytes.
    case targetTooLong(limit: Int)
    /// It says its length twice, by `Content-Length` and by `Transfer-Encoding`, which is how requests are smuggled
    /// past proxies.
    case ambiguousLength
    /// Two readers could take its headers for different requests.
    case ambiguousHeaders(HeaderFault)
    /// `Content-Length` is no number.
    case badLength
    /// Its path or query holds an escaped NUL, where C would end it.
    case badTarget

    /// Whether it is in doubt where the request ends.
    var isAmbiguous: Bool {
        switch self {
        case .ambiguousLength, .ambiguousHeaders: true
        default: false
        }
    }
}

/// What makes headers ambiguous; numbered as the C module does.
public enum HeaderFault: Int32, Sendable {
    case none
    /// `Content-Length`, `Transfer-Encoding` or `Host` is there more than once.
    case twice
    /// A transfer encoding other than `chunked`.
    case encoding
    /// A name that is no token (RFC 9110, 5.6.2): a blank before the colon.
    case name
    /// A control character in a value.
    case value
    /// A header that goes on in the next line.
    case folded
}
