/// The limits of a listener for its clients. If one is exceeded, the connection is closed, with an answer if that is
/// possible.
public struct HTTPLimits: Sendable {
    /// The memory in bytes that libmicrohttpd uses for one connection: request line, headers and buffers.
    public var connectionBytes = 64 << 10
    /// The size of a request line with its headers: half of `connectionBytes`, because libmicrohttpd keeps lists of
    /// them, and the headers of the answer, in the other half.
    public var headBytes = 32 << 10
    /// The size of the line before a chunk, and of one trailer.
    public var chunkLineBytes = 4 << 10
    /// The total size of all chunk extensions and trailers of one body, and of empty lines before a request.
    public var framingBytes = 16 << 10
    /// The size of the path and query.
    public var targetBytes = 8 << 10
    /// The number of headers of one request.
    public var headers = 100
    /// The number of open connections.
    public var connections = 8192
    /// The number of bytes of a refused body that are read and discarded, so that the client reads its answer. If the
    /// body is longer, the connection is closed immediately.
    public var discardedBytes = 64 << 20
    /// The time in seconds without a request on an open connection.
    public var idleSeconds = 120
    /// The time in seconds from a request's first line to the end of its headers.
    public var headerSeconds = 10
    /// The time in seconds from the end of the headers to the end of the body.
    public var bodySeconds = 10
    /// The minimum average rate of a body in bytes per second, once it has taken `bodyGraceSeconds`. A slower body
    /// cannot keep its connection.
    public var bodyBytesPerSecond = 1_024
    public var bodyGraceSeconds = 5
    /// The time in seconds for sending an answer.
    public var sendSeconds = 10

    public init() {}
}
