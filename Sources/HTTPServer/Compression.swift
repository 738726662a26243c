import CMicrohttpd
import Glibc
import Values

extension HTTPResponse {
    /// The minimum size of compressed bodies. Smaller ones fit in one packet or two anyway.
    private static let worthCompressing = 1_400

    /// Returns the response compressed with gzip if it is long enough and zlib is installed; otherwise unchanged.
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
    /// Whether the client accepts gzip: `Accept-Encoding` lists it with a weight above 0.
    public var acceptsGzip: Bool {
        guard let header = header("Accept-Encoding") else { return false }
        // Headers can be long, so only 16 codings are checked, more than exist.
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
