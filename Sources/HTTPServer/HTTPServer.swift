// What comes in: connections on one address. What goes out: for every whole request, within its limits, one call of
// an HTTPHandler, and its answer back over the wire. Knows bytes, headers, TLS and deadlines; knows no route, no
// JSON and no template. Read Exchange.swift next: one request from its headers to its answer.

import CMicrohttpd
import Glibc
import Synchronization
import System

/// A running HTTP/1.1 server on one address: libmicrohttpd's loop on a pool of threads.
public final class HTTPServer: Sendable {
    public struct Options: Sendable {
        public var address: SocketAddress
        public var limits = HTTPLimits()
        /// Who may connect to a socket in the file system.
        public var socketMode: UInt32 = 0o600
        /// nil is plain HTTP.
        public var tls: TLSOptions?
        /// Threads that serve connections.
        public var threads = HTTPServer.cores
        /// Answers that take long at once, on threads of their own, and how many more may wait for one; the same
        /// again for urgent ones.
        public var workers = HTTPServer.cores
        public var waiting = 4 * HTTPServer.cores
        /// What the servers of a process share.
        public var budgets = ServerBudgets()
        /// Which part of the descriptors that connections may use is this server's: all listeners of a process
        /// together have no more.
        public var descriptorShare = 1.0

        public init(address: SocketAddress) {
            self.address = address
        }
    }

    /// Processors of the machine.
    public static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Of threads whose work is not urgent: at 10 one of them gets a tenth of what a thread at 0 gets.
    private static let niceness: Int32 = 10

    let handler: any HTTPHandler
    let limits: HTTPLimits
    let watch: ConnectionWatch
    /// For answers that take long. Those that are not urgent yield the processor to everything else.
    let budgets: ServerBudgets
    let work: WorkPool
    let urgentWork: WorkPool
    let tls: TLSOptions?
    /// The port that is served; 0 for a socket in the file system.
    public let port: UInt16
    private let address: SocketAddress
    private let daemon = Mutex<Daemon?>(nil)
    private let requests = Atomic<Int>(0)
    private let draining = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)

    private struct Daemon: @unchecked Sendable {
        var pointer: OpaquePointer
        var isQuiet = false
    }

    /// Listens and serves until `stop`.
    ///
    /// - Throws: what keeps it from listening: an address in use, a library that is missing.
    public init(_ options: Options, handler: any HTTPHandler) throws(HTTPServerError) {
        var reason: UnsafePointer<CChar>?
        guard pillion_mhd_open(bytesArrived, bytesWaiting, bytesEnded, &reason) == 0 else {
            throw HTTPServerError(
                message: reason.map { String(cString: $0) } ?? "libmicrohttpd cannot be opened")
        }
        let socket = try options.address.listen(socketMode: options.socketMode)
        self.handler = handler
        limits = options.limits
        budgets = options.budgets
        tls = options.tls
        address = options.address
        port = SocketAddress.port(of: socket)
        watch = ConnectionWatch(limits: options.limits)
        work = WorkPool(threads: options.workers, waiting: options.waiting, niceness: Self.niceness)
        urgentWork = WorkPool(threads: options.workers, waiting: options.waiting, niceness: 0)
        var setup = pillion_mhd_options()
        setup.listen_fd = socket
        setup.threads = UInt32(options.threads)
        setup.connection_memory = limits.connectionBytes
        setup.connections = UInt32(
            max(min(limits.connections, Int(Double(Descriptors.forConnections) * options.descriptorShare)), 8)
        )
        setup.idle_seconds = UInt32(limits.idleSeconds)
        setup.stack_bytes = Thread.wholeStack
        setup.completed = requestCompleted
        setup.notify = connectionChanged
        setup.request_line = requestLineArrived
        setup.access = requestAdvanced
        setup.context = Unmanaged.passUnretained(self).toOpaque()
        guard budgets.watch.start() else {
            close(socket)
            throw HTTPServerError(message: "the system has no thread that watches the requests' deadlines")
        }
        let started = Self.start(&setup, options.tls)
        guard let started else {
            let message =
                "libmicrohttpd does not start on \(options.address): \(String(cString: strerror(errno)))"
            close(socket)
            throw HTTPServerError(message: message)
        }
        daemon.withLock { $0 = Daemon(pointer: started) }
        watch.start()
    }

    /// libmicrohttpd copies the texts that it is given here.
    private static func start(_ setup: inout pillion_mhd_options, _ tls: TLSOptions?) -> OpaquePointer? {
        guard let tls else { return pillion_mhd_start(&setup) }
        setup.uses_tls = 1
        setup.tls_certificate_callback = unsafeBitCast(
            certificateAsked as CertificateCallback, to: UnsafeMutableRawPointer.self)
        return tls.priorities.withCString { priorities in
            setup.tls_priorities = priorities
            return pillion_mhd_start(&setup)
        }
    }

    deinit { stop() }

    /// Requests whose headers came and whose answers have not gone yet.
    public var activeRequests: Int { requests.load(ordering: .relaxed) }

    public var openConnections: Int { watch.count }

    /// Whether no connection may be suspended any more.
    var isStopping: Bool { stopping.load(ordering: .sequentiallyConsistent) }

    /// Whether answers end their connections.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// From now on every answer ends its connection, so that clients go elsewhere; new connections are still taken.
    public func announceEnd() { draining.store(true, ordering: .relaxed) }

    /// Takes no further connections. Those that are open are served on; each answer ends its connection.
    public func quiesce() {
        announceEnd()
        daemon.withLock { daemon in
            guard var current = daemon, !current.isQuiet else { return }
            current.isQuiet = true
            let socket = pillion_mhd_quiesce(current.pointer)
            if socket >= 0 { close(socket) }
            daemon = current
        }
        if case .unix(let path) = address { unlink(path) }
    }

    /// Quiesces and waits until every request is answered.
    ///
    /// - Returns: whether all were within that time.
    @discardableResult
    public func drain(milliseconds: Int) -> Bool {
        quiesce()
        let end = MonotonicClock.nanoseconds + UInt64(max(milliseconds, 0)) * 1_000_000
        while activeRequests > 0 {
            if MonotonicClock.nanoseconds >= end { return false }
            Thread.sleep(milliseconds: 2)
        }
        return true
    }

    /// Ends all connections and threads. Requests on a thread of their own are waited for; libmicrohttpd must not
    /// end while one of its connections is suspended.
    public func stop() {
        quiesce()
        stopping.store(true, ordering: .sequentiallyConsistent)
        budgets.bodies.giveUp(of: self)
        work.stop()
        urgentWork.stop()
        let last = daemon.withLock { daemon in
            let last = daemon
            daemon = nil
            return last
        }
        if let last { pillion_mhd_stop(last.pointer) }
        watch.stop()
    }

    func requestBegan() { requests.add(1, ordering: .relaxed) }
    func requestEnded() { requests.subtract(1, ordering: .relaxed) }
}
