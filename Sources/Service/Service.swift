// What comes in: ServeOptions. What goes out: a process that answers until it is told to end, and its exit status.
// The only target that names plugins and routes. Read Routes.swift next, then Handlers/.

import Glibc
public import HTTPServer
import Injection
import PluginAPI
import Values

/// Pillion as a server: configuration, listeners and their routes, from start to ordered end.
public final class Service: Sendable {
    /// One of its addresses.
    public struct Listener: Sendable {
        public enum Kind: String, Sendable {
            case https, http, monitoring
        }
        public let kind: Kind
        public let server: HTTPServer
        /// `http://127.0.0.1:8080`
        public let address: String
    }

    public let listeners: [Listener]
    private let options: ServeOptions
    private let log: Log
    private let store: SnapshotStore
    private let health = Health()

    /// Loads the configuration and listens; requests are answered when this returns.
    ///
    /// - Throws: what keeps it from starting, as one sentence.
    public init(_ options: ServeOptions, log: Log) throws(ServiceError) {
        self.options = options
        self.log = log
        let registry: PluginRegistry
        do throws(PluginRegistryError) {
            registry = try StandardPlugins.registry(loaded: options.loadedRenderers)
        } catch {
            throw ServiceError(message: error.message)
        }
        do {
            store = try SnapshotStore(Configuration(options, registry: registry))
        } catch {
            throw ServiceError(message: "the configuration cannot be used: \(error)")
        }
        let routes = Routes(options: options, registry: registry, store: store, health: health)
        listeners = try Self.listen(options, routes, AccessLog(log: log))
        health.becomeReady()
        for warning in store.snapshot.warnings { log.warning(warning.description) }
        for listener in listeners {
            log.info(
                "serving",
                [
                    Member("listener", .string(listener.kind.rawValue)),
                    Member("address", .string(listener.address)),
                ])
        }
    }

    private static func listen(
        _ options: ServeOptions, _ routes: Routes, _ observer: any ExchangeObserver
    ) throws(ServiceError) -> [Listener] {
        var listeners: [Listener] = []
        do throws(HTTPServerError) {
            if options.httpPort >= 0 || options.httpAddress.hasPrefix("unix:") {
                let address = SocketAddress(options.httpAddress, port: options.httpPort)
                let router = Router(
                    routes.questions + (address.isLoopback ? routes.monitoring : []), observer: observer)
                let server = try HTTPServer(HTTPServer.Options(address: address), handler: router)
                listeners.append(
                    Listener(kind: .http, server: server, address: address.url("http", server.port)))
            }
        } catch {
            for listener in listeners { listener.server.stop() }
            throw ServiceError(message: error.message)
        }
        guard !listeners.isEmpty else {
            throw ServiceError(message: "every port is off: want --httpPort, --port or --monitoringPort")
        }
        return listeners
    }

    /// Serves until SIGTERM or SIGINT, then ends in order.
    ///
    /// - Returns: the exit status: 0 after an ordered end, 1 where it does not start.
    public static func run(_ options: ServeOptions) -> Int32 {
        let signals = Signals()
        let log = Log(level: options.logLevel, format: options.logFormat)
        let service: Service
        do throws(ServiceError) {
            service = try Service(options, log: log)
        } catch {
            log.error(error.message)
            return 1
        }
        while true {
            switch signals.next() {
            case SIGHUP:
                service.reload()
            case let signal:
                log.info("ending", [Member("signal", .string(signal == SIGTERM ? "SIGTERM" : "SIGINT"))])
                service.stop()
                return 0
            }
        }
    }

    /// Reads the configuration again, and says how that went.
    public func reload() {
        switch store.reload() {
        case .unchanged:
            log.info("configuration unchanged")
        case .loaded(let generation):
            log.info("configuration loaded", [Member("generation", .int(Int64(generation)))])
            for warning in store.snapshot.warnings { log.warning(warning.description) }
        case .refused(let errors):
            for error in errors {
                log.error("configuration refused, the last good one stays", [Member("error", .string(error))])
            }
        }
    }

    /// Unready, then after the delay no new connections, then the requests at hand, then the end.
    public func stop() {
        health.beginEnding()
        for listener in listeners { listener.server.announceEnd() }
        if options.shutdownDelay > 0 { usleep(UInt32(min(options.shutdownDelay, 600) * 1_000_000)) }
        for listener in listeners { listener.server.quiesce() }
        let end = MonotonicClock.now() + UInt64(max(options.drainMilliseconds, 0)) * 1_000_000
        for listener in listeners {
            let now = MonotonicClock.now()
            let left = now < end ? Int((end - now) / 1_000_000) : 0
            if !listener.server.drain(milliseconds: left) {
                log.warning(
                    "requests were cut off",
                    [Member("count", .int(Int64(listener.server.activeRequests)))])
            }
        }
        for listener in listeners { listener.server.stop() }
    }
}

/// Why the service does not start.
public struct ServiceError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}

extension SocketAddress {
    /// - Parameter text: an address, or `unix:PATH`.
    init(_ text: String, port: Int) {
        if text.hasPrefix("unix:") {
            self = .unix(path: String(text.dropFirst("unix:".count)))
        } else {
            self = .network(host: text, port: UInt16(clamping: port))
        }
    }

    func url(_ scheme: String, _ port: UInt16) -> String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .network(let host, _):
            "\(scheme)://\(host.isEmpty ? "*" : host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }
}
