#if canImport(Glibc)
    import Glibc
#endif

/// Checks the bytes of one connection before libmicrohttpd gets them, and passes well-formed requests on.
///
/// The input is bytes as they arrive. The output is complete heads, unchanged bodies, and chunks without extensions and
/// trailers. A malformed head is replaced by a short request without a body, so that `Exchange` can answer it, and
/// nothing is passed on after it. libmicrohttpd would answer a malformed request itself, with an HTML page.
///
/// Only used by the thread that serves the connection.
final class RequestFraming {
    private enum Phase { case head, body, chunkSize, chunk, chunkEnd, trailer, refused }

    private let limits: HTTPLimits
    private var phase = Phase.head
    /// The number of bytes of the body, or of its current chunk, that have not arrived yet.
    private var left = 0
    /// The beginning of a head or a line whose end has not arrived yet.
    private var held: [UInt8] = []
    /// The number of bytes of `held` that are known not to contain the end of a head.
    private var searched = 0
    /// Checked bytes for which libmicrohttpd has no room yet.
    private var ready: [UInt8] = []
    /// The number of bytes of extensions and trailers of the current body, or of empty lines before a head.
    private var overhead = 0
    /// The number of heads that were passed on.
    private var requests = 0
    private var refused: (request: Int, why: HTTPRefusal)?

    init(limits: HTTPLimits) { self.limits = limits }

    /// The number of bytes that wait for room.
    var waiting: Int { ready.count }

    /// Whether a head has begun but is not complete.
    var isInsideHead: Bool { phase == .head && !held.isEmpty }

    /// Returns the reason why the connection's request with that number, from 1, is refused; nil if it is well-formed
    /// so far.
    func refusal(ofRequest number: Int) -> HTTPRefusal? {
        refused.flatMap { $0.request == number ? $0.why : nil }
    }

    /// Checks bytes that arrived at the start of `room`.
    ///
    /// - Parameter received: the number of arrived bytes; 0 to get waiting bytes. If it is not 0, no bytes may be
    ///   waiting.
    /// - Returns: the number of bytes at the start of `room` that libmicrohttpd may parse.
    func take(_ room: UnsafeMutableBufferPointer<UInt8>, received: Int) -> Int {
        if received > 0 {
            guard !held.isEmpty else {
                let written = pass(UnsafeMutableBufferPointer(rebasing: room[..<received]))
                if ready.isEmpty { return written }
                return written + deliver(UnsafeMutableBufferPointer(rebasing: room[written...]))
            }
            var bytes = held
            held = []
            bytes += room[..<received]
            let written = bytes.withUnsafeMutableBufferPointer { pass($0) }
            ready = bytes[..<written] + ready
        }
        return deliver(room)
    }

    private func deliver(_ room: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let count = min(ready.count, room.count)
        guard count > 0 else { return 0 }
        _ = room.update(fromContentsOf: ready[..<count])
        ready.removeFirst(count)
        return count
    }

    /// Moves the checked bytes to the start of the buffer, and keeps an incomplete rest. Returns the number of checked
    /// bytes.
    private func pass(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var cursor = Cursor(bytes)
        while !cursor.isAtEnd {
            let goesOn: Bool
            switch phase {
            case .head: goesOn = passHead(&cursor)
            case .body:
                passData(&cursor)
                if left == 0 { phase = .head }
                goesOn = true
            case .chunkSize: goesOn = passChunkSize(&cursor)
            case .chunk:
                passData(&cursor)
                if left == 0 { phase = .chunkEnd }
                goesOn = true
            case .chunkEnd: goesOn = passChunkEnd(&cursor)
            case .trailer: goesOn = passTrailer(&cursor)
            case .refused: goesOn = false
            }
            if !goesOn { break }
        }
        return cursor.written
    }

    /// The bytes of one call. They are read from the left and written from the left, never beyond the read position.
    private struct Cursor {
        let bytes: UnsafeMutableBufferPointer<UInt8>
        private(set) var read = 0
        private(set) var written = 0

        init(_ bytes: UnsafeMutableBufferPointer<UInt8>) { self.bytes = bytes }

        var isAtEnd: Bool { read == bytes.count }
        var rest: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[read...]) }

        mutating func skip(_ count: Int) { read += count }

        mutating func keep(_ count: Int) {
            if read != written, count > 0 {
                memmove(bytes.baseAddress! + written, bytes.baseAddress! + read, count)
            }
            read += count
            written += count
        }

        /// Writes a line end, instead of one that was read.
        mutating func writeLineEnd() {
            bytes[written] = 0x0d
            bytes[written + 1] = 0x0a
            written += 2
        }
    }

    /// Keeps the rest until more bytes arrive.
    private func hold(_ cursor: Cursor) -> Bool {
        held = Array(cursor.rest)
        return false
    }

    private func passData(_ cursor: inout Cursor) {
        let count = min(left, cursor.bytes.count - cursor.read)
        cursor.keep(count)
        left -= count
    }

    /// Fills the rest of the current body with spaces, because the client does not send it. Its content is no longer
    /// used.
    ///
    /// - Returns: the number of bytes that were written; 0 if no body is arriving.
    func fill(_ room: UnsafeMutableBufferPointer<UInt8>) -> Int {
        switch phase {
        case .body, .chunk:
            let count = min(left, room.count)
            room[..<count].update(repeating: 0x20)
            left -= count
            if left == 0 {
                if phase == .chunk { ready += "\r\n0\r\n\r\n".utf8 }
                phase = .refused
            }
            return count + deliver(UnsafeMutableBufferPointer(rebasing: room[count...]))
        case .chunkSize: ready += "0\r\n\r\n".utf8
        case .chunkEnd: ready += "\r\n0\r\n\r\n".utf8
        case .trailer: ready += "\r\n".utf8
        case .head, .refused: break
        }
        if phase != .head { phase = .refused }
        return deliver(room)
    }

    // MARK: Heads

    private func passHead(_ cursor: inout Cursor) -> Bool {
        let rest = cursor.rest
        // RFC 9112, 2.2: empty lines before a request are ignored.
        if rest[0] == 0x0a || rest[0] == 0x0d {
            if rest[0] == 0x0d, rest.count == 1 { return hold(cursor) }
            guard rest[0] == 0x0a || rest[1] == 0x0a, overhead < limits.framingBytes else {
                return refuse(rest, .malformed(.requestLine))
            }
            let count = rest[0] == 0x0a ? 1 : 2
            overhead += count
            cursor.skip(count)
            return true
        }
        let end = Self.endOfHead(rest, from: searched)
        guard (end ?? rest.count) <= limits.headBytes else {
            return refuse(rest, .headTooLarge(limit: limits.headBytes))
        }
        guard let end else {
            searched = max(0, rest.count - 3)
            return hold(cursor)
        }
        searched = 0
        let head = UnsafeBufferPointer(rebasing: rest[..<end])
        do throws(HTTPRefusal) {
            switch try RequestHead(head).body {
            case .length(let length):
                left = length
                if length > 0 { phase = .body }
            case .chunked: phase = .chunkSize
            }
        } catch {
            return refuse(head, error)
        }
        requests += 1
        overhead = 0
        cursor.keep(end)
        return true
    }

    /// Returns the length of a head, including the empty line after it; nil if its end has not arrived.
    private static func endOfHead(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var from = start
        while from < bytes.count, let found = memchr(bytes.baseAddress! + from, 0x0a, bytes.count - from) {
            let next = UnsafeRawPointer(found) - UnsafeRawPointer(bytes.baseAddress!) + 1
            if next < bytes.count, bytes[next] == 0x0a { return next + 1 }
            if next + 1 < bytes.count, bytes[next] == 0x0d, bytes[next + 1] == 0x0a { return next + 2 }
            from = next
        }
        return nil
    }

    /// Passes on a short request instead of a malformed one.
    private func refuse(_ head: UnsafeBufferPointer<UInt8>, _ why: HTTPRefusal) -> Bool {
        let (method, target) = RequestHead.shownTarget(head)
        requests += 1
        return end(
            why,
            with: "\(method) \(target) HTTP/1.1\r\nHost: -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    }

    private func end(_ why: HTTPRefusal, with text: String) -> Bool {
        refused = (requests, why)
        ready += text.utf8
        phase = .refused
        return false
    }

    // MARK: Chunks (RFC 9112, 7.1)

    /// Returns a line including its end `\r\n`; nil if its end has not arrived.
    private func line(
        _ cursor: Cursor, atMost limit: Int
    ) throws(HTTPRefusal) -> UnsafeBufferPointer<UInt8>? {
        let rest = cursor.rest
        guard let end = rest.firstIndex(of: 0x0a) else {
            if rest.count > limit { throw .malformed(.chunk) }
            return nil
        }
        guard end <= limit, end > 0, rest[end - 1] == 0x0d else { throw .malformed(.chunk) }
        return UnsafeBufferPointer(rebasing: rest[...end])
    }

    private func passChunkSize(_ cursor: inout Cursor) -> Bool {
        do throws(HTTPRefusal) {
            guard let line = try line(cursor, atMost: limits.chunkLineBytes) else { return hold(cursor) }
            let digits = line.prefix { Self.hexadecimal($0) != nil }
            let rest = line[digits.count...].dropLast(2)
            guard !digits.isEmpty,
                rest.isEmpty || [UInt8(ascii: ";"), 0x20, 0x09].contains(rest[rest.startIndex]),
                rest.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 })
            else { throw .malformed(.chunk) }
            left = try Self.size(digits)
            try charge(rest.count)
            cursor.keep(digits.count)
            cursor.skip(rest.count + 2)
            cursor.writeLineEnd()
            phase = left == 0 ? .trailer : .chunk
            return true
        } catch {
            return end(error, with: "0\r\n\r\n")
        }
    }

    private func charge(_ bytes: Int) throws(HTTPRefusal) {
        overhead += bytes
        if overhead > limits.framingBytes { throw .malformed(.chunk) }
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46, 0x61...0x66: Int(byte | 0x20) - 0x57
        default: nil
        }
    }

    private static func size(_ digits: Slice<UnsafeBufferPointer<UInt8>>) throws(HTTPRefusal) -> Int {
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        guard significant.count < 16 else { throw .bodyTooLarge(limit: .max) }
        return significant.reduce(0) { $0 << 4 | (hexadecimal($1) ?? 0) }
    }

    private func passChunkEnd(_ cursor: inout Cursor) -> Bool {
        let rest = cursor.rest
        if rest.count == 1, rest[0] == 0x0d { return hold(cursor) }
        guard rest.count >= 2, rest[0] == 0x0d, rest[1] == 0x0a else {
            return end(.malformed(.chunk), with: "\r\n0\r\n\r\n")
        }
        cursor.keep(2)
        phase = .chunkSize
        return true
    }

    /// Checks and removes trailers, which are not used.
    private func passTrailer(_ cursor: inout Cursor) -> Bool {
        do throws(HTTPRefusal) {
            guard let line = try line(cursor, atMost: limits.chunkLineBytes) else { return hold(cursor) }
            cursor.skip(line.count)
            if line.count == 2 {
                cursor.writeLineEnd()
                phase = .head
                overhead = 0
                return true
            }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
                line[..<colon].allSatisfy(RequestHead.isToken),
                line[colon...].dropLast(2).allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 })
            else { throw .malformed(.chunk) }
            try charge(line.count)
            return true
        } catch {
            return end(error, with: "\r\n")
        }
    }
}
