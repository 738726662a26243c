import HTTPServer
import PluginAPI
import Values

/// Starts the listeners that `ServeOptions` ask for, each with its routes and its rules of who may ask.
///
/// | listener | routes | address |
/// | --- | --- | --- |
/// | https | questions, health | every address |
/// | http | questions; on loopback monitoring too | `--httpAddress` |
/// | monitoring | monitoring | every address; not with the built-in configuration |
struct ListenerStarter {
    let options: ServeOptions
    let registry: PluginRegistry
    let store: SnapshotStore
    let health: Health
    let certificates: Certificates?
    let token: BearerToken?
    let metrics: ServiceMetrics
    let log: Log

    func start() throws(ServiceError) -> [Service.Listener] {
        var listeners: [Service.Listener] = []
        do throws(ServiceError) {
            if let listener = try https() { listeners.append(listener) }
            if let listener = try plain() { listeners.append(listener) }
            if let listener = try monitoring(besides: listeners) { listeners.append(listener) }
        } catch {
            for listener in listeners { listener.server.stop() }
            throw error
        }
        guard !listeners.isEmpty else {
            throw ServiceError(message: "nothing is served: want --httpPort, or --port with a certificate")
        }
        return listeners
    }

    private func https() throws(ServiceError) -> Service.Listener? {
        guard options.port >= 0, let certificates else { return nil }
        var tls = TLSOptions(credentials: certificates.credentials)
        tls.minimum = TLSOptions.Version(rawValue: options.tlsMinimumVersion) ?? .v12
        if let path = options.clientCAFile {
            do throws(FileError) {
                tls.clientCA = try FileError.contents(of: path, atMost: 1 << 20)
            } catch {
                throw ServiceError(message: error.description)
            }
        }
        let access = Access(
            isLocal: false, asksCertificate: options.clientCAFile != nil, clientNames: options.clientNames,
            token: token, allowsInlineTemplates: options.enableInlineTemplates)
        let routes = routes(access)
        let address = SocketAddress.network(host: "", port: UInt16(clamping: options.port))
        return try listener(.https, address, tls, routes.questions + routes.health, access)
    }

    private func plain() throws(ServiceError) -> Service.Listener? {
        let address: SocketAddress
        if options.httpAddress.hasPrefix("unix:") {
            address = .unix(path: String(options.httpAddress.dropFirst("unix:".count)))
        } else {
            guard options.httpPort >= 0 else { return nil }
            address = .network(host: options.httpAddress, port: UInt16(clamping: options.httpPort))
        }
        guard address.isLoopback || options.allowsPlainHTTP else {
            throw ServiceError(
                message:
                    "plain HTTP on \(options.httpAddress) shows every review and template to the network: "
                    + "want a loopback address, or --allow-plain-http")
        }
        let access = Access(
            isLocal: address.isLoopback, token: token,
            allowsInlineTemplates: address.isLoopback || options.enableInlineTemplates)
        let routes = routes(access)
        return try listener(
            .http, address, nil, routes.questions + (address.isLoopback ? routes.monitoring : routes.health),
            access)
    }

    private func monitoring(besides others: [Service.Listener]) throws(ServiceError) -> Service.Listener? {
        // The built-in configuration is for looking around: loopback serves monitoring already.
        let isLocalOnly = store.configuration.paths.isBuiltIn && certificates == nil
        guard options.monitoringPort >= 0, !(isLocalOnly && !others.isEmpty) else { return nil }
        let access = Access(isLocal: false)
        let address = SocketAddress.network(host: "", port: UInt16(clamping: options.monitoringPort))
        do throws(ServiceError) {
            return try listener(.monitoring, address, nil, routes(access).monitoring, access)
        } catch {
            guard certificates == nil, !others.isEmpty else { throw error }
            log.warning("monitoring is on plain HTTP only", [Member("error", .string(error.message))])
            return nil
        }
    }

    private func routes(_ access: Access) -> Routes {
        Routes(
            options: options, registry: registry, store: store, health: health, metrics: metrics,
            allowsInlineTemplates: access.allowsInlineTemplates)
    }

    private func listener(
        _ kind: Service.Listener.Kind, _ address: SocketAddress, _ tls: TLSOptions?, _ routes: [Route],
        _ access: Access
    ) throws(ServiceError) -> Service.Listener {
        var server = HTTPServer.Options(address: address)
        server.tls = tls
        if kind == .monitoring { server.threads = 1 }
        if options.workers > 0 { server.workers = options.workers }
        let router = Router(routes, access: access, observer: AccessLog(log: log, metrics: metrics))
        do throws(HTTPServerError) {
            let server = try HTTPServer(server, handler: router)
            return Service.Listener(
                kind: kind, server: server, address: url(address, tls != nil, server.port), router: router)
        } catch {
            throw ServiceError(message: error.message)
        }
    }

    private func url(_ address: SocketAddress, _ isSecure: Bool, _ port: UInt16) -> String {
        switch address {
        case .unix(let path): return "unix:\(path)"
        case .network(let host, _):
            let name = host.isEmpty ? "*" : host.contains(":") ? "[\(host)]" : host
            return "\(isSecure ? "https" : "http")://\(name):\(port)"
        }
    }
}
