import CMicrohttpd
import Glibc
import Synchronization
import System

// libmicrohttpd ends silent connections, but one that sends a byte every second is never silent. So the time of every
// phase of a request is recorded here, and a connection that stays in a phase for too long is shut down.

/// `MHD_NotifyConnectionCallback`: a connection has started or ends. The end is reported before its descriptor is
/// closed, so the watch never shuts down a descriptor that belongs to another connection by then.
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
        // If the bytes of a connection cannot be checked, it is shut down.
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

/// `pillion_receiving`: checks the bytes that arrived at the start of `room`, and returns how many bytes there may be
/// parsed.
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

/// `pillion_receiving_ends`: completes a body that was given up, so that its request can be answered.
func bytesEnded(connection: UnsafeMutableRawPointer?, bytes: UnsafeMutablePointer<UInt8>?, room: Int) -> Int {
    guard let connection, let bytes else { return 0 }
    let watched = Unmanaged<WatchedConnection>.fromOpaque(connection).takeUnretainedValue()
    guard watched.isGivenUp else { return 0 }
    return watched.framing.fill(UnsafeMutableBufferPointer(start: bytes, count: room))
}

/// `pillion_receiving_waits`: returns the number of bytes that wait for room.
func bytesWaiting(connection: UnsafeMutableRawPointer?) -> Int {
    guard let connection else { return 0 }
    return Unmanaged<WatchedConnection>.fromOpaque(connection).takeUnretainedValue().framing.waiting
}

/// `MHD_OPTION_URI_LOG_CALLBACK`: a request line has arrived, its headers have not.
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

/// A connection's phase and the time at which it began. The thread that serves the connection writes them, the watch
/// reads them.
final class WatchedConnection: Sendable {
    enum Phase: UInt64 { case idle, headers, body, answering, sending }

    let descriptor: Int32
    /// The credentials for the connection's handshake; nil for a connection without TLS.
    let credentials: TLSCredentials?
    /// Whether the handshake requests a client certificate.
    let asksClient: Bool
    private let target = Atomic<Int>(0)
    private let holdsNul = Atomic<Bool>(false)
    private let bodyBytes = Atomic<Int>(0)
    private let givenUp = Atomic<Bool>(false)
    /// The time at which the arriving head began, in milliseconds of the monotonic clock; 0 if no head is arriving.
    private let headStart = Atomic<UInt64>(0)
    /// Only used by the thread that serves the connection, like the next property.
    nonisolated(unsafe) let framing: RequestFraming
    /// The number of requests so far.
    nonisolated(unsafe) var requests = 0
    /// The phase in the upper 8 bits, and its start in milliseconds of the monotonic clock in the lower bits.
    private let state: Atomic<UInt64>

    init(_ descriptor: Int32, _ limits: HTTPLimits, _ tls: TLSOptions?) {
        self.descriptor = descriptor
        framing = RequestFraming(limits: limits)
        credentials = tls?.credentials
        asksClient = tls?.asksClient ?? false
        state = Atomic(Self.packed(.idle))
    }

    /// The length in bytes of the raw path and query of the current request.
    var targetBytes: Int {
        get { target.load(ordering: .relaxed) }
        set { target.store(newValue, ordering: .relaxed) }
    }

    /// Whether the raw path or query contains `%00`.
    var targetHoldsNul: Bool {
        get { holdsNul.load(ordering: .relaxed) }
        set { holdsNul.store(newValue, ordering: .relaxed) }
    }

    /// The number of bytes of the body that have arrived since `enter(.body)`.
    var receivedBytes: Int { bodyBytes.load(ordering: .relaxed) }

    func received(_ count: Int) { bodyBytes.add(count, ordering: .relaxed) }

    /// Whether the rest of the current body is no longer waited for.
    var isGivenUp: Bool { givenUp.load(ordering: .acquiring) }

    /// Ends the current body from another thread, so that its request can be answered. Nothing more is read from the
    /// connection.
    func giveUpBody() {
        givenUp.store(true, ordering: .releasing)
        shutdown(descriptor, Int32(SHUT_RD))
    }

    /// Whether the client is gone: it has ended its sending direction. Clients like the API server then no longer read
    /// either.
    var isAbandoned: Bool {
        var state = pollfd(fd: descriptor, events: Self.peerEnded, revents: 0)
        let gone = Self.peerEnded | Int16(POLLHUP | POLLERR)
        return poll(&state, 1, 0) == 1 && state.revents & gone != 0
    }

    /// POLLRDHUP of poll(2), which the Glibc module does not export.
    private static let peerEnded: Int16 = 0x2000

    func enter(_ phase: Phase) {
        if phase == .body { bodyBytes.store(0, ordering: .relaxed) }
        state.store(Self.packed(phase), ordering: .relaxed)
    }

    /// Whether a part of a head has arrived. Written by the thread that serves the connection.
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

/// Shuts down connections whose phase has lasted too long, on a separate thread that checks twice per second.
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

    /// Shuts down connections that are too late. The lock prevents descriptors from being closed meanwhile.
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

    /// POLLRDHUP of Linux, which the Glibc module does not export.
    private static let peerHasClosed: Int16 = 0x2000
    /// A connection that has been idle for this long has no pending request in libmicrohttpd.
    private static let restMilliseconds: UInt64 = 1_000

    /// Shuts down idle connections whose client has closed its direction. A client that does this right after a request
    /// waits for the server to close too. libmicrohttpd misses the client's end if it arrives together with the
    /// request, because its epoll reports each change only once.
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
