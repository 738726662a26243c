public import Values
import CMicrohttpd

/// A response: a status, headers and a body. It is not copyable, because the bytes are passed to libmicrohttpd without
/// a copy.
public struct HTTPResponse: ~Copyable, @unchecked Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: ByteBuffer
    /// Bytes that live as long as the process and are sent instead of `body`.
    var constant: UnsafeBufferPointer<UInt8>?
    /// Whether the connection is closed after this response.
    public var closesConnection = false

    public init(status: Int, headers: [(name: String, value: String)] = [], body: consuming ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public init(status: Int, headers: [(name: String, value: String)] = []) {
        self.init(status: status, headers: headers, body: ByteBuffer(capacity: 16))
    }

    /// - Parameter constant: a body that lives as long as the process.
    public init(
        status: Int, headers: [(name: String, value: String)] = [], constant: UnsafeBufferPointer<UInt8>
    ) {
        self.init(status: status, headers: headers)
        self.constant = constant
    }

    /// The length of the body in bytes.
    public var length: Int { constant?.count ?? body.count }

    /// Calls a closure with the bytes of the body.
    public func withBody<R>(_ use: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        if let constant { return use(constant) }
        return body.withBytes(use)
    }

    /// Creates the response for libmicrohttpd; nil if there is not enough memory.
    consuming func made(close: Bool) -> OpaquePointer? {
        let headers = self.headers
        let ends = close || closesConnection
        let response: OpaquePointer?
        if let constant {
            let bytes = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(constant.baseAddress))
            response = pillion_mhd_response(constant.count, bytes, 1)
        } else {
            let bytes = body.release()
            response = pillion_mhd_response(bytes.count, bytes.baseAddress, 0)
        }
        guard let response else { return nil }
        for header in headers { pillion_mhd_add_header(response, header.name, header.value) }
        if ends { pillion_mhd_add_header(response, "Connection", "close") }
        return response
    }
}
