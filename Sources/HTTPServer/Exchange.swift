import CMicrohttpd
import System
import Values

// libmicrohttpd calls these from its own threads. They are functions at file scope: a closure in an isolated context
// would check for the main actor and trap.

/// `MHD_AccessHandlerCallback`: once when the headers are there, then for every part of the body, then once more.
/// The answer is queued in that last call: queued in the first, libmicrohttpd closes the connection after it.
func requestAdvanced(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, part: UnsafePointer<CChar>?,
    partSize: UnsafeMutablePointer<Int>?, slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let url, let method, let partSize, let slot else { return .NO }
    if let existing = slot.pointee {
        let exchange = Unmanaged<Exchange>.fromOpaque(existing).takeUnretainedValue()
        guard partSize.pointee > 0 else { return exchange.finish() }
        let bytes = UnsafeRawBufferPointer(start: part, count: partSize.pointee)
        partSize.pointee = 0
        return exchange.receive(bytes.bindMemory(to: UInt8.self))
    }
    let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    let exchange = Exchange(
        server, connection, method: String(cString: method), path: path(of: String(cString: url)))
    slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
    return exchange.begin()
}

/// The path of a target; of an absolute one, as proxies send them (RFC 9112, 3.2.2), what is after the host.
private func path(of target: String) -> String {
    if target.utf8.first == UInt8(ascii: "/") { return target }
    for scheme in ["http://", "https://"] where target.hasPrefix(scheme) {
        let rest = target.dropFirst(scheme.count)
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
    }
    return target
}

/// `MHD_RequestCompletedCallback`: the answer has gone, or the connection has.
func requestCompleted(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, how: MHD_RequestTerminationCode
) {
    guard let slot, let existing = slot.pointee else { return }
    slot.pointee = nil
    Unmanaged<Exchange>.fromOpaque(existing).takeRetainedValue().end()
}

/// One request from its headers to its answer. Touched by one thread at a time: libmicrohttpd's, or while the
/// connection is suspended a worker's; suspending and resuming order the two.
final class Exchange: @unchecked Sendable {
    private let server: HTTPServer
    private let connection: OpaquePointer
    private let watched: WatchedConnection?
    private let method: String
    private let path: String
    private let arrival = MonotonicClock.nanoseconds
    private var body = ByteBuffer(capacity: 16)
    private var limit = 0
    private var refusal: HTTPRefusal?
    private var discarded = 0
    /// Which request of the connection this is, from 1.
    private var number = 0
    /// Made on a worker, queued by libmicrohttpd's thread.
    private var prepared: (response: OpaquePointer?, status: Int)?

    init(_ server: HTTPServer, _ connection: OpaquePointer, method: String, path: String) {
        self.server = server
        self.connection = connection
        self.method = method
        self.path = path
        watched = pillion_mhd_socket_context(connection).map {
            Unmanaged<WatchedConnection>.fromOpaque($0).takeUnretainedValue()
        }
    }

    /// The headers are there.
    func begin() -> MHD_Result {
        server.requestBegan()
        if let watched {
            watched.enter(.body)
            watched.requests += 1
            number = watched.requests
        }
        return withRequest(body: UnsafeBufferPointer(start: nil, count: 0)) { request in
            let declared = request.header("Content-Length")
            refusal = refused(request, declared)
            guard refusal == nil else {
                // A client that waits for leave, or means to send more than is worth reading, hears at once.
                let rest = declared.flatMap { Int($0) } ?? 0
                let answersNow = rest > server.limits.discardedBytes || request.header("Expect") != nil
                return answersNow ? finish() : .YES
            }
            if let length = declared.flatMap({ Int($0) }) { body.reserve(min(length, Self.reserveAtMost)) }
            return .YES
        }
    }

    /// Memory that is taken on the word of `Content-Length` alone.
    private static let reserveAtMost = 256 << 10

    private func refused(_ request: HTTPRequest, _ declared: String?) -> HTTPRefusal? {
        let limits = server.limits
        if let refusal = watched?.framing.refusal(ofRequest: number) { return worded(refusal, for: request) }
        if watched?.targetHoldsNul == true { return .malformed(.escapedNul) }
        let target = max(watched?.targetBytes ?? 0, request.path.utf8.count)
        if target > limits.targetBytes { return .targetTooLong(limit: limits.targetBytes) }
        if request.headerCount > limits.headers { return .tooManyHeaders(limit: limits.headers) }
        limit = server.handler.bodyLimit(for: request)
        guard let length = declared.flatMap({ Int($0) }) else { return nil }
        return length > limit ? .bodyTooLarge(limit: limit) : nil
    }

    /// A refusal of the framing, which knows no route's limit.
    private func worded(_ refusal: HTTPRefusal, for request: HTTPRequest) -> HTTPRefusal {
        guard case .bodyTooLarge = refusal else { return refusal }
        return .bodyTooLarge(limit: server.handler.bodyLimit(for: request))
    }

    /// A part of the body.
    func receive(_ part: UnsafeBufferPointer<UInt8>) -> MHD_Result {
        watched?.received(part.count)
        if refusal == nil {
            if body.count + part.count <= limit {
                body.append(part)
                return .YES
            }
            refusal = .bodyTooLarge(limit: limit)
            body.truncate(to: 0)
        }
        discarded += part.count
        return discarded <= server.limits.discardedBytes ? .YES : .NO
    }

    /// The body is whole, or a worker is done.
    func finish() -> MHD_Result {
        if let prepared {
            self.prepared = nil
            return queue(prepared.response, status: prepared.status)
        }
        watched?.enter(.answering)
        // Where a chunk was malformed, the body ended there.
        if refusal == nil, let fault = watched?.framing.refusal(ofRequest: number) {
            refusal = withRequest(body: UnsafeBufferPointer(start: nil, count: 0)) { worded(fault, for: $0) }
        }
        let outcome: (OpaquePointer?, Int)? = body.withBytes { bytes in
            withRequest(body: bytes) { request in
                if let refusal { return made(server.handler.refuse(request, refusal), close: true) }
                guard let response = server.handler.respond(to: request, mayTakeLong: false) else {
                    return nil
                }
                return made(response)
            }
        }
        if let outcome { return queue(outcome.0, status: outcome.1) }
        pillion_mhd_suspend(connection)
        let isUrgent = body.withBytes { bytes in withRequest(body: bytes) { server.handler.isUrgent($0) } }
        let pool = isUrgent ? server.urgentWork : server.work
        let isTaken = pool.submit { self.answerOnWorker() }
        if !isTaken {
            prepared = body.withBytes { bytes in
                withRequest(body: bytes) { made(server.handler.shed($0)) }
            }
            pillion_mhd_resume(connection)
        }
        return .YES
    }

    private func answerOnWorker() {
        // Nobody waits for the answer any more; libmicrohttpd notices when it tries to send one.
        if let watched, watched.isAbandoned {
            prepared = made(HTTPResponse(status: 503), close: true)
            pillion_mhd_resume(connection)
            return
        }
        prepared = body.withBytes { bytes in
            withRequest(body: bytes) { request in
                guard let response = server.handler.respond(to: request, mayTakeLong: true) else {
                    return made(HTTPResponse(status: 500), close: true)
                }
                return made(response)
            }
        }
        pillion_mhd_resume(connection)
    }

    /// The answer has gone, or the connection has.
    func end() {
        if let response = prepared?.response { pillion_mhd_destroy(response) }
        watched?.enter(.idle)
        server.requestEnded()
    }

    private func made(_ response: consuming HTTPResponse, close: Bool = false) -> (OpaquePointer?, Int) {
        let status = response.status
        return (response.made(close: close || server.isDraining), status)
    }

    private func queue(_ response: OpaquePointer?, status: Int) -> MHD_Result {
        guard let response else { return .NO }
        defer { pillion_mhd_destroy(response) }
        watched?.enter(.sending)
        return pillion_mhd_queue(connection, UInt32(status), response) == Int32(MHD_Result.YES.rawValue)
            ? .YES : .NO
    }

    private func withRequest<R>(body: UnsafeBufferPointer<UInt8>, _ use: (HTTPRequest) -> R) -> R {
        use(HTTPRequest(connection: connection, method: method, path: path, body: body, arrival: arrival))
    }
}
