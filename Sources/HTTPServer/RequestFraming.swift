#if canImport(Glibc)
    import Glibc
#endif

/// Reads the bytes of one connection before libmicrohttpd does, and hands them on where a request is well-formed.
///
/// What comes in: bytes as they arrive. What goes out: whole heads, bodies as they are, chunks without their extensions
/// and trailers. In place of a malformed head goes a short request without a body, so that `Exchange` can answer it,
/// and then nothing more. libmicrohttpd would answer such a request itself, with an HTML page.
///
/// Used by the thread that serves the connection alone.
final class RequestFraming {
    private enum Phase { case head, body, chunkSize, chunk, chunkEnd, trailer, refused }

    private let limits: HTTPLimits
    private var phase = Phase.head
    /// Bytes of the body, or of its current chunk, that have not come yet.
    private var left = 0
    /// The beginning of a head or a line whose end has not come yet.
    private var held: [UInt8] = []
    /// How many bytes of `held` are known to hold no end of a head.
    private var searched = 0
    /// Bytes that libmicrohttpd may have, as soon as it has room.
    private var ready: [UInt8] = []
    /// Bytes of extensions and trailers of the current body, or of empty lines before a head.
    private var overhead = 0
    /// Heads that were handed on.
    private var requests = 0
    private var refused: (request: Int, why: HTTPRefusal)?

    init(limits: HTTPLimits) { self.limits = limits }

    /// Bytes that wait for room.
    var waiting: Int { ready.count }

    /// Whether a head has begun and not ended.
    var isInsideHead: Bool { phase == .head && !held.isEmpty }

    /// Why that request of the connection, counted from 1, is refused; nil where it is well-formed so far.
    func refusal(ofRequest number: Int) -> HTTPRefusal? {
        refused.flatMap { $0.request == number ? $0.why : nil }
    }

    /// Takes bytes that arrived at the start of `room`.
    ///
    /// - Parameter received: 0 asks for bytes that wait, and only then may some be waiting.
    /// - Returns: how many bytes from the start of `room` libmicrohttpd may have.
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

    /// Moves what may be handed on to the start of the bytes, and keeps what is incomplete.
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

    /// The bytes of one call, read from the left and written, never ahead of what was read, from the left too.
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

        /// Writes a line end in the place of one that was read.
        mutating func writeLineEnd() {
            bytes[written] = 0x0d
            bytes[written + 1] = 0x0a
            written += 2
        }
    }

    /// Keeps the rest until more comes.
    private func hold(_ cursor: Cursor) -> Bool {
        held = Array(cursor.rest)
        return false
    }

    private func passData(_ cursor: inout Cursor) {
        let count = min(left, cursor.bytes.count - cursor.read)
        cursor.keep(count)
        left -= count
    }

    /// Writes the rest of the current body, blanks, as the client does not: what it was is not looked at any more.
    ///
    /// - Returns: how many bytes were written; 0 where no body is arriving.
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

    /// How many bytes a head has, its empty line included; nil where its end has not come.
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

    /// Hands on a request that stands for a malformed one.
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

    /// A line with its end, `\r\n`; nil where it has not come.
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

    /// Trailers are checked and dropped: nothing here reads one.
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
