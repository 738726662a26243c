/// What one client may use of a listener. Past a limit the connection is answered and closed, or only closed where
/// nothing can be answered.
public struct HTTPLimits: Sendable {
    /// Bytes that libmicrohttpd keeps for one connection: request line, headers and buffers.
    public var connectionBytes = 64 << 10
    /// Bytes of a request line with its headers: half of `connectionBytes`, as libmicrohttpd keeps lists of them, and
    /// the headers of the answer, in the other half.
    public var headBytes = 32 << 10
    /// Bytes of the line before a chunk, and of one trailer.
    public var chunkLineBytes = 4 << 10
    /// Bytes of all extensions of chunks and trailers of one body, and of empty lines before a request.
    public var framingBytes = 16 << 10
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
    public var idleSeconds = 120
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
