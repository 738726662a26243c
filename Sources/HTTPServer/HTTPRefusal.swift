/// Why a request is refused before its handler sees it.
public enum HTTPRefusal: Error, Sendable, Equatable {
    /// Its body is longer than that many bytes.
    case bodyTooLarge(limit: Int)
    /// Its request line and headers are longer than that many bytes together.
    case headTooLarge(limit: Int)
    /// It has more headers than that.
    case tooManyHeaders(limit: Int)
    /// Path and query are longer than that many bytes.
    case targetTooLong(limit: Int)
    /// It speaks another version than HTTP/1.0 or HTTP/1.1.
    case versionNotSupported
    /// Its body came too slowly while others waited for memory.
    case bodyTooSlow(bytesPerSecond: Int)
    /// Its body waited too long for memory.
    case noRoom
    /// Two readers could take it for different requests, or none can read it.
    case malformed(RequestFault)
}

/// What makes a request malformed (RFC 9110 and 9112).
public enum RequestFault: String, Sendable, CaseIterable {
    /// The request line is not a method, a target and a version with one space between them.
    case requestLine
    /// A header line has no colon, or the name before it is not a token: a blank before the colon, a control character.
    case headerName
    /// A header's value holds a control character, NUL among them.
    case headerValue
    /// A header continues on the next line.
    case foldedHeader
    /// `Content-Length`, `Transfer-Encoding` or `Host` occurs more than once.
    case repeatedHeader
    /// `Content-Length` and `Transfer-Encoding` are both given, which is how requests are smuggled past proxies.
    case twoLengths
    /// `Content-Length` is not a decimal number.
    case contentLength
    /// `Transfer-Encoding` is not `chunked`, or is used in HTTP/1.0.
    case transferEncoding
    /// HTTP/1.1 without `Host`.
    case noHost
    /// The path or the query holds an escaped NUL, where C would end it.
    case escapedNul
    /// A chunk's size line, its data's end or a trailer is malformed or too long.
    case chunk
}
