import Glibc

/// One connection to a server on this machine. A test controls every byte on the wire.
public final class HTTPClient {
    public struct Response: Sendable {
        public var status: Int
        public var headers: [(name: String, value: String)]
        public var body: [UInt8]

        public var text: String { String(decoding: body, as: UTF8.self) }

        public func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    private let socket: Int32
    private var buffer: [UInt8] = []

    /// - Parameter port: on 127.0.0.1, or on ::1.
    public init?(port: UInt16, isIPv6: Bool = false, timeoutSeconds: Int = 20) {
        socket = Glibc.socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let connected = isIPv6 ? Self.connect6(socket, port) : Self.connect4(socket, port)
        guard prepare(connected, timeoutSeconds) else { return nil }
    }

    private static func connect4(_ socket: Int32, _ port: UInt16) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func connect6(_ socket: Int32, _ port: UInt16) -> Bool {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }

    /// - Parameter path: of a socket in the file system.
    public init?(path: String, timeoutSeconds: Int = 20) {
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard prepare(connected, timeoutSeconds) else { return nil }
    }

    private func prepare(_ connected: Bool, _ timeoutSeconds: Int) -> Bool {
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        return connected
    }

    deinit { close(socket) }

    /// Sends bytes unchanged; false if the server has closed the connection.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Ends the sending half of the connection.
    public func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Sends a request with `Host` and `Content-Length`, and reads the answer.
    public func request(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) -> Response? {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" { head += "Content-Length: \(body.count)\r\n" }
        send(Array((head + "\r\n").utf8) + body)
        return readResponse(toHead: method == "HEAD")
    }

    /// Sends a request over TLS with curl, without checking the server's name; nil without an answer.
    public static func overTLS(
        _ port: UInt16, _ method: String, _ target: String, _ headers: [(String, String)] = [],
        _ body: [UInt8] = [], _ further: [String] = []
    ) -> Response? {
        let folder = TemporaryFolder()
        var arguments = ["--silent", "--insecure", "--http1.1", "--include", "--max-time", "20"] + further
        if method == "HEAD" { arguments += ["--head"] } else { arguments += ["--request", method] }
        for (name, value) in headers { arguments += ["--header", "\(name): \(value)"] }
        if !body.isEmpty { arguments += ["--data-binary", "@" + folder.write(body, to: "body")] }
        if !body.isEmpty, !headers.contains(where: { $0.0 == "Content-Type" }) {
            arguments += ["--header", "Content-Type:"]
        }
        arguments += ["--output", folder.path("answer"), "--header", "Expect:"]
        let status = run("/usr/bin/curl", arguments + ["https://127.0.0.1:\(port)\(target)"]).status
        guard status == 0, let bytes = contents(of: folder.path("answer")) else { return nil }
        let pipe = HTTPClient(read: bytes)
        return pipe.readResponse(toHead: method == "HEAD")
    }

    /// A client for an answer that was already read.
    private init(read bytes: [UInt8]) {
        socket = -1
        buffer = bytes
    }

    /// Reads the next answer on the connection; nil if the connection ends before.
    ///
    /// - Parameter toHead: whether this is the answer to a HEAD request, which has no body even with a Content-Length.
    public func readResponse(toHead: Bool = false) -> Response? {
        guard let end = readUntil("\r\n\r\n") else { return nil }
        let head = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeFirst(end + 4)
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let parts = lines.removeFirst().split(separator: " ")
        guard parts.count >= 2, let status = Int(parts[1]) else { return nil }
        let headers = lines.map { line in
            let halves = line.split(separator: ":", maxSplits: 1)
            return (
                name: String(halves[0]),
                value: halves.count < 2 ? "" : String(halves[1].drop { $0 == " " })
            )
        }
        var response = Response(status: status, headers: headers, body: [])
        if status == 100 { return response }
        let length = response.header("Content-Length").flatMap { Int($0) } ?? 0
        guard !toHead, length > 0 else { return response }
        while buffer.count < length { guard readMore() else { return nil } }
        response.body = Array(buffer[..<length])
        buffer.removeFirst(length)
        return response
    }

    /// Whether the server has closed the connection and nothing is left to read.
    public var isClosedByServer: Bool {
        guard buffer.isEmpty else { return false }
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, 0)
        if count > 0 { buffer.append(byte) }
        return count == 0 || (count < 0 && errno == ECONNRESET)
    }

    private func readUntil(_ mark: String) -> Int? {
        let mark = Array(mark.utf8)
        var searched = 0
        while true {
            if buffer.count >= mark.count {
                for start in searched...(buffer.count - mark.count)
                where buffer[start..<(start + mark.count)].elementsEqual(mark) {
                    return start
                }
                searched = buffer.count - mark.count + 1
            }
            guard readMore() else { return nil }
        }
    }

    private func readMore() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }
}
