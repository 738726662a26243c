import HTTPServer
import PluginAPI
import Values

/// Starts the listeners that `ServeOptions` requests, each with its routes and access rules.
///
/// | listener | routes | address |
/// | --- | --- | --- |
/// | https | questions, health; with `--ui` the page | every address |
/// | http | questions; on loopback monitoring and the page too | `--httpAddress` |
/// | monitoring | monitoring | every address; not with the built-in configuration |
struct ListenerStarter {
    let options: ServeOptions
    let registry: PluginRegistry
    let store: SnapshotStore
    let health: Health
    let certificates: Certificates?
    let clientAuthority: ClientAuthority?
    let token: BearerToken?
    let templates: TemplateFolder?
    let charts: ChartStore?
    let metrics: ServiceMetrics
    let log: Log
    let budgets: ServerBudgets

    func start() throws(ServiceError) -> [Service.Listener] {
        var listeners: [Service.Listener] = []
        do throws(ServiceError) {
            try https(&listeners)
            try plain(&listeners)
            try monitoring(&listeners)
        } catch {
            for listener in listeners { listener.server.stop() }
            throw error
        }
        guard !listeners.isEmpty else {
            throw ServiceError(
                message: "nothing is served: expected --httpPort, or --port with a certificate")
        }
        return listeners
    }

    private func https(_ listeners: inout [Service.Listener]) throws(ServiceError) {
        guard options.port >= 0, let certificates else { return }
        var tls = TLSOptions(credentials: certificates.credentials)
        tls.minimum = options.tlsMinimumVersion
        do throws(HTTPServerError) {
            tls.suites = try TLSCipherSuites(options.tlsCipherSuites, minimum: tls.minimum)
        } catch {
            throw ServiceError(message: "--tls-cipher-suites: \(error.message)")
        }
        tls.asksClient = clientAuthority != nil
        let access = Access(
            isLocal: false, clientAuthority: clientAuthority?.authority, clientNames: options.clientNames,
            token: token, allowsUnauthenticated: options.allowsUnauthenticated,
            allowsInlineTemplates: options.enableInlineTemplates)
        sayWhatIsOpen(access)
        let routes = routes(access)
        for address in Self.addresses(options.address, port: options.port) {
            listeners.append(
                try listener(
                    .https, address, tls, routes.questions + routes.health + page(routes, access), access))
        }
    }

    private func sayWhatIsOpen(_ access: Access) {
        if access.clientAuthority == nil {
            log.info(
                "anyone who can connect to HTTPS may call /inject: --clientCAFile would require a certificate",
                in: .tls)
        }
        if access.token == nil, access.allowsUnauthenticated {
            log.warning("anyone who can connect to HTTPS may call /decide and /render", in: .tls)
        }
    }

    private func plain(_ listeners: inout [Service.Listener]) throws(ServiceError) {
        for address in Self.addresses(options.httpAddress, port: options.httpPort) {
            guard address.isLoopback || options.allowsPlainHTTP else {
                throw ServiceError(
                    message:
                        "plain HTTP on \(address.text) shows every review and template to the network: "
                        + "expected a loopback address, or --allow-plain-http")
            }
            let access = Access(
                isLocal: address.isLoopback, localCaller: localCaller(at: address), token: token,
                allowsUnauthenticated: true,
                allowsInlineTemplates: address.isLoopback || options.enableInlineTemplates)
            let routes = routes(access)
            listeners.append(
                try listener(
                    .http, address, nil,
                    routes.questions + (address.isLoopback ? routes.monitoring : routes.health)
                        + page(routes, access), access))
        }
    }

    private func page(_ routes: Routes, _ access: Access) -> [Route] {
        switch options.pageListeners {
        case .none: []
        case .local: access.isLocal ? routes.page : []
        case .all: routes.page
        }
    }

    private func localCaller(at address: SocketAddress) -> LocalCaller? {
        guard case .network = address, address.isLoopback else { return nil }
        return LocalCaller(allowedHosts: options.allowedHosts.map { $0.lowercased() })
    }

    private func monitoring(_ listeners: inout [Service.Listener]) throws(ServiceError) {
        // The built-in configuration is for trying the program: loopback serves monitoring already.
        let isLocalOnly = store.configuration.paths.isBuiltIn && certificates == nil
        guard !(isLocalOnly && !listeners.isEmpty) || options.isMonitoringGiven else { return }
        let access = Access(isLocal: false)
        for address in Self.addresses(options.monitoringAddress, port: options.monitoringPort) {
            do throws(ServiceError) {
                listeners.append(
                    try listener(.monitoring, address, nil, routes(access).monitoring, access))
            } catch {
                guard certificates == nil, !listeners.isEmpty, !options.isMonitoringGiven else { throw error }
                log.warning(
                    "monitoring is on plain HTTP only", [Member("error", .string(error.message))])
            }
        }
    }

    /// Parses addresses separated by commas; an empty text is every address of the machine. With the port -1, only
    /// sockets in the file system are returned.
    static func addresses(_ text: String, port: Int) -> [SocketAddress] {
        let texts = text.split(byte: ",").map(String.init)
        return (texts.isEmpty ? [""] : texts).compactMap { text in
            if text.begins(with: "unix:") { return .unix(path: String(text.dropFirst("unix:".count))) }
            guard port >= 0 else { return nil }
            let isBracketed = text.begins(with: "[") && text.ends(with: "]")
            let host = isBracketed ? String(text.dropFirst().dropLast()) : text
            return .network(host: host, port: UInt16(clamping: port))
        }
    }

    private func routes(_ access: Access) -> Routes {
        Routes(
            options: options, registry: registry, store: store, templates: templates,
            charts: charts, health: health,
            metrics: metrics, allowsInlineTemplates: access.allowsInlineTemplates)
    }

    private func listener(
        _ kind: Service.Listener.Kind, _ address: SocketAddress, _ tls: TLSOptions?, _ routes: [Route],
        _ access: Access
    ) throws(ServiceError) -> Service.Listener {
        var server = HTTPServer.Options(address: address)
        server.tls = tls
        server.budgets = budgets
        server.socketMode = UInt32(options.socketMode)
        if kind == .monitoring { server.threads = 1 }
        server.descriptorShare = descriptorShare(kind)
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

    /// The share of file descriptors: a small one for monitoring; the other listeners share the rest equally.
    private func descriptorShare(_ kind: Service.Listener.Kind) -> Double {
        let monitoring = options.monitoringPort >= 0 ? 0.125 : 0
        guard kind != .monitoring else { return monitoring }
        let hasHTTPS = options.port >= 0 && certificates != nil
        let hasHTTP = options.httpPort >= 0 || options.httpAddress.begins(with: "unix:")
        return (1 - monitoring) / (hasHTTPS && hasHTTP ? 2 : 1)
    }

    private func url(_ address: SocketAddress, _ isSecure: Bool, _ port: UInt16) -> String {
        switch address {
        case .unix: return address.text
        case .network(let host, _):
            let name = host.isEmpty ? "*" : host.contains(byte: ":") ? "[\(host)]" : host
            return "\(isSecure ? "https" : "http")://\(name):\(port)"
        }
    }
}

extension SocketAddress {
    /// The address in the syntax of `--httpAddress`.
    fileprivate var text: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .network(let host, _): host.isEmpty ? "every address" : host
        }
    }
}
