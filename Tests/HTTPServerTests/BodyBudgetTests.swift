import Glibc
import HTTPServer
import System
import TestSupport
import Testing
import Values

/// Answers with the length of the body, after reading all of it.
private final class Reader: HTTPHandler {
    static let longest = 1 << 20

    func bodyLimit(for request: HTTPRequest) -> Int { Self.longest }
    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse? {
        HTTPResponse(status: 200, body: text("\(request.body.count)"))
    }
    func isUrgent(_ request: HTTPRequest) -> Bool { false }
    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse {
        if case .bodyTooSlow = refusal { return HTTPResponse(status: 408, body: text("slow")) }
        return HTTPResponse(status: 413, body: text("large"))
    }
    func shed(_ request: HTTPRequest) -> HTTPResponse {
        HTTPResponse(status: 503, body: text("\(request.body.count)"))
    }
    func deadline(for request: HTTPRequest) -> UInt64? {
        request.path == "/short" ? MonotonicClock.nanoseconds + 300_000_000 : nil
    }

    private func text(_ text: String) -> ByteBuffer {
        var body = ByteBuffer()
        body.append(text)
        return body
    }
}

/// Limits the memory for bodies. The budget is 2 MiB in total, of which 1 MiB is reserved for the oldest body. So there
/// is room for one large body and for parts of others.
@Suite(.timeLimit(.minutes(5)))
struct BodyBudgetTests {
    private func server(_ budget: BodyBudget) throws -> HTTPServer {
        var options = HTTPServer.Options(address: .network(host: "127.0.0.1", port: 0))
        options.budgets = ServerBudgets(bodies: budget)
        options.limits.bodySeconds = 60
        options.limits.bodyGraceSeconds = 60
        return try HTTPServer(options, handler: Reader())
    }

    private func budget() -> BodyBudget { BodyBudget(bytes: 2 << 20, longest: Reader.longest) }

    private func begin(
        _ server: HTTPServer, _ length: Int, sending count: Int, path: String = "/"
    ) throws -> HTTPClient {
        let client = try #require(HTTPClient(port: server.port))
        client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
        client.send([UInt8](repeating: 0x20, count: count))
        return client
    }

    private func sending(_ client: HTTPClient, _ count: Int) -> Thread? {
        nonisolated(unsafe) let client = client
        return Thread { client.send([UInt8](repeating: 0x20, count: count)) }
    }

    private func waitUntil(_ isTrue: () -> Bool) -> Bool {
        for _ in 0..<1_000 {
            if isTrue() { return true }
            usleep(5_000)
        }
        return false
    }

    @Test func whatCameIsChargedAndGivenBack() throws {
        let budget = budget()
        let server = try server(budget)
        defer { server.stop() }
        // The announced length is not charged.
        let client = try begin(server, 1 << 20, sending: 100_000)
        #expect(waitUntil { budget.charged == 100_000 })
        client.send([UInt8](repeating: 0x20, count: (1 << 20) - 100_000))
        #expect(client.readResponse()?.text == "\(1 << 20)")
        #expect(waitUntil { budget.charged == 0 })
    }

    @Test(arguments: [64 << 10, (64 << 10) + 1, 1 << 20])
    func aBodyBelowAtAndAboveTheSmallSizeIsAnswered(size: Int) throws {
        let server = try server(budget())
        defer { server.stop() }
        #expect(try begin(server, size, sending: size).readResponse()?.text == "\(size)")
    }

    /// Large bodies together take no more than the budget; a small one is answered at once.
    @Test func largeBodiesWaitAndSmallOnesDoNot() throws {
        let budget = budget()
        let server = try server(budget)
        defer { server.stop() }
        let clients = try (0..<6).map { _ in try begin(server, 1 << 20, sending: 0) }
        let threads = clients.map { sending($0, (1 << 20) - 10) }
        #expect(waitUntil { budget.charged > (1 << 20) + 500_000 })
        for _ in 0..<20 {
            #expect(budget.charged <= 2 << 20)
            usleep(5_000)
        }
        #expect(try begin(server, 1_000, sending: 1_000).readResponse()?.text == "1000")
        // Bodies that hold memory and send nothing more are dropped with 408, and the others are read: all get an
        // answer.
        let statuses = clients.map { $0.readResponse()?.status }
        for thread in threads { thread?.join() }
        #expect(statuses.filter { $0 == 408 }.count >= 4, "\(statuses)")
        #expect(waitUntil { budget.charged <= 2 << 20 })
    }

    /// A waiting body is read once there is room.
    @Test func whatWaitsGoesOn() throws {
        let budget = budget()
        let server = try server(budget)
        defer { server.stop() }
        let first = try begin(server, 1 << 20, sending: (1 << 20) - 1)
        #expect(waitUntil { budget.charged == (1 << 20) - 1 })
        let second = try begin(server, 1 << 20, sending: 0)
        let thread = sending(second, 1 << 20)
        usleep(50_000)
        first.send([0x20])
        #expect(first.readResponse()?.text == "\(1 << 20)")
        #expect(second.readResponse()?.text == "\(1 << 20)")
        thread?.join()
        #expect(waitUntil { budget.charged == 0 })
    }

    /// A body that waits past its deadline gets an answer; the handler sees the part that has arrived.
    @Test func whatWaitsTooLongIsAnswered() throws {
        let budget = budget()
        let server = try server(budget)
        defer { server.stop() }
        // This body sends enough not to be dropped.
        let first = try begin(server, 1 << 20, sending: 800_000)
        #expect(waitUntil { budget.charged == 800_000 })
        let second = try begin(server, 1 << 20, sending: 0, path: "/short")
        let thread = sending(second, 1 << 20)
        let answer = second.readResponse()
        #expect(answer?.status == 503)
        #expect((answer.flatMap { Int($0.text) } ?? 0) > 64 << 10)
        thread?.join()
        first.send([UInt8](repeating: 0x20, count: (1 << 20) - 800_000))
        #expect(first.readResponse()?.status == 200)
    }

    /// The rest of a chunked body is replaced too, so that the request can be answered.
    @Test func aSlowBodyInChunksGivesWay() throws {
        let budget = budget()
        let server = try server(budget)
        defer { server.stop() }
        let slow = try #require(HTTPClient(port: server.port))
        slow.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        slow.send("f0000\r\n")
        slow.send([UInt8](repeating: 0x20, count: 900_000))
        #expect(waitUntil { budget.charged == 900_000 })
        let second = try begin(server, 1 << 20, sending: 0)
        let thread = sending(second, 1 << 20)
        #expect(slow.readResponse()?.status == 408)
        #expect(second.readResponse()?.status == 200)
        thread?.join()
    }
}
