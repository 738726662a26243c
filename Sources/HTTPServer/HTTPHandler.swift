/// Answers the requests of a server. It is called on many threads concurrently.
public protocol HTTPHandler: AnyObject, Sendable {
    /// Returns the maximum size of the request's body in bytes. Called when the headers have arrived.
    func bodyLimit(for request: HTTPRequest) -> Int

    /// Answers a complete request.
    ///
    /// - Parameter mayTakeLong: false on a thread that also serves other connections. There, nil means that the answer
    ///   takes long: this is called again with true on a worker thread, where it must return a response.
    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse?

    /// Whether a slow request uses separate threads, so that a flood of other requests does not delay it.
    func isUrgent(_ request: HTTPRequest) -> Bool

    /// Builds the response to a refused request.
    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse

    /// Builds the response to a slow request when too many slow requests are running.
    func shed(_ request: HTTPRequest) -> HTTPResponse

    /// Returns the deadline of the answer, in nanoseconds of the monotonic clock; nil for no deadline. Called when the
    /// body has arrived, or while it waits for memory.
    func deadline(for request: HTTPRequest) -> UInt64?

    /// Builds the response to a request whose deadline has passed. Called on a different thread than the one that still
    /// works on it. The body may be incomplete.
    func late(_ request: HTTPRequest) -> HTTPResponse
}

extension HTTPHandler {
    public func deadline(for request: HTTPRequest) -> UInt64? { nil }
    public func late(_ request: HTTPRequest) -> HTTPResponse { shed(request) }
}
