import Glibc
import System

/// One end of the socket between the two sides of an isolated engine.
final class FrameSocket: @unchecked Sendable {
    enum Failure: Error {
        /// The other side is gone.
        case closed
        /// The deadline passed.
        case late
        /// The other side sent something that is not a frame, or is too long.
        case nonsense
    }

    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8], until deadline: UInt64?) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            try wait(Int16(POLLOUT), until: deadline)
            let count = bytes.withUnsafeBytes { pointer in
                Glibc.send(
                    descriptor, pointer.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count > 0 { sent += count } else if count == 0 || !isPassing(errno) { throw .closed }
        }
    }

    /// - Parameter largest: the maximum size of the payload in bytes.
    func receive(
        largest: Int, until deadline: UInt64?
    ) throws(Failure) -> (kind: Frame.Kind, payload: [UInt8]) {
        let header = try read(Frame.headerBytes, until: deadline)
        let length = header.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= largest, let kind = Frame.Kind(rawValue: header[4]) else { throw .nonsense }
        return (kind, try read(length, until: deadline))
    }

    private func read(_ count: Int, until deadline: UInt64?) throws(Failure) -> [UInt8] {
        // The announced length is not trusted, so memory is allocated as bytes arrive.
        let step = 1 << 20
        var bytes: [UInt8] = []
        while bytes.count < count {
            try wait(Int16(POLLIN), until: deadline)
            let room = min(step, count - bytes.count)
            var received = 0
            bytes.append(
                contentsOf: [UInt8](unsafeUninitializedCapacity: room) { buffer, used in
                    received = recv(descriptor, buffer.baseAddress, room, Int32(MSG_DONTWAIT))
                    used = max(received, 0)
                })
            if received == 0 || (received < 0 && !isPassing(errno)) { throw .closed }
        }
        return bytes
    }

    private func isPassing(_ code: Int32) -> Bool { code == EINTR || code == EAGAIN || code == EWOULDBLOCK }

    private func wait(_ events: Int16, until deadline: UInt64?) throws(Failure) {
        while true {
            var milliseconds: Int32 = -1
            if let deadline {
                let now = MonotonicClock.nanoseconds
                guard now < deadline else { throw .late }
                milliseconds = Int32(clamping: (deadline - now) / 1_000_000 + 1)
            }
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let ready = poll(&entry, 1, milliseconds)
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw .closed }
        }
    }
}
