/// What a server asks for its answers. Called on many threads at once.
public protocol HTTPHandler: AnyObject, Sendable {
    /// How many bytes of body a request may have, asked when its headers are there.
    func bodyLimit(for request: HTTPRequest) -> Int

    /// Answers a whole request.
    ///
    /// - Parameter mayTakeLong: false on a thread that serves other connections too. There nil says that the answer
    ///   takes long; the request comes again with true on a thread of its own, and then nil is no answer.
    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse?

    /// Whether a request that takes long has threads of its own kind, so that a flood of others does not keep it
    /// waiting.
    func isUrgent(_ request: HTTPRequest) -> Bool

    /// Words the answer to a request that is refused.
    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse

    /// Words the answer to a request that takes long while too many others do.
    func shed(_ request: HTTPRequest) -> HTTPResponse
}
