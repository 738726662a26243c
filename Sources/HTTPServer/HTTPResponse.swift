public import Values
import CMicrohttpd

/// What is answered: a status, headers and bytes. Not copyable, because the bytes are handed to libmicrohttpd as
/// they are.
public struct HTTPResponse: ~Copyable, @unchecked Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: ByteBuffer
    /// Bytes that live as long as the process, sent instead of `body`.
    var constant: UnsafeBufferPointer<UInt8>?
    /// Whether the connection ends after this answer.
    public var closesConnection = false

    public init(status: Int, headers: [(name: String, value: String)] = [], body: consuming ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public init(status: Int, headers: [(name: String, value: String)] = []) {
        self.init(status: status, headers: headers, body: ByteBuffer(capacity: 16))
    }

    /// - Parameter constant: lives as long as the process.
    public init(
        status: Int, headers: [(name: String, value: String)] = [], constant: UnsafeBufferPointer<UInt8>
    ) {
        self.init(status: status, headers: headers)
        self.constant = constant
    }

    /// How many bytes of body are sent.
    public var length: Int { constant?.count ?? body.count }

    /// The bytes of the body, for the time of the call.
    public func withBody<R>(_ use: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        if let constant { return use(constant) }
        return body.withBytes(use)
    }

    /// The response as libmicrohttpd takes it; nil where there is no memory for it.
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
