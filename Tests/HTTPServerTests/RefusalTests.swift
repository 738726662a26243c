import HTTPServer
import TestSupport
import Testing
import Values

/// Records that it was called.
private final class Listener: HTTPHandler {
    func bodyLimit(for request: HTTPRequest) -> Int { 1_000 }

    func respond(to request: HTTPRequest, mayTakeLong: Bool) -> HTTPResponse? {
        var body = ByteBuffer()
        body.append("\(request.path) \(request.body.count)")
        return HTTPResponse(status: 200, body: body)
    }

    func isUrgent(_ request: HTTPRequest) -> Bool { false }

    func refuse(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse {
        switch refusal {
        case .bodyTooLarge: HTTPResponse(status: 413)
        case .tooManyHeaders, .headTooLarge: HTTPResponse(status: 431)
        case .targetTooLong: HTTPResponse(status: 414)
        case .versionNotSupported: HTTPResponse(status: 505)
        case .bodyTooSlow: HTTPResponse(status: 408)
        case .noRoom: HTTPResponse(status: 503)
        case .malformed: HTTPResponse(status: 400)
        }
    }

    func shed(_ request: HTTPRequest) -> HTTPResponse { HTTPResponse(status: 503) }
}

/// Requests that another parser, such as a proxy in front, could read differently. Each is followed by a second one on
/// the same connection, which must never be answered if the first was refused.
struct SmuggledRequest: Sendable, CustomTestStringConvertible {
    var name: String
    var head: String
    var body = "{}"
    var status = 400

    var testDescription: String { name }

    private static let post = "POST /first HTTP/1.1\r\nHost: h\r\n"
    private static func chunked(_ name: String, _ body: String) -> SmuggledRequest {
        SmuggledRequest(name: name, head: post + "Transfer-Encoding: chunked\r\n", body: body)
    }

    static let refused: [SmuggledRequest] = [
        .init(name: "both lengths", head: post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
        .init(
            name: "both, the other way", head: post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"),
        .init(name: "two lengths that differ", head: post + "Content-Length: 2\r\nContent-Length: 50\r\n"),
        .init(name: "two lengths that are equal", head: post + "Content-Length: 2\r\nContent-Length: 2\r\n"),
        .init(name: "a list of lengths", head: post + "Content-Length: 2, 2\r\n"),
        .init(name: "a length with a sign", head: post + "Content-Length: +2\r\n"),
        .init(name: "a negative length", head: post + "Content-Length: -2\r\n"),
        .init(name: "a length in hexadecimal", head: post + "Content-Length: 0x2\r\n"),
        .init(name: "an empty length", head: post + "Content-Length: \r\n"),
        .init(name: "two numbers in a length", head: post + "Content-Length: 2 2\r\n"),
        .init(
            name: "a length beyond all numbers", head: post + "Content-Length: 99999999999999999999\r\n",
            status: 413),
        .init(name: "a blank before a length's colon", head: post + "Content-Length : 2\r\n"),
        .init(name: "a blank before an encoding's colon", head: post + "Transfer-Encoding : chunked\r\n"),
        .init(
            name: "two encodings",
            head: post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
        .init(name: "an encoding that is not known", head: post + "Transfer-Encoding: xchunked\r\n"),
        .init(name: "a list of encodings", head: post + "Transfer-Encoding: gzip, chunked\r\n"),
        .init(
            name: "an encoding behind a control character", head: post + "Transfer-Encoding: \u{b}chunked\r\n"
        ),
        .init(name: "two hosts", head: post + "Host: other\r\nContent-Length: 2\r\n"),
        .init(name: "no host", head: "POST /first HTTP/1.1\r\nContent-Length: 2\r\n"),
        .init(name: "a blank in a name", head: post + "X Y: z\r\nContent-Length: 2\r\n"),
        .init(name: "a line without a colon", head: post + "nonsense\r\nContent-Length: 2\r\n"),
        .init(name: "a folded line", head: post + "X: a\r\n b\r\nContent-Length: 2\r\n"),
        .init(
            name: "a folded line of blanks and text", head: post + "X:    a\r\n\t b\r\nContent-Length: 2\r\n"),
        .init(name: "a length in a folded line", head: post + "Content-Length:\r\n 2\r\n"),
        .init(name: "a length that goes on", head: post + "Content-Length: 2\r\n 0\r\n"),
        .init(name: "a length made by folding", head: post + "Content-Leng: 2\r\n th\r\n"),
        .init(name: "an encoding in a folded line", head: post + "Transfer-Encoding:\r\n chunked\r\n"),
        .init(name: "a folded line of blanks", head: post + "Content-Length: 2\r\n \r\n"),
        .init(name: "folding with a line feed alone", head: post + "X: a\n b\r\nContent-Length: 2\r\n"),
        .init(name: "NUL in a name", head: post + "X\0Y: z\r\nContent-Length: 2\r\n"),
        .init(name: "NUL in a value", head: post + "X: a\0b\r\nContent-Length: 2\r\n"),
        .init(name: "NUL in the target", head: "GET /first\0 HTTP/1.1\r\nHost: h\r\n", body: ""),
        .init(name: "an empty name", head: post + ": foo\r\nContent-Length: 2\r\n"),
        .init(name: "BEL in a value", head: post + "X: a\u{7}b\r\nContent-Length: 2\r\n"),
        .init(name: "no version", head: "GET /first\r\n", body: ""),
        .init(name: "another version", head: "GET /first HTTP/2.0\r\nHost: h\r\n", body: "", status: 505),
        .chunked("a chunk size that is not a number", "zz\r\n{}\r\n0\r\n\r\n"),
        .chunked("a negative chunk size", "-2\r\n{}\r\n0\r\n\r\n"),
        .chunked("a chunk size with a prefix", "0x2\r\n{}\r\n0\r\n\r\n"),
        .chunked("a chunk that is longer than its size", "2\r\n{}XX0\r\n\r\n"),
        .chunked("a line feed alone behind a chunk size", "2\n{}\r\n0\r\n\r\n"),
        .chunked("line feeds alone", "2\n{}\n0\n\n"),
        .chunked("a line feed alone behind a chunk", "2\r\n{}\n0\r\n\r\n"),
        .chunked(
            "a chunk's extension of 5,000 bytes",
            "2;" + String(repeating: "a", count: 5_000) + "\r\n{}\r\n0\r\n\r\n"),
        .chunked(
            "extensions of 20,000 bytes together",
            String(repeating: "1;" + String(repeating: "a", count: 2_000) + "\r\nx\r\n", count: 10)
                + "0\r\n\r\n"),
        .chunked("NUL in a chunk's extension", "2;a\0\r\n{}\r\n0\r\n\r\n"),
        .chunked("NUL in a trailer", "2\r\n{}\r\n0\r\nX: a\0b\r\n\r\n"),
        .init(
            name: "chunks in HTTP/1.0",
            head: "POST /first HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n",
            body: "2\r\n{}\r\n0\r\n\r\n"),
        .init(name: "two spaces in the request line", head: "GET  /first HTTP/1.1\r\nHost: h\r\n", body: ""),
        .init(
            name: "a chunk size beyond all numbers", head: post + "Transfer-Encoding: chunked\r\n",
            body: "fffffffffffffffff2\r\n{}\r\n0\r\n\r\n", status: 413),
        .init(
            name: "a header of 64 KiB",
            head: "GET /first HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 64 << 10) + "\r\n",
            body: "", status: 431),
        .init(
            name: "a name of 64 KiB",
            head: "GET /first HTTP/1.1\r\nHost: h\r\n" + String(repeating: "x", count: 64 << 10) + ": x\r\n",
            body: "", status: 431),
    ]

    /// Unusual requests that RFC 9112 lets a server accept: a bare line feed ends a line (2.2), an absolute target is
    /// allowed (3.2.2), chunk extensions are ignored (7.1.1). The second request is answered.
    static let read: [SmuggledRequest] = [
        .init(name: "line feeds alone", head: "POST /first HTTP/1.1\nHost: h\nContent-Length: 2\n"),
        .init(
            name: "an absolute target",
            head: "POST http://h:80/first HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"),
        .init(name: "blanks around values", head: post + "X:\t  a\r\nY:\r\nZ:z\r\nContent-Length:   2\r\n"),
        .chunked("an extension of a chunk", "2;a=b\r\n{}\r\n0\r\n\r\n"),
        .chunked("leading zeros of a chunk size", "0002\r\n{}\r\n0\r\n\r\n"),
        .chunked("a trailer", "2\r\n{}\r\n0\r\nX: y\r\n\r\n"),
        .init(name: "empty lines before it", head: "\r\n\r\n" + post + "Content-Length: 2\r\n"),
    ]
}

@Suite(.timeLimit(.minutes(10)))
struct RefusalTests {
    private let server: HTTPServer

    init() throws {
        server = try HTTPServer(
            HTTPServer.Options(address: .network(host: "127.0.0.1", port: 0)), handler: Listener())
    }

    private static let second = "GET /second HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test(arguments: SmuggledRequest.refused)
    func isRefusedAndNothingBehindItIsRead(_ request: SmuggledRequest) throws {
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        client.send(request.head + "\r\n" + request.body + Self.second)
        let answer = client.readResponse()
        #expect(answer?.status == request.status)
        #expect(client.readResponse() == nil, "expected no second answer")
        #expect(try #require(HTTPClient(port: server.port)).request("GET", "/")?.status == 200)
    }

    @Test(arguments: ["/a%00b", "/a?q=%00", "/%00"]) func escapedNulIsRefused(target: String) throws {
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        #expect(client.request("GET", target)?.status == 400)
        let other = try #require(HTTPClient(port: server.port))
        #expect(other.request("GET", "/a%2000")?.text == "/a 00 0")
    }

    @Test(arguments: SmuggledRequest.read)
    func isReadAsTheStandardSays(_ request: SmuggledRequest) throws {
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        client.send(request.head + "\r\n" + request.body + Self.second)
        #expect(client.readResponse()?.text == "/first 2")
        #expect(client.readResponse()?.text == "/second 0")
    }
}
