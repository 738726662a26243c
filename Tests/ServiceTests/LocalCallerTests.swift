import HTTPServer
import TestSupport
import Testing
import Values

@testable import Service

/// Requests that a web page could make a browser send to a server on the same machine.
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

    struct Visit: Sendable, CustomTestStringConvertible {
        var method = "GET"
        var mode: String?
        var destination: String?
        var isPage = true
        var isAnswered: Bool
        var testDescription: String { "\(method) \(mode ?? "-") \(destination ?? "-") \(isPage)" }
    }

    private static let visits: [Visit] = [
        Visit(mode: "navigate", destination: "document", isAnswered: true),
        Visit(mode: "navigate", destination: "document", isPage: false, isAnswered: false),
        Visit(method: "POST", mode: "navigate", destination: "document", isAnswered: false),
        Visit(mode: "navigate", destination: "iframe", isAnswered: false),
        Visit(mode: "no-cors", destination: "script", isAnswered: false),
        Visit(mode: "cors", destination: "empty", isAnswered: false),
        Visit(mode: "navigate", isAnswered: false),
        Visit(destination: "document", isAnswered: false),
    ]

    /// A link on another site can open the page and nothing else.
    @Test(arguments: visits) func anotherSitesLinkOpensThePage(visit: Visit) {
        var headers = [
            (name: "Host", value: "localhost:8080"), (name: "Sec-Fetch-Site", value: "cross-site"),
        ]
        if let mode = visit.mode { headers.append((name: "Sec-Fetch-Mode", value: mode)) }
        if let destination = visit.destination {
            headers.append((name: "Sec-Fetch-Dest", value: destination))
        }
        let request = HTTPRequest(method: visit.method, target: "/", headers: headers)
        var problem: RequestProblem?
        do throws(RequestProblem) {
            try Access(isLocal: true, localCaller: LocalCaller()).check(
                request, visit.isPage ? .page : .question)
        } catch {
            problem = error
        }
        #expect(problem?.status == (visit.isAnswered ? nil : 403))
    }
}
