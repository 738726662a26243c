import TestSupport
import Testing
import Values

@testable import Service

/// What a browser's page could make a server on the same machine answer.
@Suite struct LocalCallerTests {
    struct Call: Sendable, CustomTestStringConvertible {
        var headers: [String: String]
        var status: Int
        var allowed: [String] = []
        var testDescription: String { headers.map { "\($0): \($1)" }.sorted().joined(separator: ", ") }
    }

    private static let calls: [Call] = [
        Call(headers: ["Host": "127.0.0.1"], status: 200),
        Call(headers: ["Host": "127.8.9.10:8080"], status: 200),
        Call(headers: ["Host": "LocalHost:1"], status: 200),
        Call(headers: ["Host": "[::1]:8080"], status: 200),
        Call(headers: ["Host": "evil.example"], status: 421),
        Call(headers: ["Host": "127.0.0.1.evil.example"], status: 421),
        Call(headers: ["Host": "localhost.evil.example:8080"], status: 421),
        Call(headers: ["Host": "127.0.0.256"], status: 421),
        Call(headers: ["Host": "pillion.internal:8080"], status: 200, allowed: ["Pillion.internal"]),
        Call(headers: ["Host": "other.internal"], status: 421, allowed: ["pillion.internal"]),
        Call(headers: ["Host": "localhost:8080", "Origin": "http://localhost:8080"], status: 200),
        Call(headers: ["Host": "localhost:8080", "Origin": "http://localhost:9090"], status: 403),
        Call(headers: ["Host": "localhost:8080", "Origin": "https://localhost:8080"], status: 403),
        Call(headers: ["Host": "localhost:8080", "Origin": "http://evil.example"], status: 403),
        Call(headers: ["Host": "localhost:8080", "Origin": "null"], status: 403),
        Call(headers: ["Host": "localhost", "Sec-Fetch-Site": "cross-site"], status: 403),
        Call(headers: ["Host": "localhost", "Sec-Fetch-Site": "same-origin"], status: 200),
    ]

    @Test(arguments: calls) func aLoopbackListenerAnswers(call: Call) throws {
        let service = try LiveService.start { $0.allowedHosts = call.allowed }
        defer { service.stop() }
        let client = try service.client()
        let headers = call.headers.map { "\($0): \($1)\r\n" }.joined()
        client.send("GET /version HTTP/1.1\r\n\(headers)\r\n")
        let answer = try #require(client.readResponse())
        #expect(answer.status == call.status)
        guard call.status != 200 else { return }
        #expect(answer.text.contains("expected") || answer.text.contains("cross-site"))
    }
}
