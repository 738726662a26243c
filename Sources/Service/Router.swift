import HTTPServer
import Injection
import System
import Values

/// One path and method, with its handler.
struct Route: Sendable {
    /// An exact path, or one that ends in `/` for everything below it; `/` itself is exact.
    var path: String
    /// The method; `GET` answers `HEAD` too.
    var method: String
    /// The pattern in metrics and the log; never a caller's path.
    var label: String
    var bodyLimit: Int
    /// The same for a body that is an archive; nil if it is the same.
    var archiveLimit: Int?
    var concern = Access.Concern.open
    var handler: any Handler

    var isPrefix: Bool { path.ends(with: "/") && path != "/" }
}

/// Answers one route.
protocol Handler: Sendable {
    /// - Parameters:
    ///   - mayTakeLong: as in `HTTPHandler.respond`. If it is false, nil requests another thread.
    ///   - entry: receives further members of the access log.
    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse?

    /// Builds the response to a slow request when too many slow requests are running.
    func overloaded(_ request: HTTPRequest, entry: inout LogEntry) -> HTTPResponse

    /// The deadline of a request that takes long, as in `HTTPHandler.deadline`.
    func deadline(of request: HTTPRequest) -> UInt64?

    /// Builds the response to a request whose deadline has passed.
    func late(_ request: HTTPRequest, entry: inout LogEntry) -> HTTPResponse
}

extension Handler {
    func deadline(of request: HTTPRequest) -> UInt64? { nil }

    /// 504
    func late(_ request: HTTPRequest, entry: inout LogEntry) -> HTTPResponse {
        let problem = RequestProblem.stopped(.deadline)
        entry.members.append(Member("code", .string(problem.code)))
        return HTTPResponse(problem: problem)
    }

    func overloaded(_ request: HTTPRequest, entry: inout LogEntry) -> HTTPResponse { comeAgainLater(&entry) }

    /// 503 with `Retry-After`.
    func comeAgainLater(_ entry: inout LogEntry) -> HTTPResponse {
        let problem = RequestProblem(
            status: 503, code: "overloaded", detail: "too many requests are being answered, come again later",
            retryAfter: 1)
        entry.members.append(Member("code", .string(problem.code)))
        return HTTPResponse(problem: problem)
    }
}

/// The information about one response for the log and the metrics.
struct LogEntry {
    var members: [Member] = []
    var review: ReviewReport?
    var render: RenderRecord?
    /// Whether the request was about a manifest (/inject).
    var isManifest = false
    /// The time at which the handler was called.
    var began = MonotonicClock.nanoseconds
}

/// Passes each request to its route's handler, and converts problems to responses. Each listener has its own router: a
/// path that the listener does not serve is not found.
final class Router: HTTPHandler {
    /// All routes of the listener.
    let routes: [Route]
    private let exact: [String: [Route]]
    private let below: [Route]
    private let access: Access
    private let observer: any ExchangeObserver
    /// Bodies of requests to unknown paths are read and discarded up to that size.
    private static let bodyLimitElsewhere = 64 << 10

    init(_ routes: [Route], access: Access, observer: any ExchangeObserver) {
        self.routes = routes
        exact = Dictionary(grouping: routes.filter { !$0.isPrefix }, by: \.path)
        below = routes.filter(\.isPrefix)
        self.access = access
        self.observer = observer
    }

    func bodyLimit(for request: HTTPRequest) -> Int {
        let routes = routes(at: request.path)
        guard let route = route(among: routes, request.method) else { return Self.bodyLimitElsewhere }
        guard let archiveLimit = route.archiveLimit, let type = request.header("Content-Type"),
            let format = MediaType(contentType: type), format == .gzip || format == .multipart
        else { return route.bodyLimit }
        return max(route.bodyLimit, archiveLimit)
    }

    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse? {
        let routes = routes(at: request.path)
        let route = route(among: routes, request.method)
        var entry = LogEntry()
        do throws(RequestProblem) {
            guard let route else {
                return finished(try unserved(request, routes), request, routes.first, entry)
            }
            // A request that was handed on was already checked on the connection's thread.
            if !request.isAdmitted { try access.check(request, route.concern) }
            guard let response = try route.handler.answer(request, mayTakeLong: mayTakeLong, entry: &entry)
            else {
                return nil
            }
            return finished(response, request, route, entry)
        } catch {
            entry.members.append(Member("code", .string(error.code)))
            return finished(
                HTTPResponse(problem: error, for: request), request, route ?? routes.first, entry)
        }
    }

    /// Whether the request is urgent: a pod waits for its review, but nothing waits for renderings and manifests.
    func isUrgent(_ request: HTTPRequest) -> Bool {
        guard request.method == "POST", request.path.begins(with: "/inject") else { return false }
        return request.isReview
    }

    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse {
        let problem = RequestProblem(refusal)
        let entry = LogEntry(members: [Member("code", .string(problem.code))])
        let routes = routes(at: request.path)
        return finished(
            HTTPResponse(problem: problem), request, route(among: routes, request.method) ?? routes.first,
            entry)
    }

    func deadline(for request: HTTPRequest) -> UInt64? {
        route(among: routes(at: request.path), request.method)?.handler.deadline(of: request)
    }

    func late(_ request: HTTPRequest) -> HTTPResponse {
        var entry = LogEntry()
        guard let route = route(among: routes(at: request.path), request.method) else {
            return HTTPResponse(status: 504)
        }
        return finished(route.handler.late(request, entry: &entry), request, route, entry)
    }

    func shed(_ request: HTTPRequest) -> HTTPResponse {
        var entry = LogEntry()
        guard let route = route(among: routes(at: request.path), request.method) else {
            return HTTPResponse(status: 503)
        }
        return finished(route.handler.overloaded(request, entry: &entry), request, route, entry)
    }

    private func finished(
        _ response: consuming HTTPResponse, _ request: HTTPRequest, _ route: Route?, _ entry: LogEntry
    ) -> HTTPResponse {
        let response = Self.encoded(response, request)
        guard request.claimAnswer(bytes: response.length) else { return response }
        observer.answered(
            request, route: route, status: response.status, bytes: response.length, entry: entry)
        return response
    }

    /// Compresses the response if the client accepts gzip. Responses to reviews are not compressed: the API server is
    /// near, and accepts gzip in every request.
    private static func encoded(_ response: consuming HTTPResponse, _ request: HTTPRequest) -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD", request.acceptsGzip else {
            return response
        }
        return response.compressed()
    }

    private func routes(at path: String) -> [Route] {
        if let routes = exact[path] { return routes }
        return below.filter { path.begins(with: $0.path) }
    }

    private func route(among routes: [Route], _ method: String) -> Route? {
        routes.first { $0.method == method || ($0.method == "GET" && method == "HEAD") }
    }

    private func unknownPath(_ request: HTTPRequest) -> RequestProblem {
        var problem = RequestProblem(
            status: 404, code: "not_found",
            detail: "there is nothing at the path \"\(excerpt(request.path))\"")
        let paths = Set(self.routes.map { $0.path.ends(with: "/") ? String($0.path.dropLast()) : $0.path })
        if let near = Spelling.nearest(request.path, among: Array(paths)).first {
            problem.members["hint"] = .string("did you mean \(near)?")
        }
        return problem
    }

    /// The response when no route matches: 404, 405, or the allowed methods for OPTIONS.
    private func unserved(_ request: HTTPRequest, _ routes: [Route]) throws(RequestProblem) -> HTTPResponse {
        guard !routes.isEmpty else {
            throw unknownPath(request)
        }
        let allowed = routes.flatMap { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] } + ["OPTIONS"]
        let allow = (name: "Allow", value: allowed.joined(separator: ", "))
        if request.method == "OPTIONS" { return HTTPResponse(status: 204, headers: [allow]) }
        let problem = RequestProblem(
            status: 405, code: "method_not_allowed",
            detail: "the path does not answer \(excerpt(request.method)), expected one of \(allow.value)")
        var response = HTTPResponse(problem: problem)
        response.headers.append(allow)
        return response
    }
}

/// Receives every response before it is sent.
protocol ExchangeObserver: Sendable {
    /// - Parameter route: nil if no route matches.
    func answered(_ request: HTTPRequest, route: Route?, status: Int, bytes: Int, entry: LogEntry)
}

extension RequestProblem {
    init(_ refusal: HTTPRefusal) {
        switch refusal {
        case .bodyTooLarge(let limit):
            self.init(
                status: 413, code: "body_too_large",
                detail: "the body is longer than \(limit) bytes, which is the limit here",
                members: Object([Member("limit", ["name": "bodyBytes", "value": .int(Int64(limit))])]))
        case .tooManyHeaders(let limit):
            self.init(
                status: 431, code: "headers_too_large",
                detail: "there are more than \(limit) headers, expected fewer",
                members: Object([Member("limit", ["name": "headers", "value": .int(Int64(limit))])]))
        case .targetTooLong(let limit):
            self.init(
                status: 414, code: "target_too_long", detail: "the path is longer than \(limit) bytes",
                members: Object([Member("limit", ["name": "targetBytes", "value": .int(Int64(limit))])]))
        case .headTooLarge(let limit):
            self.init(
                status: 431, code: "headers_too_large",
                detail: "the request line and headers are not valid: found more than \(limit) bytes",
                members: Object([Member("limit", ["name": "headBytes", "value": .int(Int64(limit))])]))
        case .bodyTooSlow(let bytes):
            self.init(
                status: 408, code: "body_too_slow",
                detail: "the body brought less than \(bytes) bytes a second while others waited for memory")
        case .noRoom:
            self.init(
                status: 503, code: "overloaded",
                detail: "there was no memory for the body, come again later", retryAfter: 1)
        case .versionNotSupported:
            self.init(
                status: 505, code: "version_not_supported",
                detail: "the request's version is not supported: expected HTTP/1.1 or HTTP/1.0")
        case .malformed(let fault):
            self = .malformed(fault.sentence)
        }
    }
}

extension RequestFault {
    /// A description of the fault, with what was expected.
    var sentence: String {
        switch self {
        case .requestLine:
            "the request line is not valid: expected a method, a target and HTTP/1.1, with one space between them"
        case .headerName:
            "a header line is not valid: expected a name of letters, digits and hyphens, then a colon"
        case .headerValue: "a header's value is not valid: found a control character, expected text"
        case .foldedHeader: "a header continues on the next line: expected one line for each header"
        case .repeatedHeader:
            "Content-Length, Transfer-Encoding or Host occurs more than once: expected it once"
        case .twoLengths: "found both Content-Length and Transfer-Encoding: expected one of the two"
        case .contentLength: "Content-Length is not valid: expected a decimal number of bytes"
        case .transferEncoding: "Transfer-Encoding is not supported: expected chunked, in HTTP/1.1"
        case .noHost: "there is no Host header: expected one, as HTTP/1.1 requires"
        case .escapedNul: "the path or the query holds %00: expected text without NUL"
        case .chunk: "the body's chunks are not valid: expected sizes in hexadecimal, each line ended by CRLF"
        }
    }
}

extension HTTPResponse {
    /// The headers of every response: it is not cached, and browsers do not guess another type.
    static func headers(_ type: String) -> [(name: String, value: String)] {
        [("Content-Type", type), ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
    }

    /// - Parameter request: if its query has `?pretty`, the problem is formatted for people.
    init(problem: RequestProblem, for request: HTTPRequest? = nil) {
        var body = ByteBuffer(capacity: 512)
        JSON.write(problem.json, into: &body, style: Self.isPretty(request) ? .pretty(2) : .compact)
        body.append(0x0a)
        self.init(status: problem.status, headers: Self.headers(MediaType.problem.rawValue), body: body)
        // RFC 9110, 15.5.2: a 401 names the required authentication.
        if problem.status == 401 { headers.append(("WWW-Authenticate", problem.challenge)) }
        if let seconds = problem.retryAfter { headers.append(("Retry-After", String(seconds))) }
    }

    /// - Parameter request: if its query has `?pretty`, the JSON is formatted for people.
    init(json value: Value, status: Int = 200, for request: HTTPRequest? = nil) {
        var body = ByteBuffer(capacity: 1024)
        JSON.write(value, into: &body, style: Self.isPretty(request) ? .pretty(2) : .compact)
        body.append(0x0a)
        self.init(status: status, headers: Self.headers(MediaType.json.rawValue), body: body)
    }

    private static func isPretty(_ request: HTTPRequest?) -> Bool {
        request?.query("pretty").map { $0 != "false" } ?? false
    }

    init(text: String, type: String = MediaType.text.rawValue, status: Int = 200) {
        var body = ByteBuffer(capacity: text.utf8.count)
        body.append(text)
        self.init(status: status, headers: Self.headers(type), body: body)
    }
}
