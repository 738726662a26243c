import Glibc
import HTTPServer
import Synchronization
import System
import TestSupport
import Testing
import Values

/// Answers with the request's method, path and body; for `/slow` on its own thread.
private final class Echo: HTTPHandler {
    let limit: Int
    let gate = Gate()

    init(limit: Int = 1_000) { self.limit = limit }

    func bodyLimit(for request: HTTPRequest) -> Int { limit }

    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse? {
        if request.path == "/slow" {
            guard mayTakeLong else { return nil }
            gate.wait()
        }
        var body = ByteBuffer()
        if request.path == "/scheduling" {
            guard mayTakeLong else { return nil }
            body.append(
                "\(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)) \(Scheduling.slice ?? "-")")
            return HTTPResponse(status: 200, body: body)
        }
        body.append("\(request.method) \(request.path) \(request.header("X-Test") ?? "-") ")
        body.append("\(request.query("q") ?? "-") \(request.body.count) \(mayTakeLong)")
        return HTTPResponse(status: 200, headers: [("Content-Type", "text/plain")], body: body)
    }

    func isUrgent(_ request: HTTPRequest) -> Bool { request.query("urgent") != nil }

    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse {
        switch refusal {
        case .bodyTooLarge(let limit): said(413, "more than \(limit)")
        case .tooManyHeaders(let limit): said(431, "more than \(limit)")
        case .targetTooLong(let limit): said(414, "more than \(limit)")
        case .headTooLarge(let limit): said(431, "more than \(limit)")
        case .versionNotSupported: said(505, "another version")
        case .bodyTooSlow: said(408, "too slow")
        case .noRoom: said(503, "no room")
        case .malformed(let fault): said(400, "\(fault)")
        }
    }

    func shed(_ request: HTTPRequest) -> HTTPResponse { said(503, "too much") }

    private func said(_ status: Int, _ text: String) -> HTTPResponse {
        var body = ByteBuffer()
        body.append(text)
        return HTTPResponse(status: status, body: body)
    }
}

/// The Linux scheduling attributes of the calling thread.
private enum Scheduling {
    /// The time slice in nanoseconds; nil if the kernel does not report it (before 6.12, or built without it).
    static var slice: String? {
        let text = String(decoding: contents(of: "/proc/thread-self/sched") ?? [], as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix("se.slice") }
            .flatMap { $0.split(separator: ":").last }.map { $0.filter { $0 != " " } }
    }
}

/// Holds threads until it is opened.
private final class Gate: Sendable {
    private let isOpen = Atomic<Bool>(false)
    let waiting = Atomic<Int>(0)

    func open() { isOpen.store(true, ordering: .relaxed) }

    func wait() {
        waiting.add(1, ordering: .relaxed)
        while !isOpen.load(ordering: .relaxed) { usleep(1_000) }
    }
}

@Suite(.timeLimit(.minutes(10)))
struct HTTPServerTests {
    private func server(
        _ handler: Echo = Echo(), _ change: (inout HTTPServer.Options) -> Void = { _ in }
    ) throws -> HTTPServer {
        var options = HTTPServer.Options(address: .network(host: "127.0.0.1", port: 0))
        change(&options)
        return try HTTPServer(options, handler: handler)
    }

    @Test func answersOnOneConnectionAgainAndAgain() throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        for _ in 0..<3 {
            let response = try #require(
                client.request("POST", "/a/b?q=1", headers: [("x-test", "t")], body: [1, 2]))
            #expect(response.status == 200)
            #expect(response.text == "POST /a/b t 1 2 false")
        }
        #expect(client.request("GET", "/%41", headers: [])?.text == "GET /A - - 0 false")
    }

    @Test func headHasLengthAndNoBody() throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        let response = try #require(client.request("HEAD", "/"))
        #expect(response.header("Content-Length") == "18")
        #expect(client.request("GET", "/")?.status == 200)
    }

    @Test(arguments: [(999, 200), (1_000, 200), (1_001, 413)])
    func bodiesAtTheLimit(size: Int, status: Int) throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        let body = [UInt8](repeating: 0x61, count: size)
        #expect(client.request("POST", "/", body: body)?.status == status)
    }

    @Test(arguments: [(999, 200), (1_000, 200), (1_001, 413)])
    func chunkedBodiesAtTheLimit(size: Int, status: Int) throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("\(String(size, radix: 16))\r\n\(String(repeating: "a", count: size))\r\n0\r\n\r\n")
        #expect(client.readResponse()?.status == status)
    }

    @Test func bodyBeyondReadingIsRefusedAtOnce() throws {
        let server = try server { $0.limits.discardedBytes = 10_000 }
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10001\r\n\r\n")
        #expect(client.readResponse()?.status == 413)
    }

    @Test func refusedBodyOfAClientThatWaitsForLeave() throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n")
        #expect(client.readResponse()?.status == 413)
    }

    @Test func twoLengthsAreRefused() throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        client.send(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        let response = try #require(client.readResponse())
        #expect(response.status == 400)
        #expect(client.isClosedByServer)
    }

    @Test(arguments: [(100, 200), (101, 431)])
    func headersAtTheLimit(count: Int, status: Int) throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        // Host is one of them.
        let headers = (1..<count).map { ("X-\($0)", "v") }
        #expect(client.request("GET", "/", headers: headers)?.status == status)
    }

    @Test func headerOf64KiBIsRefused() throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        let long = String(repeating: "x", count: 64 << 10)
        let status = client.request("GET", "/", headers: [("X-Long", long)])?.status
        #expect(status == nil || status == 431 || status == 413)
        #expect(try #require(HTTPClient(port: server.port)).request("GET", "/")?.status == 200)
    }

    @Test func nonsenseEndsTheConnectionOnly() throws {
        let server = try server()
        defer { server.stop() }
        for nonsense in ["\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n"] {
            let client = try #require(HTTPClient(port: server.port, timeoutSeconds: 2))
            client.send(nonsense)
            client.finishSending()
            _ = client.readResponse()
        }
        #expect(try #require(HTTPClient(port: server.port)).request("GET", "/")?.status == 200)
    }

    @Test func requestsOneBehindTheOther() throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readResponse()?.text == "GET /1 - - 0 false")
        #expect(client.readResponse()?.text == "GET /2 - - 0 false")
    }

    /// Answers the requests sent before the client closed its half; then the server closes the other half.
    @Test func halfClosedConnectionIsAnsweredAndClosed() throws {
        let server = try server()
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port, timeoutSeconds: 10))
        client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        client.finishSending()
        #expect(client.readResponse()?.text == "GET /1 - - 0 false")
        #expect(client.readResponse()?.text == "GET /2 - - 0 false")
        #expect(client.isClosedByServer)
    }

    @Test func dripOfHeadersIsCutOff() throws {
        let server = try server { $0.limits.headerSeconds = 1 }
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        client.send("GET / HTTP/1.1\r\n")
        let start = MonotonicClock.nanoseconds
        while client.send("X: y\r\n"), MonotonicClock.nanoseconds - start < 8_000_000_000 { usleep(100_000) }
        #expect(MonotonicClock.nanoseconds - start < 8_000_000_000)
    }

    /// Sends below and above the minimum of 1,000 bytes a second: 500, 1,100 and 2,000.
    @Test(arguments: [(50, true), (110, false), (200, false)])
    func dripOfBodyIsCutOff(bytesPerTenth: Int, isCutOff: Bool) throws {
        let server = try server {
            $0.limits.bodyBytesPerSecond = 1_000
            $0.limits.bodyGraceSeconds = 1
        }
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        // The first 200 bytes are sent at once, so that a busy machine does not fall below the rate at the start.
        let size = 200 + 30 * bytesPerTenth
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(size)\r\n\r\n")
        client.send(String(repeating: "x", count: 200))
        let start = MonotonicClock.nanoseconds
        for tenth in 1...30 {
            let due = start + UInt64(tenth) * 100_000_000
            while MonotonicClock.nanoseconds < due { usleep(5_000) }
            guard client.send(String(repeating: "x", count: bytesPerTenth)) else { break }
        }
        #expect((client.readResponse() == nil) == isCutOff)
    }

    @Test func slowAnswersLeaveTheOthersAlone() throws {
        let echo = Echo()
        let server = try server(echo) {
            $0.threads = 1
            $0.workers = 1
            $0.waiting = 1
        }
        defer { server.stop() }
        let slow = try (0..<2).map { _ in try #require(HTTPClient(port: server.port)) }
        slow[0].send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        while echo.gate.waiting.load(ordering: .relaxed) < 1 { usleep(1_000) }
        slow[1].send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        let quick = try #require(HTTPClient(port: server.port))
        #expect(quick.request("GET", "/")?.status == 200)
        // One is being answered and one waits, so a third is refused unless it is urgent.
        while server.activeRequests < 2 { usleep(1_000) }
        #expect(quick.request("GET", "/slow")?.status == 503)
        quick.send("GET /slow?urgent HTTP/1.1\r\nHost: h\r\n\r\n")
        while echo.gate.waiting.load(ordering: .relaxed) < 2 { usleep(1_000) }
        echo.gate.open()
        for client in slow + [quick] { #expect(client.readResponse()?.text == "GET /slow - - 0 true") }
    }

    /// Threads for long work have a long time slice, so that waking threads preempt them. For work that is not urgent,
    /// they also have a nice value of 10.
    @Test func longWorkYields() throws {
        let server = try server(Echo())
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        let slice = Scheduling.slice.map { _ in "20000000" } ?? "-"
        #expect(client.request("GET", "/scheduling")?.text == "10 \(slice)")
        #expect(client.request("GET", "/scheduling?urgent")?.text == "0 \(slice)")
    }

    /// Queued work is not started for a client that has disconnected.
    @Test func noWorkForClientsThatHaveGone() throws {
        let echo = Echo()
        let server = try server(echo) {
            $0.workers = 1
            $0.waiting = 4
        }
        defer { server.stop() }
        let first = try #require(HTTPClient(port: server.port))
        first.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        while echo.gate.waiting.load(ordering: .relaxed) < 1 { usleep(1_000) }
        var second = HTTPClient(port: server.port)
        second?.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        let third = try #require(HTTPClient(port: server.port))
        third.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        while server.activeRequests < 3 { usleep(1_000) }
        second = nil
        echo.gate.open()
        #expect(first.readResponse()?.status == 200)
        #expect(third.readResponse()?.status == 200)
        #expect(echo.gate.waiting.load(ordering: .relaxed) == 2)
    }

    @Test func endsAfterTheRequestsAtHand() throws {
        let echo = Echo()
        let server = try server(echo)
        let client = try #require(HTTPClient(port: server.port))
        client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        while echo.gate.waiting.load(ordering: .relaxed) < 1 { usleep(1_000) }
        server.quiesce()
        // For a while, the port may belong to the server of a test that runs next to this one.
        #expect(eventually { HTTPClient(port: server.port) == nil })
        #expect(!server.drain(milliseconds: 1))
        echo.gate.open()
        let response = try #require(client.readResponse())
        #expect(response.status == 200)
        #expect(response.header("Connection") == "close")
        #expect(server.drain(milliseconds: 10_000))
        server.stop()
    }

    @Test func socketInTheFileSystem() throws {
        let path = "/tmp/pillion-test-\(getpid()).sock"
        let server = try server { $0.address = .unix(path: path) }
        #expect(try #require(HTTPClient(path: path)).request("GET", "/")?.status == 200)
        server.stop()
        #expect(access(path, F_OK) != 0)
    }

    @Test func addressInUse() throws {
        let first = try server()
        defer { first.stop() }
        let error = #expect(throws: HTTPServerError.self) {
            try server { $0.address = .network(host: "127.0.0.1", port: first.port) }
        }
        #expect(error?.message == "cannot listen on 127.0.0.1:\(first.port): Address already in use")
    }
}
