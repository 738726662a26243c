import CMicrohttpd
import Synchronization
import System
import Values

// libmicrohttpd calls these functions from its own threads. They are at file scope because a closure in an isolated
// context would check for the main actor and trap.

/// `MHD_AccessHandlerCallback`: called once when the headers have arrived, then for every part of the body, then once
/// more. The answer is queued in that last call, because libmicrohttpd would close the connection after an answer that
/// is queued in the first call.
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
        let (result, isTaken) = exchange.receive(bytes.bindMemory(to: UInt8.self))
        if isTaken { partSize.pointee = 0 }
        return result
    }
    let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    let exchange = Exchange(
        server, connection, method: String(cString: method), path: path(of: String(cString: url)))
    slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
    return exchange.begin()
}

/// Returns the path of a target. For an absolute target, which proxies send (RFC 9112, 3.2.2), this is the part after
/// the host.
private func path(of target: String) -> String {
    if target.utf8.first == UInt8(ascii: "/") { return target }
    for scheme in ["http://", "https://"] where target.begins(with: scheme) {
        let rest = target.dropFirst(scheme.count)
        return rest.firstIndex(ofByte: "/").map { String(rest[$0...]) } ?? "/"
    }
    return target
}

/// `MHD_RequestCompletedCallback`: the answer has been sent, or the connection is closed.
func requestCompleted(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, how: MHD_RequestTerminationCode
) {
    guard let slot, let existing = slot.pointee else { return }
    slot.pointee = nil
    Unmanaged<Exchange>.fromOpaque(existing).takeRetainedValue().end()
}

/// One request, from its headers to its answer. Only one thread uses it at a time: libmicrohttpd's thread, or while the
/// connection is suspended, a worker or the watch, of which `OngoingWork` lets one answer. Suspending and resuming
/// synchronise them.
final class Exchange: @unchecked Sendable {
    let server: HTTPServer
    private let connection: OpaquePointer
    private let watched: WatchedConnection?
    private let method: String
    private let path: String
    private let arrival = MonotonicClock.nanoseconds
    private var body = ByteBuffer(capacity: 16)
    private var limit = 0
    private var refusal: HTTPRefusal?
    private var discarded = 0
    /// The number of the request on its connection, from 1.
    private var number = 0
    /// The answer that a worker or the watch's thread has built and libmicrohttpd's thread will queue.
    private var prepared: (response: OpaquePointer?, status: Int)?

    /// The memory that the body is charged. Guarded by the lock of the budget.
    var charge = BodyCharge()
    /// Whether the connection is suspended until there is memory for the body.
    private var isWaiting = false
    private var isCharged = false
    private var waitDeadline: UInt64 = .max
    private let isWhole = Atomic<Bool>(false)
    /// The reason why the body was given up. Set before the connection learns of it.
    private var surrender: HTTPRefusal?
    /// The work on an answer that another thread than the connection's builds, and a copy of its request.
    private var work: OngoingWork?
    private var kept: HTTPRequest?
    /// The number of threads that may use the body: the connection's and a worker.
    private let users = Atomic<Int>(1)

    init(_ server: HTTPServer, _ connection: OpaquePointer, method: String, path: String) {
        self.server = server
        self.connection = connection
        self.method = method
        self.path = path
        watched = pillion_mhd_socket_context(connection).map {
            Unmanaged<WatchedConnection>.fromOpaque($0).takeUnretainedValue()
        }
    }

    /// The meter of the memory that the work on the answer holds.
    var meter: WorkMeter? { work?.meter }

    /// Handles the headers of the request.
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
                // A client that waits for `100 Continue`, or would send more than is worth reading, gets its answer
                // immediately.
                let rest = declared.flatMap { Int($0) } ?? 0
                let answersNow = rest > server.limits.discardedBytes || request.header("Expect") != nil
                return answersNow ? finish() : .YES
            }
            if let length = declared.flatMap({ Int($0) }) { body.reserve(min(length, Self.reserveAtMost)) }
            return .YES
        }
    }

    /// The maximum memory that is reserved because of `Content-Length` alone.
    private static let reserveAtMost = 16 << 10

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

    /// Adds the route's limit to a refusal of the framing, which does not know it.
    private func worded(_ refusal: HTTPRefusal, for request: HTTPRequest) -> HTTPRefusal {
        guard case .bodyTooLarge = refusal else { return refusal }
        return .bodyTooLarge(limit: server.handler.bodyLimit(for: request))
    }

    // MARK: The body

    /// Handles a part of the body.
    ///
    /// - Returns: whether the part was taken. If not, the connection is suspended and the part is passed again later.
    func receive(_ part: UnsafeBufferPointer<UInt8>) -> (result: MHD_Result, isTaken: Bool) {
        if isWaiting {
            isWaiting = false
            watched?.enter(.body)
        }
        noteSurrender()
        if refusal == nil {
            isCharged = true
            if body.count + part.count > limit {
                refuse(.bodyTooLarge(limit: limit))
            } else if !server.budgets.bodies.charge(self, part.count) {
                return waits(for: part.count)
            } else {
                watched?.received(part.count)
                grow(for: part.count)
                body.append(part)
                return (.YES, true)
            }
        }
        watched?.received(part.count)
        discarded += part.count
        return (discarded <= server.limits.discardedBytes ? .YES : .NO, true)
    }

    /// Grows large bodies by a fixed amount, so that they use little more memory than they are charged.
    private func grow(for further: Int) {
        if body.count > BodyBudget.smallBytes { body.reserve(further, atLeast: Self.largeStep) }
    }

    private static let largeStep = 256 << 10

    private func waits(for further: Int) -> (result: MHD_Result, isTaken: Bool) {
        guard !server.budgets.watch.isOverloaded, !server.isStopping else {
            refusal = .noRoom
            return (.YES, true)
        }
        let now = MonotonicClock.nanoseconds
        if waitDeadline == .max {
            waitDeadline =
                withRequest(body: UnsafeBufferPointer(start: nil, count: 0)) {
                    server.handler.deadline(for: $0)
                } ?? now + Self.longestWait
        }
        isWaiting = true
        watched?.enter(.answering)
        pillion_mhd_suspend(connection)
        server.budgets.bodies.wait(self, for: further)
        return (.YES, false)
    }

    /// The maximum time in nanoseconds that a body waits if its handler has no deadline for it.
    private static let longestWait: UInt64 = 5_000_000_000

    /// Resumes the suspended connection, because there is memory for the body again.
    func goOn() { pillion_mhd_resume(connection) }

    /// Whether the body has waited for memory until its deadline. Called under the lock of the budget, like the next
    /// two functions.
    func waitsTooLong(now: UInt64) -> Bool { now >= waitDeadline }

    /// Whether too little of the body has arrived since the last check, at least one second ago.
    func isSlow(now: UInt64) -> Bool {
        guard !isWhole.load(ordering: .relaxed) else { return false }
        let (bytes, at) = charge.seen
        guard at > 0 else {
            charge.seen = (charge.bytes, now)
            return false
        }
        let milliseconds = Int((now &- at) / 1_000_000)
        guard milliseconds >= 1_000 else { return false }
        charge.seen = (charge.bytes, now)
        return charge.bytes - bytes < BodyBudget.bytesPerSecond * milliseconds / 1_000
    }

    /// Gives up the rest of the body. The connection's thread answers.
    func giveUp(_ why: HTTPRefusal, isSuspended: Bool) {
        surrender = why
        watched?.giveUpBody()
        if isSuspended { pillion_mhd_resume(connection) }
    }

    private func noteSurrender() {
        guard refusal == nil, watched?.isGivenUp == true, let surrender else { return }
        // The received part of a waiting review is kept, because it identifies the request to answer.
        if surrender == .noRoom { refusal = surrender } else { refuse(surrender) }
    }

    private func refuse(_ why: HTTPRefusal) {
        refusal = why
        dropBody()
    }

    private func dropBody() {
        body = ByteBuffer(capacity: 16)
        server.budgets.bodies.release(self)
    }

    // MARK: The answer

    /// Answers the request: the body is complete, or a worker is done.
    func finish() -> MHD_Result {
        if let prepared {
            self.prepared = nil
            return queue(prepared.response, status: prepared.status)
        }
        isWhole.store(true, ordering: .relaxed)
        watched?.enter(.answering)
        noteSurrender()
        // A malformed chunk ended the body.
        if refusal == nil, let fault = watched?.framing.refusal(ofRequest: number) {
            refusal = withRequest(body: UnsafeBufferPointer(start: nil, count: 0)) { worded(fault, for: $0) }
        }
        let outcome: (OpaquePointer?, Int)? = body.withBytes { bytes in
            withRequest(body: bytes) { request in
                if refusal == .noRoom { return made(server.handler.shed(request), close: true) }
                if let refusal { return made(server.handler.refuse(request, refusal), close: true) }
                guard let response = server.handler.respond(to: request, mayTakeLong: false) else {
                    return nil
                }
                return made(response)
            }
        }
        if let outcome { return queue(outcome.0, status: outcome.1) }
        submit()
        return .YES
    }

    /// Passes the request to a worker thread.
    private func submit() {
        var isUrgent = false
        var deadline: UInt64?
        body.withBytes { bytes in
            withRequest(body: bytes) { request in
                isUrgent = server.handler.isUrgent(request)
                deadline = server.handler.deadline(for: request)
            }
        }
        let work = OngoingWork(deadline: deadline)
        self.work = work
        kept = withRequest(body: UnsafeBufferPointer(start: nil, count: 0)) { request in
            HTTPRequest(request, body: request.body) { work.claimForWorker(bytes: $0) }
        }
        pillion_mhd_suspend(connection)
        users.add(1, ordering: .relaxed)
        server.budgets.watch.add(self)
        let pool = isUrgent ? server.urgentWork : server.work
        let isTaken =
            !server.budgets.watch.isOverloaded
            && pool.submit(isStale: { self.isStale(work) }) { self.answerOnWorker(work) }
        guard !isTaken else { return }
        if work.claimForWatch() { prepare { self.server.handler.shed($0) } }
        endWork(work)
    }

    /// Whether the request was answered while it waited for a thread, so that the work will not run.
    private func isStale(_ work: OngoingWork) -> Bool {
        guard work.isAnswered else { return false }
        endWork(work)
        return true
    }

    private func answerOnWorker(_ work: OngoingWork) {
        defer { endWork(work) }
        waitForMemory(work)
        guard !isLeft(work), !work.isAnswered else { return }
        let made: (OpaquePointer?, Int)? = work.meter.run {
            withKept { request in
                guard let response = server.handler.respond(to: request, mayTakeLong: true) else {
                    return work.claimForWorker(bytes: 0)
                        ? self.made(HTTPResponse(status: 500), close: true) : nil
                }
                if work.isRefused { return self.made(server.handler.shed(request)) }
                guard request.claimAnswer(bytes: response.length) else { return nil }
                return self.made(response)
            }
        }
        guard let made else { return }
        prepared = made
        pillion_mhd_resume(connection)
    }

    /// Waits until there is memory for the work, or until the request is answered without it.
    private func waitForMemory(_ work: OngoingWork) {
        let limit = WorkMemory.process.limit
        guard limit < .max else { return }
        let needed = min(limit / 4, Self.leastMemory + 4 * body.count)
        while WorkMemory.process.used > limit - needed, !work.isAnswered { Thread.sleep(milliseconds: 2) }
    }

    private static let leastMemory = 1 << 20

    private func endWork(_ work: OngoingWork) {
        server.budgets.watch.remove(self)
        work.end()
        leave()
    }

    /// Called by the watch during the work. Answers if the deadline has passed, or if the client is gone.
    func look(now: UInt64, asksClient: Bool) {
        guard let work, !work.isAnswered else { return }
        if let deadline = work.deadline, now >= deadline {
            guard work.claimForWatch() else { return }
            work.meter.stop(.deadline)
            prepare { self.server.handler.late($0) }
        } else if asksClient {
            _ = isLeft(work)
        }
    }

    /// Whether the client is gone. If so, the work is stopped, and libmicrohttpd notices when it tries to send an
    /// answer.
    private func isLeft(_ work: OngoingWork) -> Bool {
        guard watched?.isAbandoned == true, work.claimForWatch() else { return false }
        work.meter.stop(.clientGone)
        prepared = made(HTTPResponse(status: 503), close: true)
        pillion_mhd_resume(connection)
        return true
    }

    /// Answers a suspended request instead of a worker.
    private func prepare(_ answer: (HTTPRequest) -> HTTPResponse) {
        prepared = withKept { request in
            made(answer(HTTPRequest(request, body: request.body) { _ in true }))
        }
        pillion_mhd_resume(connection)
    }

    /// Ends the exchange: the answer has been sent, or the connection is closed.
    func end() {
        if let response = prepared?.response { pillion_mhd_destroy(response) }
        prepared = nil
        work?.releaseAnswer()
        watched?.enter(.idle)
        server.requestEnded()
        leave()
    }

    /// Notes that one thread no longer uses the body. The last one releases its memory.
    private func leave() {
        if users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0, isCharged {
            server.budgets.bodies.release(self)
        }
    }

    private func made(_ response: consuming HTTPResponse, close: Bool = false) -> (OpaquePointer?, Int) {
        let status = response.status
        return (response.made(close: close || server.isDraining), status)
    }

    private func queue(_ response: OpaquePointer?, status: Int) -> MHD_Result {
        guard let response else { return .NO }
        defer { pillion_mhd_destroy(response) }
        watched?.enter(.sending)
        if charge.isLarge, work?.isRunning != true { dropBody() }
        return pillion_mhd_queue(connection, UInt32(status), response) == Int32(MHD_Result.YES.rawValue)
            ? .YES : .NO
    }

    private func withRequest<R>(body: UnsafeBufferPointer<UInt8>, _ use: (HTTPRequest) -> R) -> R {
        use(HTTPRequest(connection: connection, method: method, path: path, body: body, arrival: arrival))
    }

    private func withKept<R>(_ use: (HTTPRequest) -> R) -> R {
        body.withBytes { bytes in
            guard let kept else { return withRequest(body: bytes, use) }
            return use(kept.with(body: bytes))
        }
    }
}
