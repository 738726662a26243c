import Charts
import HTTPServer
import PluginAPI
import Values

/// Every path that is served, in groups from which listeners choose. The OpenAPI contract lists the same paths; a test
/// compares both.
struct Routes: Sendable {
    /// The routes about templates and pods.
    let questions: [Route]
    /// The routes about the server itself.
    let monitoring: [Route]
    /// The monitoring routes that report whether the server is live and ready.
    let health: [Route]
    /// The page's files. They need no token; the requests of the page do.
    let page: [Route]

    /// The labels of all routes.
    static let labels = [
        "/render", "/decide", "/scan", "/inject", "/engines", "/functions", "/reasons", "/openapi.yaml",
        "/openapi.json",
        "/livez", "/readyz", "/healthz", "/metrics", "/version", "/debug/config",
        "/debug/inject", "/debug/mesh", "/debug/policy", "/", "/page/", "/page/start.json",
    ]

    /// The body limit of a request that needs no body, in bytes.
    private static let noBody = 4 << 10
    /// The body limit of a packaged chart with its values and the overhead of a form, in bytes.
    private static let archiveBody = ChartLimits().archiveBytes + ChartLimits().valuesBytes + (64 << 10)

    /// - Parameter allowsInlineTemplates: whether /render accepts templates and charts in requests.
    init(
        options: ServeOptions, registry: PluginRegistry, store: SnapshotStore, templates: TemplateFolder?,
        charts: ChartStore?, health: Health, metrics: ServiceMetrics, allowsInlineTemplates: Bool
    ) {
        func get(_ path: String, _ handler: any Handler) -> Route {
            Route(path: path, method: "GET", label: path, bodyLimit: Self.noBody, handler: handler)
        }
        var context = RenderRequest.Context(registry: registry, limits: options.renderLimits)
        context.cache = TemplateCache()
        let render = RenderHandler(
            context: context, templates: templates, charts: charts,
            milliseconds: options.renderMilliseconds,
            allowsInlineTemplates: allowsInlineTemplates)
        var questions = [
            Route(
                path: "/render", method: "POST", label: "/render", bodyLimit: options.maxRequestBytes,
                archiveLimit: allowsInlineTemplates ? Self.archiveBody : nil,
                concern: .question, handler: render),
            Route(
                path: "/decide", method: "POST", label: "/decide", bodyLimit: options.maxRequestBytes,
                concern: .question,
                handler: DecideHandler(store: store, milliseconds: options.renderMilliseconds)),
            Route(
                path: "/scan", method: "POST", label: "/scan", bodyLimit: options.maxRequestBytes,
                concern: .question, handler: ScanHandler(store: store)),
            get("/engines", ConstantHandler { Catalogue.engines(registry) }),
            get("/functions", ConstantHandler { Catalogue.functions(registry) }),
            get("/reasons", ConstantHandler { Catalogue.reasons() }),
            get("/openapi.yaml", OpenAPIHandler(asJSON: false)),
            get("/openapi.json", OpenAPIHandler(asJSON: true)),
        ]
        if options.isInjectionEnabled {
            let inject = InjectHandler(store: store, options: options, metrics: metrics)
            for path in ["/inject", "/inject/"] {
                questions.append(
                    Route(
                        path: path, method: "POST", label: "/inject", bodyLimit: options.maxReviewBytes,
                        concern: .review, handler: inject))
            }
        }
        self.questions = questions
        self.health = [
            get("/livez", HealthHandler(health: health, asksReadiness: false)),
            get("/readyz", HealthHandler(health: health, asksReadiness: true)),
            get("/healthz", HealthHandler(health: health, asksReadiness: false)),
        ]
        monitoring =
            self.health + [
                get("/metrics", MetricsHandler(metrics: metrics)),
                get("/version", ConstantHandler { BuildInformation.value }),
                get(
                    "/debug/config",
                    DebugConfigHandler(
                        store: store, templates: templates, limits: options.renderLimits)),
                get("/debug/inject", DebugInjectHandler(store: store)),
                get("/debug/mesh", DebugMeshHandler(store: store)),
                get("/debug/policy", DebugPolicyHandler(store: store)),
            ]
        let start = options.pageStart?.json ?? .object(Object())
        func file(_ path: String) -> Route {
            var route = get(path, PageHandler())
            route.concern = .page
            return route
        }
        // start.json contains the user's manifest: only the page itself reads it.
        page = [
            file("/"), get("/page/start.json", ConstantHandler { start }), file(PageHandler.folder),
        ]
    }
}
