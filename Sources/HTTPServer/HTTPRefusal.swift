/// The reason why a request is refused before its handler sees it.
public enum HTTPRefusal: Error, Sendable, Equatable {
    /// Its body is longer than the limit.
    case bodyTooLarge(limit: Int)
    /// Its request line and headers together are longer than the limit.
    case headTooLarge(limit: Int)
    /// It has too many headers.
    case tooManyHeaders(limit: Int)
    /// Its path and query are longer than the limit.
    case targetTooLong(limit: Int)
    /// Its version is neither HTTP/1.0 nor HTTP/1.1.
    case versionNotSupported
    /// Its body arrived too slowly while others waited for memory.
    case bodyTooSlow(bytesPerSecond: Int)
    /// Its body waited too long for memory.
    case noRoom
    /// It cannot be parsed, or two parsers could interpret it differently.
    case malformed(RequestFault)
}

/// The fault of a malformed request (RFC 9110 and 9112).
public enum RequestFault: String, Sendable, CaseIterable {
    /// The request line is not a method, a target and a version with one space between them.
    case requestLine
    /// A header line has no colon, or the name before it is not a token, for example because of a space before the
    /// colon or a control character.
    case headerName
    /// A header's value contains a control character, such as NUL.
    case headerValue
    /// A header continues on the next line.
    case foldedHeader
    /// `Content-Length`, `Transfer-Encoding` or `Host` occurs more than once.
    case repeatedHeader
    /// `Content-Length` and `Transfer-Encoding` are both present, as in request smuggling.
    case twoLengths
    /// `Content-Length` is not a decimal number.
    case contentLength
    /// `Transfer-Encoding` is not `chunked`, or is used in HTTP/1.0.
    case transferEncoding
    /// HTTP/1.1 without `Host`.
    case noHost
    /// The path or the query contains an escaped NUL, where a C string would end.
    case escapedNul
    /// A chunk's size line, the end of its data or a trailer is malformed or too long.
    case chunk
}
