import CMicrohttpd
import Glibc
import Synchronization
import System

// libmicrohttpd ends connections that are silent; one that drips a byte every second is never silent. So the time
// of every phase of a request is kept here, and a connection that stays in one for too long is shut.

/// `MHD_NotifyConnectionCallback`: a connection began or ends. It ends before its descriptor is closed, so that the
/// watch never shuts a descriptor that now belongs to another connection.
func connectionChanged(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, change: MHD_ConnectionNotificationCode
) {
    guard let context, let connection, let slot else { return }
    let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    if change == .CONNECTION_NOTIFY_STARTED {
        let watched = WatchedConnection(pillion_mhd_fd(connection), server.limits, server.tls)
        let context = Unmanaged.passRetained(watched).toOpaque()
        slot.pointee = context
        server.watch.add(watched)
        // A descriptor whose bytes cannot be checked serves nobody.
        if pillion_receiving_watch(watched.descriptor, context) != 0 {
            shutdown(watched.descriptor, Int32(SHUT_RDWR))
        }
    } else if let existing = slot.pointee {
        slot.pointee = nil
        let watched = Unmanaged<WatchedConnection>.fromOpaque(existing).takeRetainedValue()
        _ = pillion_receiving_watch(watched.descriptor, nil)
        server.watch.remove(watched)
    }
}

/// `pillion_receiving`: what arrived at the start of `room` is checked; the answer is how many bytes of it may be parsed.
func bytesArrived(
    connection: UnsafeMutableRawPointer?, bytes: UnsafeMutablePointer<UInt8>?, received: Int, room: Int
) -> Int {
    guard let connection, let bytes else { return received }
    let watched = Unmanaged<WatchedConnection>.fromOpaque(connection).takeUnretainedValue()
    let count = watched.framing.take(
        UnsafeMutableBufferPointer(start: bytes, count: room), received: received)
    watched.isInsideHead = watched.framing.isInsideHead
    return count
}

/// `pillion_receiving_ends`
func bytesEnded(connection: UnsafeMutableRawPointer?, bytes: UnsafeMutablePointer<UInt8>?, room: Int) -> Int {
    guard let connection, let bytes else { return 0 }
    let watched = Unmanaged<WatchedConnection>.fromOpaque(connection).takeUnretainedValue()
    guard watched.isGivenUp else { return 0 }
    return watched.framing.fill(UnsafeMutableBufferPointer(start: bytes, count: room))
}

/// `pillion_receiving_waits`
func bytesWaiting(connection: UnsafeMutableRawPointer?) -> Int {
    guard let connection else { return 0 }
    return Unmanaged<WatchedConnection>.fromOpaque(connection).takeUnretainedValue().framing.waiting
}

/// `MHD_OPTION_URI_LOG_CALLBACK`: a request line is there, its headers are not yet.
func requestLineArrived(
    context: UnsafeMutableRawPointer?, uri: UnsafePointer<CChar>?, connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    if let connection, let context = pillion_mhd_socket_context(connection) {
        let watched = Unmanaged<WatchedConnection>.fromOpaque(context).takeUnretainedValue()
        watched.enter(.headers)
        watched.targetBytes = uri.map { strlen($0) } ?? 0
        watched.targetHoldsNul = uri.map { strstr($0, "%00") != nil } ?? false
    }
    return nil
}

/// What a connection is at, since when. Written by the thread that serves it, read by the watch.
final class WatchedConnection: Sendable {
    enum Phase: UInt64 { case idle, headers, body, answering, sending }

    let descriptor: Int32
    /// What the connection's handshake shows; nil where it is plain.
    let credentials: TLSCredentials?
    /// Whether it asks the client for one.
    let asksClient: Bool
    private let target = Atomic<Int>(0)
    private let holdsNul = Atomic<Bool>(false)
    private let bodyBytes = Atomic<Int>(0)
    private let givenUp = Atomic<Bool>(false)
    /// Milliseconds of the monotonic clock at which the head began that is arriving; 0 where none is.
    private let headStart = Atomic<UInt64>(0)
    /// Of the thread that serves the connection, as the next.
    nonisolated(unsafe) let framing: RequestFraming
    /// Requests that have begun.
    nonisolated(unsafe) var requests = 0
    /// The phase in the upper 8 bits, milliseconds of the monotonic clock below.
    private let state: Atomic<UInt64>

    init(_ descriptor: Int32, _ limits: HTTPLimits, _ tls: TLSOptions?) {
        self.descriptor = descriptor
        framing = RequestFraming(limits: limits)
        credentials = tls?.credentials
        asksClient = tls?.asksClient ?? false
        state = Atomic(Self.packed(.idle))
    }

    /// Bytes of the path and query of the current request, as they were sent.
    var targetBytes: Int {
        get { target.load(ordering: .relaxed) }
        set { target.store(newValue, ordering: .relaxed) }
    }

    /// Whether path or query, as they were sent, hold `%00`.
    var targetHoldsNul: Bool {
        get { holdsNul.load(ordering: .relaxed) }
        set { holdsNul.store(newValue, ordering: .relaxed) }
    }

    /// Bytes of the body that have come since `enter(.body)`.
    var receivedBytes: Int { bodyBytes.load(ordering: .relaxed) }

    func received(_ count: Int) { bodyBytes.add(count, ordering: .relaxed) }

    /// Whether the rest of the current body is not waited for any more.
    var isGivenUp: Bool { givenUp.load(ordering: .acquiring) }

    /// Ends the current body from another thread, so that its request can be answered; nothing more is read from the
    /// connection.
    func giveUpBody() {
        givenUp.store(true, ordering: .releasing)
        shutdown(descriptor, Int32(SHUT_RD))
    }

    /// Whether the client has gone: it sends no more and, as clients of the API server's kind do, means to read no
    /// more either.
    var isAbandoned: Bool {
        var state = pollfd(fd: descriptor, events: Self.peerEnded, revents: 0)
        let gone = Self.peerEnded | Int16(POLLHUP | POLLERR)
        return poll(&state, 1, 0) == 1 && state.revents & gone != 0
    }

    /// POLLRDHUP of poll(2), which Glibc shows to programs in C only.
    private static let peerEnded: Int16 = 0x2000

    func enter(_ phase: Phase) {
        if phase == .body { bodyBytes.store(0, ordering: .relaxed) }
        state.store(Self.packed(phase), ordering: .relaxed)
    }

    /// Whether a part of a head has come; written by the thread that serves the connection.
    var isInsideHead: Bool {
        get { headStart.load(ordering: .relaxed) > 0 }
        set {
            guard newValue != isInsideHead else { return }
            headStart.store(newValue ? MonotonicClock.nanoseconds / 1_000_000 : 0, ordering: .relaxed)
        }
    }

    var current: (phase: Phase, since: UInt64) {
        let start = headStart.load(ordering: .relaxed)
        let packed = state.load(ordering: .relaxed)
        if start > 0, packed >> 56 == Phase.idle.rawValue { return (.headers, start) }
        return (Phase(rawValue: packed >> 56) ?? .idle, packed & (1 << 56 - 1))
    }

    private static func packed(_ phase: Phase) -> UInt64 {
        phase.rawValue << 56 | (MonotonicClock.nanoseconds / 1_000_000) & (1 << 56 - 1)
    }
}

/// Shuts connections whose phase has lasted too long, on a thread of its own that looks twice a second.
final class ConnectionWatch: Sendable {
    private let limits: HTTPLimits
    private let connections = Mutex<[ObjectIdentifier: WatchedConnection]>([:])
    private let ticker = Ticker(every: 500)

    init(limits: HTTPLimits) { self.limits = limits }

    var count: Int { connections.withLock(\.count) }

    func add(_ connection: WatchedConnection) {
        connections.withLock { $0[ObjectIdentifier(connection)] = connection }
    }

    func remove(_ connection: WatchedConnection) {
        connections.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    func start() { ticker.start { self.sweep(now: MonotonicClock.nanoseconds / 1_000_000) } }

    func stop() { ticker.stop() }

    /// Shuts what is too late. Under the lock, so that no descriptor is closed in between.
    private func sweep(now: UInt64) {
        connections.withLock { connections in
            var idle: [pollfd] = []
            for connection in connections.values {
                let (phase, since) = connection.current
                guard let seconds = allowed(phase), now > since else { continue }
                let isLate = now - since > UInt64(seconds) * 1_000
                if isLate || phase == .body && isDripping(connection, milliseconds: Int(now - since)) {
                    shutdown(connection.descriptor, Int32(SHUT_RDWR))
                } else if phase == .idle, now - since > Self.restMilliseconds {
                    idle.append(pollfd(fd: connection.descriptor, events: Self.peerHasClosed, revents: 0))
                }
            }
            shutAbandoned(&idle)
        }
    }

    private func isDripping(_ connection: WatchedConnection, milliseconds: Int) -> Bool {
        guard milliseconds > limits.bodyGraceSeconds * 1_000 else { return false }
        return connection.receivedBytes < limits.bodyBytesPerSecond * milliseconds / 1_000
    }

    /// POLLRDHUP of Linux, which Glibc's module does not show.
    private static let peerHasClosed: Int16 = 0x2000
    /// A connection with nothing to do for so long has no request on its way inside libmicrohttpd.
    private static let restMilliseconds: UInt64 = 1_000

    /// A client that closes its half right after a request waits for the end of the other. libmicrohttpd misses that
    /// end where it came together with the request, because its epoll tells of each change once.
    private func shutAbandoned(_ idle: inout [pollfd]) {
        guard !idle.isEmpty, poll(&idle, nfds_t(idle.count), 0) > 0 else { return }
        for connection in idle where connection.revents & Self.peerHasClosed != 0 {
            shutdown(connection.fd, Int32(SHUT_RDWR))
        }
    }

    private func allowed(_ phase: WatchedConnection.Phase) -> Int? {
        switch phase {
        case .idle: limits.idleSeconds
        case .headers: limits.headerSeconds
        case .body: limits.bodySeconds
        case .sending: limits.sendSeconds
        case .answering: nil
        }
    }
}
