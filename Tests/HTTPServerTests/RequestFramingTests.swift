import Testing

@testable import HTTPServer

/// The bytes that libmicrohttpd receives do not depend on the pieces in which they arrived.
@Suite struct RequestFramingTests {
    private static let limits = HTTPLimits()

    /// The output for a text that arrives in pieces of that size, with a buffer of `room` bytes, and the refusals.
    private static func passed(_ text: String, pieces: Int, room: Int) -> (
        text: String, refusals: [HTTPRefusal]
    ) {
        let framing = RequestFraming(limits: limits)
        var output: [UInt8] = []
        var rest = Array(text.utf8)[...]
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { buffer in
            func drain() {
                while case let count = framing.take(buffer, received: 0), count > 0 {
                    output += buffer[..<count]
                }
            }
            while !rest.isEmpty {
                let piece = rest.prefix(min(pieces, room))
                rest = rest.dropFirst(piece.count)
                _ = buffer.update(fromContentsOf: piece)
                output += buffer[..<framing.take(buffer, received: piece.count)]
                drain()
            }
        }
        return (String(decoding: output, as: UTF8.self), (1...4).compactMap(framing.refusal(ofRequest:)))
    }

    private static let texts = [
        "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
        "\r\nPOST /a HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello\r\n\nGET /b HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n01\r\nd\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        "P\u{0}ST / HTTP/1.1\r\nHost: h\r\n\r\n",
    ]

    @Test(arguments: texts) func piecesMakeNoDifference(text: String) {
        let whole = Self.passed(text, pieces: .max, room: 4_096)
        for size in 1...text.utf8.count {
            let parts = Self.passed(text, pieces: size, room: 4_096)
            #expect(parts.text == whole.text, "pieces of \(size)")
            #expect(parts.refusals == whole.refusals, "pieces of \(size)")
            let narrow = Self.passed(text, pieces: size, room: size)
            #expect(narrow.text == whole.text, "room for \(size)")
        }
    }

    @Test func whatIsWellFormedIsHandedOnAsItIs() {
        let request = "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        let outcome = Self.passed(request + request, pieces: .max, room: 4_096)
        #expect(outcome.text == request + request)
        #expect(outcome.refusals.isEmpty)
    }

    @Test func extensionsAndTrailersAreLeftOut() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let outcome = Self.passed(head + "3 ;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n", pieces: .max, room: 4_096)
        #expect(outcome.text == head + "3\r\nabc\r\n0\r\n\r\n")
    }

    /// The request before a malformed one is answered as if nothing followed it.
    @Test func onlyTheMalformedRequestIsRefused() {
        let good = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        let framing = RequestFraming(limits: Self.limits)
        var bytes = Array((good + "GET / HTTP/1.1\r\n\r\n" + good).utf8)
        let count = bytes.count
        bytes += [UInt8](repeating: 0, count: 200)
        let passed = bytes.withUnsafeMutableBufferPointer { framing.take($0, received: count) }
        #expect(framing.refusal(ofRequest: 1) == nil)
        #expect(framing.refusal(ofRequest: 2) == .malformed(.noHost))
        #expect(
            String(decoding: bytes[..<passed], as: UTF8.self)
                == good + "GET / HTTP/1.1\r\nHost: -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }

    /// The buffered part of a head has a limit, and a head that arrives byte by byte is searched once.
    @Test(arguments: [-1, 0, 1]) func aHeadHasALimit(beyond: Int) {
        let head = "GET / HTTP/1.1\r\nHost: h\r\nX: "
        let length = Self.limits.headBytes - head.utf8.count - 4 + beyond
        let outcome = Self.passed(
            head + String(repeating: "x", count: length) + "\r\n\r\n", pieces: 1_000, room: 4_096)
        #expect(outcome.refusals == (beyond > 0 ? [.headTooLarge(limit: Self.limits.headBytes)] : []))
    }
}
