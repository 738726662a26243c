import Glibc
import Injection
import PluginAPI
import Service
import Values

let serveVerb = Verb(
    name: "serve", summary: "serve /decide, /render and /inject",
    discussion: """
        Without a configuration, and where the default file is not there, a built-in one is served. Plain HTTP listens
        on loopback; HTTPS is served where a certificate is. A port of -1 is off. SIGHUP reads the configuration again,
        SIGTERM ends after the requests that are under way.
        """,
    options: configurationOptions + pluginOptions + listenerOptions + limitOptions + operationOptions
        + compatibilityOptions,
    examples: [
        ("pillion serve", "serves the built-in configuration on http://127.0.0.1:8080"),
        (
            "pillion serve --injectConfig config --injectValues values --meshConfig mesh --port -1",
            "serves a configuration of Istio's over plain HTTP"
        ),
    ],
    run: { arguments in
        var options = ServeOptions()
        try configure(&options, arguments)
        try listen(&options, arguments)
        try limit(&options, arguments)
        try operate(&options, arguments)
        return ExitStatus(code: Service.run(options))
    })

// MARK: configuration

private let configurationOptions = [
    Option(
        name: "injectConfig", shape: .value("FILE"), fallback: "/etc/istio/inject/config",
        help: "the injection configuration", readsEnvironment: true),
    Option(
        name: "injectValues", shape: .value("FILE"), fallback: "/etc/istio/inject/values",
        help: "what templates see as .Values", readsEnvironment: true),
    Option(
        name: "meshConfig", shape: .value("FILE"), fallback: "/etc/istio/config/mesh",
        help: "the mesh configuration", readsEnvironment: true),
    Option(
        name: "revision", shape: .value("NAME"), fallback: "", help: "the revision that is served",
        readsEnvironment: true),
    nativeSidecarsOption, podTemplatePathOption, templateEnvironmentOption,
]

private func configure(_ options: inout ServeOptions, _ arguments: Arguments) throws {
    if arguments.isGiven("injectConfig") { options.injectConfig = arguments.string("injectConfig") }
    if arguments.isGiven("injectValues") { options.injectValues = arguments.string("injectValues") }
    if arguments.isGiven("meshConfig") { options.meshConfig = arguments.string("meshConfig") }
    options.injection = try injectionOptions(arguments)
    options.loadedRenderers = try loadedRenderers(arguments)
}

// MARK: listeners

private let listenerOptions = [
    Option(
        name: "port", shape: .value("N"), fallback: "9443", help: "HTTPS, on every address",
        readsEnvironment: true),
    Option(
        name: "tlsCertFile", shape: .value("FILE"), fallback: "/etc/istio/certs/cert-chain.pem",
        help: "the certificate with its chain, PEM", readsEnvironment: true),
    Option(
        name: "tlsKeyFile", shape: .value("FILE"), fallback: "/etc/istio/certs/key.pem", help: "its key, PEM",
        readsEnvironment: true),
    Option(
        name: "tls-min-version", shape: .value("1.2|1.3"), fallback: "1.2",
        help: "the oldest TLS that is spoken",
        readsEnvironment: true),
    Option(
        name: "clientCAFile", shape: .value("FILE"),
        help: "callers of /inject must have a certificate of this CA", readsEnvironment: true),
    Option(name: "clientCN", shape: .list("NAME"), help: "and bear one of these names"),
    Option(
        name: "httpAddress", shape: .value("ADDRESS"), fallback: "127.0.0.1",
        help: "plain HTTP: an address, or unix:PATH", readsEnvironment: true),
    Option(
        name: "httpPort", shape: .value("N"), fallback: "8080", help: "plain HTTP", readsEnvironment: true),
    Option(
        name: "allow-plain-http", shape: .flag,
        help:
            "serve plain HTTP on an address that others reach, which shows them everything that is asked and answered"
    ),
    Option(
        name: "monitoringPort", shape: .value("N"), fallback: "15014", help: "metrics, health and version",
        readsEnvironment: true),
    Option(
        name: "enableInlineTemplates", shape: .flag,
        help: "let callers beyond loopback send templates of their own to /render", readsEnvironment: true),
    Option(
        name: "authTokenFile", shape: .value("FILE"),
        help: "the bearer token that callers of /render and /decide beyond loopback must send",
        readsEnvironment: true),
]

private func listen(_ options: inout ServeOptions, _ arguments: Arguments) throws {
    let ports = -1...65_535
    options.port = try arguments.int("port", in: ports) ?? options.port
    options.httpPort = try arguments.int("httpPort", in: ports) ?? options.httpPort
    options.monitoringPort = try arguments.int("monitoringPort", in: ports) ?? options.monitoringPort
    options.httpAddress = arguments.string("httpAddress") ?? options.httpAddress
    options.allowsPlainHTTP = try arguments.flag("allow-plain-http")
    if arguments.isGiven("tlsCertFile") { options.tlsCertFile = arguments.string("tlsCertFile") }
    if arguments.isGiven("tlsKeyFile") { options.tlsKeyFile = arguments.string("tlsKeyFile") }
    options.tlsMinimumVersion = try arguments.choice("tls-min-version", of: ["1.2", "1.3"]) ?? "1.2"
    options.clientCAFile = arguments.string("clientCAFile")
    options.clientNames = arguments.list("clientCN")
    options.enableInlineTemplates = try arguments.flag("enableInlineTemplates")
    options.authTokenFile = arguments.string("authTokenFile")
}

// MARK: limits

private let limitOptions = [
    Option(
        name: "max-template-steps", shape: .value("N"), fallback: "1000000",
        help: "instructions of one rendering",
        readsEnvironment: true),
    Option(
        name: "max-output-bytes", shape: .value("N"), fallback: "10485760",
        help: "bytes that one rendering writes",
        readsEnvironment: true),
    Option(
        name: "max-depth", shape: .value("N"), fallback: "100", help: "templates within templates",
        readsEnvironment: true),
    Option(
        name: "max-range-items", shape: .value("N"), fallback: "100000", help: "rounds of one loop",
        readsEnvironment: true),
    Option(
        name: "max-function-bytes", shape: .value("N"), fallback: "3145728",
        help: "bytes that one function builds",
        readsEnvironment: true),
    Option(
        name: "max-review-bytes", shape: .value("N"), fallback: "7340032", help: "the body of /inject",
        readsEnvironment: true),
    Option(
        name: "max-request-bytes", shape: .value("N"), fallback: "3145728",
        help: "the body of everything else",
        readsEnvironment: true),
    Option(
        name: "request-budget", shape: .value("DURATION"), fallback: "2s",
        help: "how long a review may take, unless the caller's timeout leaves less", readsEnvironment: true),
    Option(
        name: "max-in-flight", shape: .value("N"), fallback: "0",
        help: "answers that are worked on at once; 0 is the number of processors", readsEnvironment: true),
]

private func limit(_ options: inout ServeOptions, _ arguments: Arguments) throws {
    let counts = 1...Int(Int32.max)
    for (name, path) in [
        ("max-template-steps", \RenderLimits.steps), ("max-output-bytes", \RenderLimits.outputBytes),
        ("max-depth", \RenderLimits.depth), ("max-range-items", \RenderLimits.rangeItems),
        ("max-function-bytes", \RenderLimits.functionBytes),
    ] where arguments.isGiven(name) {
        guard let value = try arguments.int(name, in: counts) else { continue }
        options.renderLimits[keyPath: path] = value
        options.injection.limits[keyPath: path] = value
    }
    options.maxReviewBytes = try arguments.int("max-review-bytes", in: counts) ?? options.maxReviewBytes
    options.maxRequestBytes = try arguments.int("max-request-bytes", in: counts) ?? options.maxRequestBytes
    options.workers = try arguments.int("max-in-flight", in: 0...4_096) ?? options.workers
    if let seconds = try arguments.duration("request-budget") {
        options.requestBudgetMilliseconds = Int(seconds * 1_000)
    }
}

// MARK: operation

private let operationOptions = [
    Option(
        name: "failure-mode", shape: .value("allow|deny"), fallback: "deny",
        help: "how a review is answered that fails", readsEnvironment: true),
    Option(
        name: "failure-mode-for", shape: .list("NAMESPACE=MODE"),
        help: "the same for namespaces, with * for any text; the first that matches holds"),
    Option(
        name: "own-namespace", shape: .value("NAME"), fallback: "",
        help: "where this server runs: its pods are never refused", readsEnvironment: true),
    Option(
        name: "patch-self-check", shape: .value("always|off"), fallback: "off",
        help: "apply each patch and inject again before it is answered", readsEnvironment: true),
    Option(
        name: "healthCheckInterval", shape: .value("DURATION"), fallback: "0s",
        help: "how often the health file is touched; 0 is never", readsEnvironment: true),
    Option(
        name: "healthCheckFile", shape: .value("FILE"), fallback: "", help: "the health file",
        readsEnvironment: true),
    Option(
        name: "shutdown-delay", shape: .value("DURATION"), fallback: "0s",
        help: "between the end of readiness and the end of listening", readsEnvironment: true),
    Option(
        name: "log-format", shape: .value("text|json"),
        help: "text on a terminal and json elsewhere by default",
        readsEnvironment: true),
    Option(name: "log_as_json", shape: .flag, help: "as --log-format json"),
    Option(
        name: "log_output_level", shape: .value("LEVELS"),
        help: "as --log-level, in Istio's spelling: what it says of the scope default holds"),
    Option(
        name: "log-level", shape: .value("debug|info|warning|error"), fallback: "info",
        help: "what is logged",
        readsEnvironment: true),
]

private func operate(_ options: inout ServeOptions, _ arguments: Arguments) throws {
    if let mode = try arguments.choice("failure-mode", of: ["allow", "deny"]).flatMap(
        ServeOptions.FailureMode.init(rawValue:))
    {
        options.failureMode = mode
    }
    options.failureModes = try arguments.pairs("failure-mode-for").map { pair in
        guard let mode = ServeOptions.FailureMode(rawValue: pair.value) else {
            throw UsageError("--failure-mode-for \(pair.key) is \"\(pair.value)\", want allow or deny")
        }
        return (pair.key, mode)
    }
    options.ownNamespace = arguments.string("own-namespace") ?? ""
    options.selfCheck = try arguments.choice("patch-self-check", of: ["always", "off"]) == "always"
    options.healthCheckInterval = try arguments.duration("healthCheckInterval") ?? 0
    options.healthCheckFile = arguments.string("healthCheckFile") ?? ""
    options.shutdownDelay = try arguments.duration("shutdown-delay") ?? 0
    options.logFormat = try arguments.choice("log-format", of: ["text", "json"]).flatMap(
        ServeOptions.LogFormat.init(rawValue:))
    if try arguments.flag("log_as_json") { options.logFormat = .json }
    options.logLevel = try logLevel(arguments)
}

/// `--log-level`, else what `--log_output_level` says of the scope `default` (or of no scope): `default:debug`.
private func logLevel(_ arguments: Arguments) throws -> LogLevel {
    let name = try arguments.choice("log-level", of: ["debug", "info", "warning", "error"]) ?? "info"
    if !arguments.isGiven("log-level"), let levels = arguments.string("log_output_level") {
        for level in levels.split(separator: ",") {
            let parts = level.split(separator: ":").map(String.init)
            guard parts.count == 1 || parts.first == "default" || parts.first == "all" else { continue }
            guard let found = LogLevel(name: parts.last ?? "") else {
                throw UsageError(
                    "--log_output_level is \"\(levels)\", want SCOPE:debug, info, warn, error or none")
            }
            return found
        }
    }
    return LogLevel(name: name) ?? .info
}

// MARK: compatibility

/// Flags that Istio's stand-alone injector had and that mean nothing here.
private let compatibilityOptions: [Option] =
    [
        ("caCertFile", "FILE"), ("kubeconfig", "FILE"), ("webhookConfigName", "NAME"),
        ("webhookName", "NAME"),
        ("log_target", "PATH"), ("log_caller", "SCOPES"),
        ("log_stacktrace_level", "LEVELS"), ("log_rotate", "PATH"), ("log_rotate_max_age", "DAYS"),
        ("log_rotate_max_backups", "N"), ("log_rotate_max_size", "MB"),
    ].map { Option(name: $0.0, shape: .value($0.1), help: "", isIgnored: true) } + [
        Option(name: "reconcileWebhookConfig", shape: .flag, help: "", isIgnored: true)
    ]
