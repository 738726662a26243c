import Glibc
import HTTPServer
import Synchronization
import System
import TestSupport
import Testing
import Values

/// Works on its own thread until it must stop.
private final class Endless: HTTPHandler {
    let milliseconds: UInt64?
    let stops = Mutex<[WorkStop]>([])
    let hasBegun = Atomic<Bool>(false)

    init(milliseconds: UInt64?) { self.milliseconds = milliseconds }

    func bodyLimit(for request: HTTPRequest) -> Int { 1_000 }
    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse? {
        guard request.path == "/long" else { return HTTPResponse(status: 200) }
        guard mayTakeLong else { return nil }
        #expect(request.header("X-Test") == "t")
        #expect(request.query("q") == "1")
        hasBegun.store(true, ordering: .relaxed)
        while true {
            if let stop = WorkStop.current {
                stops.withLock { $0.append(stop) }
                return HTTPResponse(status: 200)
            }
            usleep(500)
        }
    }
    func isUrgent(_ request: HTTPRequest) -> Bool { false }
    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse { HTTPResponse(status: 400) }
    func shed(_ request: HTTPRequest) -> HTTPResponse { HTTPResponse(status: 503) }
    func deadline(for request: HTTPRequest) -> UInt64? {
        milliseconds.map { MonotonicClock.nanoseconds + $0 * 1_000_000 }
    }
    func late(_ request: HTTPRequest) -> HTTPResponse {
        HTTPResponse(status: request.header("X-Test") == "t" && request.body.count == 3 ? 504 : 500)
    }
}

/// A response is sent in time even if the thread that works on it does not return, and the work is stopped.
@Suite(.timeLimit(.minutes(5)))
struct DeadlineTests {
    private func server(_ handler: Endless) throws -> HTTPServer {
        var options = HTTPServer.Options(address: .network(host: "127.0.0.1", port: 0))
        options.workers = 1
        return try HTTPServer(options, handler: handler)
    }

    private func ask(_ client: HTTPClient) {
        client.send(
            "POST /long?q=1 HTTP/1.1\r\nHost: a\r\nX-Test: t\r\nContent-Length: 3\r\n\r\nabc")
    }

    @Test func theAnswerComesByTheTimer() throws {
        let handler = Endless(milliseconds: 100)
        let server = try server(handler)
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        for _ in 0..<2 {
            ask(client)
            #expect(client.readResponse()?.status == 504)
        }
        for _ in 0..<1_000 where handler.stops.withLock({ $0.count }) < 2 { usleep(5_000) }
        #expect(handler.stops.withLock { $0 } == [.deadline, .deadline])
        #expect(client.request("GET", "/")?.status == 200)
    }

    /// Time in the queue counts towards the deadline: later requests wait for the only thread.
    @Test func waitingCounts() throws {
        let handler = Endless(milliseconds: 200)
        let server = try server(handler)
        defer { server.stop() }
        let clients = try (0..<3).map { _ in try #require(HTTPClient(port: server.port)) }
        for client in clients { ask(client) }
        let start = MonotonicClock.nanoseconds
        for client in clients { #expect(client.readResponse()?.status == 504) }
        #expect(MonotonicClock.nanoseconds - start < 5_000_000_000)
    }

    /// Work stops when its client disconnects.
    @Test func theClientsDepartureStopsTheWork() throws {
        let handler = Endless(milliseconds: nil)
        let server = try server(handler)
        defer { server.stop() }
        do {
            let client = try #require(HTTPClient(port: server.port))
            ask(client)
            // A client that leaves before the work begins has none to stop.
            for _ in 0..<2_000 where !handler.hasBegun.load(ordering: .relaxed) { usleep(5_000) }
        }
        for _ in 0..<2_000 where handler.stops.withLock({ $0.isEmpty }) { usleep(5_000) }
        #expect(handler.stops.withLock { $0 } == [.clientGone])
    }
}
