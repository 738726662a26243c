import CMicrohttpd
import Glibc
import Values

/// A request whose headers have arrived, and in `respond` also its body. It is only valid during the call that receives
/// it; anything that must live longer has to be copied.
public struct HTTPRequest {
    /// The method as the client sent it, for example `GET` or `POST`.
    public let method: String
    /// The path without the query, with percent escapes decoded.
    public let path: String
    /// The body; empty while it has not arrived.
    public let body: UnsafeBufferPointer<UInt8>
    /// The time at which its headers were complete, in nanoseconds of the monotonic clock.
    public let arrival: UInt64

    private enum Source {
        case connection(OpaquePointer)
        case list(
            headers: [(name: String, value: String)], query: [(name: String, value: String)], client: String)
    }
    private let source: Source
    /// Decides whether an answer of the given length will be sent. It will not if another one was sent meanwhile,
    /// because the deadline has passed.
    private let claim: (@Sendable (Int) -> Bool)?

    init(
        connection: OpaquePointer, method: String, path: String, body: UnsafeBufferPointer<UInt8>,
        arrival: UInt64
    ) {
        self.method = method
        self.path = path
        self.body = body
        self.arrival = arrival
        claim = nil
        source = .connection(connection)
    }

    /// Creates a copy of the request for another thread than the connection's: with copies of its headers, and without
    /// TLS.
    init(
        _ request: HTTPRequest, body: UnsafeBufferPointer<UInt8>, claim: @escaping @Sendable (Int) -> Bool
    ) {
        method = request.method
        path = request.path
        self.body = body
        arrival = request.arrival
        self.claim = claim
        guard case .connection(let connection) = request.source else {
            source = request.source
            return
        }
        source = .list(
            headers: Self.values(of: connection, arguments: false),
            query: Self.values(of: connection, arguments: true), client: request.client)
    }

    /// Returns the same request with a different body.
    func with(body: UnsafeBufferPointer<UInt8>) -> HTTPRequest {
        claim.map { HTTPRequest(self, body: body, claim: $0) } ?? self
    }

    /// Whether it is answered on another thread than its connection's, where its access has already been checked.
    public var isAdmitted: Bool { claim != nil }

    /// Claims the right to send an answer. Must be called once for every answer, before it is counted and logged.
    ///
    /// - Parameter bytes: the size of the answer's body.
    /// - Returns: false if the answer will not be sent.
    public func claimAnswer(bytes: Int) -> Bool { claim?(bytes) ?? true }

    private static func values(
        of connection: OpaquePointer, arguments: Bool
    ) -> [(name: String, value: String)] {
        var values: [(name: String, value: String)] = []
        withUnsafeMutablePointer(to: &values) { values in
            pillion_mhd_each(
                connection, arguments ? 1 : 0,
                { context, _, name, value in
                    let values = context?.assumingMemoryBound(to: [(name: String, value: String)].self)
                    values?.pointee.append(
                        (name.map { String(cString: $0) } ?? "", value.map { String(cString: $0) } ?? ""))
                    return .YES
                }, values)
        }
        return values
    }

    /// Creates a request without a connection, for calling a handler directly.
    ///
    /// - Parameter target: path and query; `+` and percent escapes are not decoded.
    public init(
        method: String, target: String, headers: [(name: String, value: String)] = [],
        body: UnsafeBufferPointer<UInt8> = UnsafeBufferPointer(start: nil, count: 0), arrival: UInt64 = 0
    ) {
        let parts = target.split(byte: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count < 2 ? [] : parts[1].split(byte: "&")
        self.method = method
        self.path = String(parts[0])
        self.body = body
        self.arrival = arrival
        claim = nil
        source = .list(
            headers: headers,
            query: query.map { pair in
                let halves = pair.split(byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(halves[0]), halves.count < 2 ? "" : String(halves[1]))
            }, client: "")
    }

    /// Returns the value of the first header with that name, ignoring case.
    public func header(_ name: String) -> String? {
        switch source {
        case .connection(let connection):
            guard let value = pillion_mhd_header(connection, name) else { return nil }
            return String(cString: value)
        case .list(let headers, _, _):
            let name = name.lowercased()
            return headers.first { $0.name.lowercased() == name }?.value
        }
    }

    /// Returns the value of the query's first parameter with that name; an empty string if it has no value.
    public func query(_ name: String) -> String? {
        switch source {
        case .connection(let connection):
            var found: Int32 = 0
            let value = pillion_mhd_argument(connection, name, &found)
            guard found != 0 else { return nil }
            return value.map { String(cString: $0) } ?? ""
        case .list(_, let query, _):
            return query.first { $0.name == name }?.value
        }
    }

    var headerCount: Int {
        switch source {
        case .connection(let connection): Int(pillion_mhd_header_count(connection))
        case .list(let headers, _, _): headers.count
        }
    }

    /// The TLS session of GnuTLS, or nil on a plain connection.
    public var tlsSession: OpaquePointer? {
        guard case .connection(let connection) = source else { return nil }
        return pillion_mhd_tls_session(connection).map { OpaquePointer($0) }
    }

    /// The client's address as a string, for example `127.0.0.1`, `::1` or `unix`; empty if it is not known.
    public var client: String {
        switch source {
        case .connection(let connection):
            guard let address = pillion_mhd_client(connection) else { return "" }
            return SocketAddress.text(of: address)
        case .list(_, _, let client): return client
        }
    }
}
