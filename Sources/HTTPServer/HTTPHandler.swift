/// Answers the requests of a server. Called on many threads at once.
public protocol HTTPHandler: AnyObject, Sendable {
    /// How many bytes of body a request may have, asked when its headers are there.
    func bodyLimit(for request: HTTPRequest) -> Int

    /// Answers a whole request.
    ///
    /// - Parameter mayTakeLong: false on a thread that serves other connections too. There nil means that the answer
    ///   takes long; the request comes again with true on a thread of its own, and then nil is no answer.
    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse?

    /// Whether a request that takes long has threads of its own kind, so that a flood of others does not keep it
    /// waiting.
    func isUrgent(_ request: HTTPRequest) -> Bool

    /// Builds the response to a refused request.
    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse

    /// Builds the response to a slow request when too many slow requests are running.
    func shed(_ request: HTTPRequest) -> HTTPResponse

    /// When a request must be answered at the latest, in nanoseconds of the monotonic clock, asked when its body is there,
    /// or while it waits; nil where it may take as long as it does.
    func deadline(for request: HTTPRequest) -> UInt64?

    /// Builds the response to a request whose deadline has passed, on another thread than the one that still works on it.
    /// The body may be incomplete.
    func late(_ request: HTTPRequest) -> HTTPResponse
}

extension HTTPHandler {
    public func deadline(for request: HTTPRequest) -> UInt64? { nil }
    public func late(_ request: HTTPRequest) -> HTTPResponse { shed(request) }
}
