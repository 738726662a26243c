// In: a cluster's address and credentials (ClusterAccess), and requests. Out: objects as Values, or an APIError with
// the request, the server and the user. The client keeps no copies (ObjectWatch does), and runs no threads: every call
// returns when it is answered, or when the StopSignal is raised.

import Glibc
public import System
public import Values

/// A client of a cluster's API server. Several threads may use it at once: concurrent calls have separate connections.
public final class APIClient: Sendable {
    public let access: ClusterAccess
    public let stop: StopSignal
    /// Shared by the watches of this client.
    let recovery = WatchRecovery()
    let limits: APILimits
    private let idle = IdleTransport()

    public init(_ access: ClusterAccess, limits: APILimits = .server, stop: StopSignal = StopSignal()) {
        self.access = access
        self.limits = limits
        self.stop = stop
    }

    /// Reads an object.
    public func get(_ resource: APIResource, namespace: String? = nil, name: String) throws(APIError) -> Value
    {
        try object(APICall(verb: .get, resource: resource, namespace: namespace, name: name))
    }

    /// Creates an object. If the server already has one with that name, throws an error of kind `alreadyExists`.
    public func create(_ object: Value, _ resource: APIResource, namespace: String? = nil) throws(APIError)
        -> Value
    {
        var call = APICall(verb: .create, resource: resource, namespace: namespace)
        call.name = object["metadata"]?["name"]?.string
        call.body = Array(JSON.text(object).utf8)
        return try self.object(call)
    }

    /// Replaces an object. If its resourceVersion is not the server's, throws an error of kind `conflict`.
    public func update(_ object: Value, _ resource: APIResource, namespace: String? = nil) throws(APIError)
        -> Value
    {
        var call = APICall(verb: .update, resource: resource, namespace: namespace)
        call.name = object["metadata"]?["name"]?.string
        call.body = Array(JSON.text(object).utf8)
        return try self.object(call)
    }

    public func patch(
        _ resource: APIResource, namespace: String? = nil, name: String, _ type: PatchType, _ patch: Value
    ) throws(APIError) -> Value {
        var call = APICall(verb: .patch, resource: resource, namespace: namespace, name: name)
        call.body = Array(JSON.text(patch).utf8)
        call.contentType = type.rawValue
        return try object(call)
    }

    /// The version of the server from /version.
    public func serverVersion() throws(APIError) -> KubernetesVersion {
        var call = APICall(verb: .get)
        call.ownPath = "/version"
        let answer = try object(call)
        guard let version = KubernetesVersion(answer["gitVersion"]?.string ?? "") else {
            throw APIError(
                .malformed, "\(access.server.text)/version: there is no gitVersion such as v1.33.0")
        }
        return version
    }

    /// Lists all objects, or those with one name, in pages, so that no answer is large.
    ///
    /// - Parameters:
    ///   - mayMove: whether later pages may be of a later version. An API server keeps the version of the first page
    ///     for five minutes, and then offers the rest in the current version.
    ///   - page: called with the items of each page as it arrives, so that unneeded ones are not kept.
    /// - Returns: the resourceVersion to watch from.
    public func list(
        _ resource: APIResource, namespace: String? = nil, name: String? = nil, mayMove: Bool = false,
        page: ([Value]) throws(APIError) -> Void
    ) throws(APIError) -> String {
        var next = ""
        var hasMoved = false
        for _ in 0..<limits.pages {
            var call = APICall(verb: .list, resource: resource, namespace: namespace, name: name)
            if let name { call.query.append(("fieldSelector", "metadata.name=\(name)")) }
            call.query.append(("limit", String(limits.pageItems)))
            if !next.isEmpty { call.query.append(("continue", next)) }
            let answer: Value
            do throws(APIError) {
                answer = try object(call)
                hasMoved = false
            } catch {
                guard mayMove, !hasMoved, let rest = error.continuation, !rest.isEmpty else { throw error }
                (next, hasMoved) = (rest, true)
                continue
            }
            guard let items = answer["items"], items.array != nil || items.isNull else {
                throw APIError(.malformed, "\(call.sentence): the answer has no items")
            }
            try page(items.array ?? [])
            next = answer["metadata"]?["continue"]?.string ?? ""
            if next.isEmpty { return answer["metadata"]?["resourceVersion"]?.string ?? "" }
        }
        throw APIError(
            .malformed,
            "cannot list \(resource.name): there are more than \(limits.pages) pages of \(limits.pageItems)")
    }

    /// Reads the first objects of a kind, in one request.
    ///
    /// - Parameters:
    ///   - labels: labels that each object has.
    ///   - fields: field selectors, such as `involvedObject.name`.
    public func firstPage(
        _ resource: APIResource, namespace: String? = nil, labels: [(String, String)] = [],
        fields: [(name: String, value: String)] = [], limit: Int
    ) throws(APIError) -> [Value] {
        var call = APICall(verb: .list, resource: resource, namespace: namespace)
        if !labels.isEmpty {
            call.query.append(("labelSelector", labels.map { "\($0)=\($1)" }.joined(separator: ",")))
        }
        if !fields.isEmpty {
            call.query.append(
                ("fieldSelector", fields.map { "\($0.name)=\($0.value)" }.joined(separator: ",")))
        }
        call.query.append(("limit", String(limit)))
        let answer = try object(call)
        guard let items = answer["items"], items.array != nil || items.isNull else {
            throw APIError(.malformed, "\(call.sentence): the answer has no items")
        }
        // Items of a list have no kind.
        return (items.array ?? []).map { item in
            var item = item
            item.modifyObject { $0["kind"] = .string(resource.kind) }
            return item
        }
    }

    /// Runs one watch, until the server or the receiver of events ends it.
    ///
    /// - Parameters:
    ///   - version: the resourceVersion after which to continue.
    ///   - seconds: the time for which the server should keep the watch.
    ///   - opened: called once the server has accepted it.
    ///   - event: called for each event; false ends the watch.
    func watch(
        _ resource: APIResource, namespace: String?, name: String?, from version: String, seconds: Int,
        opened: () -> Void = {}, event: (WatchEvent) -> Bool
    ) throws(APIError) {
        var call = APICall(verb: .watch, resource: resource, namespace: namespace, name: name)
        call.query = [("watch", "true")]
        if let name { call.query.append(("fieldSelector", "metadata.name=\(name)")) }
        call.query += [
            ("resourceVersion", version), ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", String(seconds)),
        ]
        var lines = LineSplitter(longest: limits.objectBytes)
        var problem: APIError?
        // The server ends the watch itself; if it does not, the connection was lost silently.
        let milliseconds = (seconds + limits.watchGraceSeconds) * 1_000
        let reply = try send(call, milliseconds: milliseconds, isAnew: false, opened: opened) { bytes in
            lines.split(bytes) { line in
                guard problem == nil else { return false }
                do throws(APIError) {
                    return event(try WatchEvent(line, call))
                } catch {
                    problem = error
                    return false
                }
            }
        }
        if let problem { throw problem }
        if lines.isOverfull {
            throw APIError(
                .malformed, "\(call.sentence): an event is longer than \(limits.objectBytes) bytes")
        }
        if let error = reply.error { throw error }
    }

    // MARK: one request

    /// Sends a request and parses the answer, with as many attempts as the limits allow.
    private func object(_ call: APICall) throws(APIError) -> Value {
        var backoff = Backoff(first: limits.firstPause, longest: limits.longestPause)
        var attempt = 1
        while true {
            do throws(APIError) {
                return try once(call)
            } catch {
                guard error.isPassing, attempt < limits.attempts else { throw error }
                attempt += 1
                guard stop.pause(milliseconds: backoff.next(after: error)) else {
                    throw APIError(.stopped, "\(call.sentence): ended before it was answered")
                }
            }
        }
    }

    private func once(_ call: APICall) throws(APIError) -> Value {
        var body: [UInt8] = []
        var isTooLong = false
        func ask(_ isAnew: Bool) throws(APIError) -> Reply {
            body = []
            return try send(call, milliseconds: limits.milliseconds, isAnew: isAnew) { bytes in
                isTooLong = body.count + bytes.count > limits.answerBytes
                if !isTooLong { body += bytes }
                return !isTooLong
            }
        }
        var reply = try ask(false)
        // The token may just have been renewed.
        if reply.error?.kind == .unauthorized { reply = try ask(true) }
        if isTooLong {
            throw APIError(
                .malformed, "\(call.sentence): the answer is longer than \(limits.answerBytes) bytes")
        }
        if let error = reply.error { throw error }
        do throws(JSONError) {
            return try JSON.read(body)
        } catch {
            throw APIError(
                .malformed,
                "\(call.sentence): \(access.server.text) answers no JSON: byte \(error.offset): \(error.message)"
            )
        }
    }

    private struct Reply {
        var error: APIError?
    }

    /// - Parameter received: called with each piece of the body of an answer with a status below 300; false ends the
    ///   request, which is not an error.
    private func send(
        _ call: APICall, milliseconds: Int, isAnew: Bool, opened: () -> Void = {},
        received: (UnsafeBufferPointer<UInt8>) -> Bool
    ) throws(APIError) -> Reply {
        let shown = try access.credentials.show(isAnew: isAnew, stop: stop)
        let request = try request(call, shown, milliseconds)
        let transport = if let kept = idle.take(for: request) { kept } else { try Transport() }
        var head = AnswerHead()
        var problem: [UInt8] = []
        var wasEnded = false
        let answer = stop.covering(cancel: { transport.cancel() }) {
            let header = { (line: String) in
                // The headers end with an empty line.
                if line.isEmpty, 200..<300 ~= head.status { opened() } else { head.read(line) }
            }
            return transport.perform(request, header: header) { bytes in
                guard head.status < 300 else {
                    problem += bytes.prefix(max(0, limits.problemBytes - problem.count))
                    return true
                }
                wasEnded = !received(bytes)
                return !wasEnded
            }
        }
        if answer.end == .ended, wasEnded { return Reply() }
        guard answer.end == .complete else {
            return Reply(
                error: APIError(answer, milliseconds: milliseconds, call, access, user: shown.user))
        }
        if limits.keepsConnection { idle.keep(transport, after: request) }
        guard answer.status >= 300 || answer.status < 200 else { return Reply() }
        return Reply(
            error: APIError(
                status: answer.status, body: problem, retryAfter: head.retryAfterSeconds, call, access,
                user: shown.user))
    }

    private func request(
        _ call: APICall, _ shown: Credentials.Shown, _ milliseconds: Int
    ) throws(APIError) -> TransportRequest {
        let server = access.server
        var request = TransportRequest(method: call.method, url: "\(server.text)\(call.target)")
        request.headers = shown.headers + ["Accept: application/json", "User-Agent: pillion"]
        if let name = access.serverName, name != server.host {
            let named = ServerAddress(scheme: server.scheme, host: name, port: server.port, base: server.base)
            request.url = "\(named.text)\(call.target)"
            request.connectTo = "\(named.bracketedHost):\(server.port):\(server.bracketedHost):\(server.port)"
            request.headers.append("Host: \(server.bracketedHost):\(server.port)")
        }
        if let body = call.body {
            request.body = body
            // Nothing answers an `Expect` with 100, and libcurl would wait for that.
            request.headers += ["Content-Type: \(call.contentType)", "Expect:"]
        }
        request.authorities = try access.authorities?.read()
        request.certificate = shown.certificate
        request.key = shown.key
        request.skipsVerification = access.isUnverified
        request.proxy = access.proxy
        request.connectMilliseconds = limits.connectMilliseconds
        request.totalMilliseconds = milliseconds
        return request
    }
}

/// The limits of requests.
public struct APILimits: Sendable {
    /// The time limits of connecting, and of a whole answer (not of a watch).
    public var connectMilliseconds = 10_000
    public var milliseconds = 30_000
    /// The number of attempts of a request whose failure may be temporary, and the pauses between them, which double.
    public var attempts = 5
    public var firstPause = 100
    public var longestPause = 30_000
    /// The seconds that a server keeps a watch before a new one starts, and the delay that is tolerated at its end. A
    /// connection that is lost silently is noticed after the sum of both: at most 45 s.
    public var watchSeconds = 25...30
    public var watchGraceSeconds = 10
    /// The largest size of an answer, in bytes: a page of nodes is the longest.
    public var answerBytes = 64 << 20
    /// The largest size of an event, in bytes: an object is at most 3 MiB, and JSON may escape it.
    public var objectBytes = 8 << 20
    /// The number of bytes that are read of an error's body.
    public var problemBytes = 64 << 10
    /// The number of items per page, and of pages: 100,000 objects are ten times the namespaces of the largest
    /// clusters.
    public var pageItems = 200
    public var pages = 500
    /// Whether a call reuses the connection of the last one. `serve` makes few requests, and network devices would
    /// close an idle connection between them.
    public var keepsConnection = false

    public init() {}

    public static let server = APILimits()

    /// The limits of the command line, where people wait.
    public static let commandLine = {
        var limits = APILimits()
        limits.attempts = 3
        limits.milliseconds = 15_000
        limits.keepsConnection = true
        return limits
    }()
}

/// The comparable part of a version such as `v1.33.2-gke.100`.
public struct KubernetesVersion: Sendable, Comparable {
    public var major: Int
    public var minor: Int

    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Parses a version; nil if the text does not begin like one.
    public init?(_ text: String) {
        let numbers = text.drop { $0 == "v" }.split(
            byte: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard numbers.count >= 2, let major = Int(numbers[0]),
            let minor = Int(numbers[1].prefix { $0.isNumber })
        else { return nil }
        self.init(major: major, minor: minor)
    }

    public static func < (left: KubernetesVersion, right: KubernetesVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// The first version whose kubelets support restartable init containers without a feature gate that may be off.
    public static let nativeSidecars = KubernetesVersion(major: 1, minor: 33)
}

/// The status and headers of an answer.
private struct AnswerHead {
    var status = 0
    var retryAfterSeconds: Int?

    mutating func read(_ line: String) {
        if line.begins(with: "HTTP/") {
            status = line.split(byte: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            retryAfterSeconds = nil
            return
        }
        let parts = line.split(byte: ":", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "retry-after" else { return }
        retryAfterSeconds = Int(parts[1].filter { $0 != " " }).map { max(0, $0) }
    }
}

/// Computes pauses that double. Each is chosen at random between half and all of its maximum, so that replicas do not
/// retry at the same time.
struct Backoff {
    /// The largest Retry-After of a server that is respected, in seconds.
    static let longestAsked = 60

    let first: Int
    let longest: Int
    private var step = 0

    init(first: Int, longest: Int) {
        self.first = first
        self.longest = longest
    }

    /// Returns the milliseconds to wait.
    mutating func next(after error: APIError? = nil) -> Int {
        let whole = min(first << min(step, 20), longest)
        step += 1
        let jittered = Int.random(in: (whole / 2)...max(whole, 1))
        guard let asked = error?.retryAfterSeconds else { return jittered }
        return max(jittered, min(asked, Self.longestAsked) * 1_000)
    }

    mutating func reset() { step = 0 }
}
