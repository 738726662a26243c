import CMicrohttpd
import Glibc
import Values

extension HTTPResponse {
    /// Bodies below that many bytes fit in a packet or two as they are.
    private static let worthCompressing = 1_400

    /// The answer as gzip, where it is long enough for that to be worth it and zlib is installed; else as it is.
    public consuming func compressed() -> HTTPResponse {
        guard status == 200, length >= Self.worthCompressing else { return self }
        var size = 0
        let bytes = withBody { pillion_gzip($0.baseAddress, $0.count, &size) }
        guard let bytes else { return self }
        defer { free(bytes) }
        var body = ByteBuffer(capacity: size)
        body.append(UnsafeBufferPointer(start: bytes, count: size))
        let headers = [(name: "Content-Encoding", value: "gzip"), (name: "Vary", value: "Accept-Encoding")]
        return HTTPResponse(status: status, headers: self.headers + headers, body: body)
    }
}

extension HTTPRequest {
    /// Whether the client takes gzip: named in `Accept-Encoding`, with a weight above nothing.
    public var acceptsGzip: Bool {
        guard let header = header("Accept-Encoding") else { return false }
        // A header is at most as long as a connection's memory; 16 codings are more than there are.
        return header.split(byte: ",").prefix(16).contains { coding in
            let parts = coding.split(byte: ";").map {
                $0.filter { $0 != " " && $0 != "\t" }.lowercased()
            }
            guard parts.first == "gzip" || parts.first == "x-gzip" else { return false }
            let isRefused = parts.dropFirst().contains {
                $0 == "q=0" || $0.begins(with: "q=0.") && $0.allSatisfy { "q=0.".contains($0) }
            }
            return !isRefused
        }
    }
}
