// The server accepts connections on one address. For every complete request within the limits, it calls an HTTPHandler
// once and sends its answer. It handles bytes, headers, TLS and deadlines, but not routes, JSON or templates. Read
// Exchange.swift next: one request, from its headers to its answer.

import CMicrohttpd
import Glibc
import Synchronization
import System

/// A running HTTP/1.1 server on one address: libmicrohttpd's loop on a pool of threads.
public final class HTTPServer: Sendable {
    public struct Options: Sendable {
        public var address: SocketAddress
        public var limits = HTTPLimits()
        /// The mode of a socket in the file system, which determines who can connect.
        public var socketMode: UInt32 = 0o600
        /// The TLS options; nil for plain HTTP.
        public var tls: TLSOptions?
        /// The number of threads that serve connections.
        public var threads = HTTPServer.cores
        /// The number of worker threads for slow answers, and the number of requests that may wait for one. Urgent
        /// requests have the same numbers again.
        public var workers = HTTPServer.cores
        public var waiting = 4 * HTTPServer.cores
        /// The budgets that the servers of a process share.
        public var budgets = ServerBudgets()
        /// This server's share of the descriptors for connections, which all listeners of a process share.
        public var descriptorShare = 1.0

        public init(address: SocketAddress) {
            self.address = address
        }
    }

    /// The number of processors of the machine.
    public static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The nice value of threads whose work is not urgent. At 10, a thread gets a tenth of the time of a thread at 0.
    private static let niceness: Int32 = 10

    let handler: any HTTPHandler
    let limits: HTTPLimits
    let watch: ConnectionWatch
    /// The budgets and pools for slow answers. Threads for answers that are not urgent yield the processor to
    /// everything else.
    let budgets: ServerBudgets
    let work: WorkPool
    let urgentWork: WorkPool
    let tls: TLSOptions?
    /// The port of the server; 0 for a socket in the file system.
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

    /// Starts to listen, and serves until `stop`.
    ///
    /// - Throws: the reason why it cannot listen, for example an address in use or a missing library.
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

    /// Starts libmicrohttpd, which copies the strings that it receives here.
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

    /// The number of requests whose headers have arrived and whose answers have not been sent yet.
    public var activeRequests: Int { requests.load(ordering: .relaxed) }

    public var openConnections: Int { watch.count }

    /// Whether connections must no longer be suspended.
    var isStopping: Bool { stopping.load(ordering: .sequentiallyConsistent) }

    /// Whether connections are closed after their answers.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Closes every connection after its next answer from now on, so that clients connect to another replica. New
    /// connections are still accepted.
    public func announceEnd() { draining.store(true, ordering: .relaxed) }

    /// Stops accepting connections. Open connections are still served, and closed after their next answer.
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

    /// Stops accepting connections and waits until every request is answered.
    ///
    /// - Returns: whether all requests were answered in that time.
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

    /// Ends all connections and threads. Waits for requests on worker threads, because libmicrohttpd must not be
    /// stopped while one of its connections is suspended.
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
