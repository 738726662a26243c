import CMicrohttpd
import Glibc
import Values

/// A request whose headers, and when `respond` is called also its body, have arrived. It lives as long as the call
/// that hands it out; what should last longer is copied.
public struct HTTPRequest {
    /// As the client wrote it: `GET`, `POST`.
    public let method: String
    /// The path with its percent escapes resolved, without the query.
    public let path: String
    /// The body; empty while it has not arrived.
    public let body: UnsafeBufferPointer<UInt8>
    /// When its headers were complete, in nanoseconds of the monotonic clock.
    public let arrival: UInt64

    private enum Source {
        case connection(OpaquePointer)
        case list(
            headers: [(name: String, value: String)], query: [(name: String, value: String)], client: String)
    }
    private let source: Source
    /// Whether the answer that is now built will be sent, asked with its length once it is built: not where another one
    /// was sent meanwhile because the time was over.
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

    /// The same request for a thread that the connection does not wait for: with copies of its headers, and without TLS.
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

    /// The same with another body.
    func with(body: UnsafeBufferPointer<UInt8>) -> HTTPRequest {
        claim.map { HTTPRequest(self, body: body, claim: $0) } ?? self
    }

    /// Whether it is answered apart from its connection's thread, where its access was checked before.
    public var isAdmitted: Bool { claim != nil }

    /// To be asked once for every answer, before it is counted and logged.
    ///
    /// - Parameter bytes: of its body.
    /// - Returns: false if the answer goes nowhere.
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

    /// A request that came over no socket, for asking a handler directly.
    ///
    /// - Parameter target: path and query; `+` and percent escapes stay as they are.
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

    /// The first header of that name, whatever its case.
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

    /// The query's first parameter of that name; empty where it has no value.
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

    /// The client's address as text: `127.0.0.1`, `::1`, `unix`; empty if it is not known.
    public var client: String {
        switch source {
        case .connection(let connection):
            guard let address = pillion_mhd_client(connection) else { return "" }
            return SocketAddress.text(of: address)
        case .list(_, _, let client): return client
        }
    }
}
