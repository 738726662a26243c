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
}
