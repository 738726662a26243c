import HTTPServer
import Injection
import PluginAPI
import Service
import Values

let serveVerb = Verb(
    name: "serve", summary: "serve /decide, /render and /inject",
    discussion: """
        Serves a built-in configuration if no file is given and the default file does not exist. Plain HTTP listens on
        loopback. HTTPS is on if there is a certificate. A port of -1 disables a listener. SIGHUP reloads the
        configuration, SIGTERM ends the server after pending requests.
        """,
    options: serveGroups.flatMap { group in
        group.settings.flatMap(\.options).map { option in
            var option = option
            option.group = group.name
            option.isRare = !usualOptions.contains(option.name)
            return option
        }
    } + compatibilityOptions,
    examples: [
        ("pillion serve", "serve the built-in configuration on http://127.0.0.1:8080"),
        (
            "pillion serve --injectConfig config --injectValues values --meshConfig mesh --port -1",
            "serve a configuration of Istio over plain HTTP"
        ),
    ],
    run: { arguments in
        var options = ServeOptions()
        for setting in serveSettings { try setting.apply(&options, arguments) }
        return ExitStatus(code: Service.run(options))
    })

/// All options of `serve`, in the order of help. Options that others depend on come first.
private let serveGroups: [(name: String, settings: [Setting])] = [
    ("configuration", configurationSettings), ("cluster", clusterSettings), ("listeners", listenerSettings),
    ("callers", callerSettings), ("limits", limitSettings), ("failures", failureSettings),
    ("operation", operationSettings),
]

private var serveSettings: [Setting] { serveGroups.flatMap(\.settings) }

/// The options that `--help` shows: those that most installations set.
private let usualOptions: Set<String> = [
    "injectConfig", "injectValues", "meshConfig", "revision", "nativeSidecars", "templates", "charts",
    "injectConfigMap", "meshConfigMap", "tlsAuto", "reconcileWebhookConfig", "webhookConfigName",
    "webhookName",
    "port", "tlsCertFile", "tlsKeyFile", "httpAddress", "httpPort", "monitoringPort",
    "clientCAFile", "authTokenFile", "allow-unauthenticated",
    "max-output-bytes", "max-review-bytes", "request-budget",
    "failure-mode", "failure-mode-for", "own-namespace",
    "shutdown-delay", "log-format", "log-level",
]

let configurationSettings: [Setting] = [
    Setting(
        [
            Option(
                name: "revision", shape: .value("NAME"), fallback: "", help: "the revision to serve"),
            nativeSidecarsOption, podTemplatePathOption, templateEnvironmentOption, impureFunctionsOption,
        ] + platformOptions + forecastOptions + taintOptions
    ) { options, arguments in
        options.injection = try injectionOptions(arguments)
        options.cluster.nativeSidecarsOfNodes = arguments.string("nativeSidecars") == "auto"
    },
    Setting(pluginOptions) { options, arguments in
        options.loadedRenderers = try loadedRenderers(arguments)
    },
    .file(
        "injectConfig", \.injectConfig, default: ServeOptions.defaultConfiguration,
        "the injection configuration"),
    .file(
        "injectValues", \.injectValues, default: ServeOptions.defaultValues,
        "the values: .Values in "
            + "templates"),
    .file("meshConfig", \.meshConfig, default: ServeOptions.defaultMesh, "the mesh configuration"),
    .flag(
        "allow-privileged-template", \.allowsPrivilegedTemplates,
        "use a configuration whose template gives pods privileged containers or the host's namespaces or "
            + "paths, even when remote clients can connect"),
    .file(
        "templates", \.templatesFolder,
        "a folder of templates that requests to /render can name: NAME.tmpl, or NAME.ENGINE"),
    .file(
        "charts", \.chartsFolder,
        "a folder of charts that requests to /render can name: folders, or NAME.tgz"),
    .flag("injectEnabled", \.isInjectionEnabled, "serve /inject").alsoReading("INJECT_ENABLED"),
]

private let listenerSettings: [Setting] = [
    .text(
        "address", "ADDRESS,…", \.address,
        "HTTPS: numeric addresses; default: all addresses, IPv4 and IPv6"),
    .port("port", \.port, "HTTPS"),
    .file(
        "tlsCertFile", \.tlsCertFile, default: ServeOptions.defaultCertificate,
        "the certificate with its chain, PEM"),
    .file("tlsKeyFile", \.tlsKeyFile, default: ServeOptions.defaultKey, "its key, PEM"),
    .choice("tls-min-version", \.tlsMinimumVersion, "the oldest TLS version to accept"),
    Setting([
        Option(
            name: "tls-cipher-suites", shape: .list("NAME,…"),
            help: "accept only these cipher suites, by IANA name such as "
                + "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384; in TLS 1.3 those with the same ciphers")
    ]) { options, arguments in
        options.tlsCipherSuites = arguments.list("tls-cipher-suites").flatMap {
            $0.split(byte: ",").map(String.init)
        }
    },
    .text("httpAddress", "ADDRESS,…", \.httpAddress, "plain HTTP: numeric addresses and unix:PATH"),
    .port("httpPort", \.httpPort, "plain HTTP"),
    Setting([
        Option(
            name: "httpSocketMode", shape: .value("MODE"), fallback: "600",
            help: "the mode of the socket unix:PATH, in octal")
    ]) { options, arguments in
        guard let mode = arguments.string("httpSocketMode").flatMap({ Int($0, radix: 8) }),
            (0...0o777).contains(mode)
        else { throw UsageError("--httpSocketMode is not a mode: expected three octal digits such as 660") }
        options.socketMode = mode
    },
    .flag(
        "allow-plain-http", \.allowsPlainHTTP,
        "serve plain HTTP on an address that remote clients can reach; anyone on the network can then "
            + "read all requests and responses"
    ),
    .text(
        "monitoringAddress", "ADDRESS,…", \.monitoringAddress, "metrics, health, version and debugging"),
    .port("monitoringPort", \.monitoringPort, "metrics, health, version and debugging"),
    Setting([
        Option(
            name: "ui", shape: .flag,
            help: "serve the page at /: true on every listener but monitoring, false on none; without it on "
                + "loopback and unix sockets")
    ]) { options, arguments in
        guard arguments.isGiven("ui") else { return }
        options.pageListeners = try arguments.flag("ui") ? .all : .none
    },
    Setting([]) { options, arguments in
        options.isMonitoringGiven = arguments.isGiven("monitoringPort") && options.monitoringPort >= 0
    },
]

private let callerSettings: [Setting] = [
    .file("clientCAFile", \.clientCAFile, "clients of /inject need a certificate of this CA, PEM"),
    .texts(
        "clientCN", "NAME", \.clientNames,
        "and it must have one of these names, as common name or DNS "
            + "name"),
    .file(
        "authTokenFile", \.authTokenFile,
        "the bearer token that remote clients of /render and /decide must send"),
    .flag(
        "allow-unauthenticated", \.allowsUnauthenticated,
        "let anyone who can connect to HTTPS use /render and /decide without a token"),
    .texts(
        "allowed-hosts", "NAME", \.allowedHosts,
        "a name to accept in Host on a loopback address, such as that of a proxy in front"),
    .flag(
        "enableInlineTemplates", \.enableInlineTemplates,
        "let remote clients send their own templates to /render"),
]

private let limitSettings: [Setting] =
    RenderLimit.allCases.map(renderLimit) + [
        .number("max-review-bytes", \.maxReviewBytes, "the body of /inject"),
        .number("max-request-bytes", \.maxRequestBytes, "the body of all other requests"),
        .number(
            "max-body-memory", \.maxBodyMemory, in: (16 << 20)...(1 << 40),
            "bytes of all large bodies in memory; more of them wait"),
        .number(
            "max-work-memory", \.maxWorkMemory, in: (16 << 20)...(1 << 40),
            "bytes that all decoding and rendering holds, with the responses being sent; more work waits"),
        .number(
            "max-memory", \.maxMemory, in: 0...(1 << 40),
            "resident bytes of the process above which new work is refused; 0: no limit"),
        .duration(
            "max-render-time", milliseconds: \.renderMilliseconds,
            "the time limit of a rendering, a decision and a manifest"),
        .duration(
            "request-budget", milliseconds: \.requestBudgetMilliseconds,
            "the time limit of a review, unless the caller's timeout is shorter"),
        .number(
            "cacheBytes", \.injection.cacheBytes, in: 0...(1 << 40),
            "memory of the caches for reviews; 0: no caches"),
        .number(
            "max-in-flight", \.workers, in: 0...4_096,
            "slow requests that run at once; 0: the number of processors"),
    ]

/// The setting of a limit, for templates of requests and of the configuration.
private func renderLimit(_ limit: RenderLimit) -> Setting {
    let fallback = String(ServeOptions().renderLimits[limit])
    return Setting([
        Option(name: limit.option, shape: .value("N"), fallback: fallback, help: limit.help)
    ]) { options, arguments in
        guard arguments.isGiven(limit.option),
            let value = try arguments.int(limit.option, in: 1...Int(Int32.max))
        else { return }
        options.renderLimits[limit] = value
        options.injection.limits[limit] = value
    }
}

private let failureSettings: [Setting] = [
    .choice("failure-mode", \.failureMode, "the answer to a review that fails"),
    Setting([
        Option(
            name: "failure-mode-for", shape: .list("NAMESPACE=MODE"),
            help: "the same for a namespace, with * for any text; the first match applies")
    ]) { options, arguments in
        options.failureModes = try arguments.pairs("failure-mode-for").map { pair in
            guard let mode = ServeOptions.FailureMode(rawValue: pair.value) else {
                throw UsageError(
                    "--failure-mode-for \(pair.key) is \"\(pair.value)\", expected allow or deny")
            }
            return (pair.key, mode)
        }
    },
    .text(
        "own-namespace", "NAME", \.ownNamespace,
        "the namespace of this server: its pods are never "
            + "refused"
    ).alsoReading("POD_NAMESPACE"),
    Setting([
        Option(
            name: "never-block", shape: .list("NAMESPACE"),
            fallback: ServeOptions().neverBlocked.joined(separator: ","),
            help: "namespaces whose pods are never refused, with * for any text")
    ]) { options, arguments in
        if arguments.isGiven("never-block") { options.neverBlocked = arguments.list("never-block") }
    },
    Setting([
        Option(
            name: "patch-self-check", shape: .value("always|sample:N|off"), fallback: "off",
            help: "apply each patch, or each Nth, and inject the result again before the response")
    ]) { options, arguments in
        let text = arguments.string("patch-self-check") ?? ""
        guard let check = ServeOptions.SelfCheck(text) else {
            throw UsageError("--patch-self-check is \"\(text)\", expected always, sample:N or off")
        }
        options.selfCheck = check
    },
]

private let operationSettings: [Setting] = [
    .duration(
        "healthCheckInterval", seconds: \.healthCheckInterval,
        "how often the health file is touched; 0: never"),
    .text("healthCheckFile", "FILE", \.healthCheckFile, "the health file"),
    .duration(
        "shutdown-delay", seconds: \.shutdownDelay, "the time between unready and the end of listening"),
    Setting([
        Option(
            name: "log-format", shape: .choice(["text", "json"]),
            help: "default: text on a terminal, otherwise json"),
        Option(name: "log_as_json", shape: .flag, help: "the same as --log-format json"),
    ]) { options, arguments in
        options.logFormat = arguments.choice("log-format")
            .flatMap(ServeOptions.LogFormat.init(rawValue:))
        if try arguments.flag("log_as_json") { options.logFormat = .json }
    },
    Setting([
        Option(
            name: "log-level", shape: .value("LEVEL,SCOPE:LEVEL,…"), fallback: "info",
            help: "the level of the log: debug, info, warning, error or none; also by scope: "
                + LogScope.allCases.map(\.rawValue).joined(separator: ", ")),
        Option(
            name: "log_output_level", shape: .value("SCOPE:LEVEL,…"),
            help: "the same with Istio's spelling and scopes"),
    ]) { options, arguments in
        let isOfIstio = !arguments.isGiven("log-level") && arguments.isGiven("log_output_level")
        let name = isOfIstio ? "log_output_level" : "log-level"
        let text = arguments.string(name) ?? "info"
        do throws(ServiceError) {
            options.logLevels = isOfIstio ? try LogLevels(istio: text) : try LogLevels(parsing: text)
        } catch {
            throw UsageError("--\(name): \(error.message)")
        }
    },
]

/// The flags of Istio's stand-alone injector that have no meaning here.
private let compatibilityOptions: [Option] =
    [
        ("log_target", "PATH"), ("log_caller", "SCOPES"),
        ("log_stacktrace_level", "LEVELS"), ("log_rotate", "PATH"), ("log_rotate_max_age", "DAYS"),
        ("log_rotate_max_backups", "N"), ("log_rotate_max_size", "MB"),
    ].map { Option(name: $0.0, shape: .value($0.1), help: "", isIgnored: true) }
