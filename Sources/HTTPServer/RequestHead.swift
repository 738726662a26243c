/// The framing that the head of a request specifies: the length of its body.
struct RequestHead: Equatable {
    enum Body: Equatable {
        case length(Int)
        case chunked
    }

    let body: Body

    /// Parses the request line and the headers, including the empty line after them.
    ///
    /// - Throws: the reason why the request is refused. RFC 9112 allows a server to accept some of the requests that
    ///   are refused here. But if libmicrohttpd parsed such a request differently, a client could hide a second request
    ///   in it.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(HTTPRefusal) {
        var lines = Lines(bytes)
        guard let first = lines.next() else { throw .malformed(.requestLine) }
        let version = try Self.version(requestLine: first)
        var headers = Headers(isVersion10: version == "0")
        while let line = lines.next(), !line.isEmpty { try headers.add(line) }
        body = try headers.body()
    }

    /// Returns the method and target of a possibly malformed request line, as far as they can be logged.
    static func shownTarget(_ bytes: UnsafeBufferPointer<UInt8>) -> (method: String, target: String) {
        var lines = Lines(bytes)
        let line = lines.next().map { UnsafeBufferPointer(rebasing: $0.prefix(Self.longestShown)) }
        let words = (line.map(Array.init) ?? []).split(separator: UInt8(ascii: " "), maxSplits: 2)
        let method = words.first.flatMap { $0.allSatisfy(Self.isLetter) ? $0 : nil } ?? Array("GET".utf8)[...]
        let target = words.dropFirst().first.flatMap { word in
            word.first == UInt8(ascii: "/") && word.allSatisfy { 0x21...0x7e ~= $0 } ? word : nil
        }
        return (
            String(decoding: method.prefix(Self.longestMethod), as: UTF8.self),
            String(decoding: target ?? Array("/".utf8)[...], as: UTF8.self)
        )
    }

    private static let longestShown = 1024
    private static let longestMethod = 32

    private static func isLetter(_ byte: UInt8) -> Bool { 0x41...0x5a ~= byte || 0x61...0x7a ~= byte }

    /// Parses `METHOD TARGET HTTP/1.x` and returns the minor version.
    private static func version(
        requestLine line: UnsafeBufferPointer<UInt8>
    ) throws(HTTPRefusal) -> Unicode.Scalar {
        let space = UInt8(ascii: " ")
        guard let methodEnd = line.firstIndex(of: space), methodEnd > 0, methodEnd <= longestMethod,
            line[..<methodEnd].allSatisfy(isToken),
            let targetEnd = line[(methodEnd + 1)...].firstIndex(of: space), targetEnd > methodEnd + 1,
            line[(methodEnd + 1)..<targetEnd].allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else { throw .malformed(.requestLine) }
        let version = line[(targetEnd + 1)...]
        guard version.starts(with: "HTTP/".utf8) else { throw .malformed(.requestLine) }
        let number = version.dropFirst("HTTP/".utf8.count)
        guard number.count == 3, number.dropFirst().first == UInt8(ascii: "."),
            let major = number.first, let minor = number.last, isDigit(major), isDigit(minor)
        else { throw .malformed(.requestLine) }
        guard major == UInt8(ascii: "1"), minor <= UInt8(ascii: "1") else { throw .versionNotSupported }
        return Unicode.Scalar(minor)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }

    /// Whether a byte is allowed in a token (RFC 9110, 5.6.2).
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^")...UInt8(ascii: "`"), UInt8(ascii: "|"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// The lines of a head without their line ends. A line feed alone also ends a line (RFC 9112, 2.2).
    private struct Lines {
        private var rest: Slice<UnsafeBufferPointer<UInt8>>

        init(_ bytes: UnsafeBufferPointer<UInt8>) { rest = bytes[...] }

        mutating func next() -> UnsafeBufferPointer<UInt8>? {
            guard let end = rest.firstIndex(of: 0x0a) else { return nil }
            var line = rest[..<end]
            if line.last == 0x0d { line = line.dropLast() }
            rest = rest[(end + 1)...]
            return UnsafeBufferPointer(rebasing: line)
        }
    }

    /// The framing information of the headers so far.
    private struct Headers {
        let isVersion10: Bool
        private var length: Int?
        private var isChunked = false
        private var hasHost = false

        init(isVersion10: Bool) { self.isVersion10 = isVersion10 }

        mutating func add(_ line: UnsafeBufferPointer<UInt8>) throws(HTTPRefusal) {
            if line.first == 0x20 || line.first == 0x09 { throw .malformed(.foldedHeader) }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
                line[..<colon].allSatisfy(isToken)
            else { throw .malformed(.headerName) }
            let name = line[..<colon]
            var value = line[(colon + 1)...]
            while let first = value.first, first == 0x20 || first == 0x09 { value = value.dropFirst() }
            while let last = value.last, last == 0x20 || last == 0x09 { value = value.dropLast() }
            guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw .malformed(.headerValue)
            }
            if Self.names(name, "content-length") {
                guard length == nil else { throw .malformed(.repeatedHeader) }
                length = try Self.number(value)
            } else if Self.names(name, "transfer-encoding") {
                guard !isChunked else { throw .malformed(.repeatedHeader) }
                guard !isVersion10, Self.names(value, "chunked") else { throw .malformed(.transferEncoding) }
                isChunked = true
            } else if Self.names(name, "host") {
                guard !hasHost else { throw .malformed(.repeatedHeader) }
                hasHost = true
            }
        }

        func body() throws(HTTPRefusal) -> Body {
            guard hasHost || isVersion10 else { throw .malformed(.noHost) }
            guard length == nil || !isChunked else { throw .malformed(.twoLengths) }
            return isChunked ? .chunked : .length(length ?? 0)
        }

        /// Whether the bytes equal the lower-case word, ignoring case.
        private static func names(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ word: StaticString) -> Bool {
            guard bytes.count == word.utf8CodeUnitCount else { return false }
            return zip(bytes, UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
                .allSatisfy { $0 | (0x41...0x5a ~= $0 ? 0x20 : 0) == $1 }
        }

        /// Parses a length. One that does not fit in an `Int` exceeds every limit.
        private static func number(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) throws(HTTPRefusal) -> Int {
            guard !bytes.isEmpty, bytes.allSatisfy(isDigit) else { throw .malformed(.contentLength) }
            guard let number = Int(String(decoding: bytes, as: UTF8.self)) else {
                throw .bodyTooLarge(limit: .max)
            }
            return number
        }
    }
}
