import Glibc
import Injection
import PluginAPI
import Service
import Synchronization
import System
import Values

// Shared by several verbs: from options to a Snapshot.

let nativeSidecarsOption = Option(
    name: "nativeSidecars", shape: .choice(["true", "false", "auto"]), fallback: "false",
    help:
        "make the proxy an init container that keeps running; auto: if the cluster is 1.33 or later"
)

let podTemplatePathOption = Option(
    name: "podTemplatePath", shape: .list("KIND.GROUP=PATH"),
    help: "the path of the pod template in another kind: Rollout.argoproj.io=spec.template")

let templateEnvironmentOption = Option(
    name: "template-env", shape: .list("NAME"),
    help: "an environment variable that the template function env can read; all others are empty")

let impureFunctionsOption = Option(
    name: "allow-impure-functions", shape: .flag,
    help:
        "let your own templates, never those of a request, call sprig's functions of clock, chance, "
        + "certificates and network"
)

/// The behaviour if a pod's text changes the structure of a template's output.
let taintModeOption = Option(
    name: "template-taint", shape: .choice(["enforce", "report", "off"]),
    fallback: TaintMode.enforce.rawValue,
    help:
        "a pod whose text does not stay text in what a template makes of it is refused; or is injected with a "
        + "warning; or is not looked at", readsEnvironment: true)
let taintOptions = [
    taintModeOption,
    Option(
        name: "opaque-engines", shape: .choice(["allow", "refuse"]), fallback: "refuse",
        help:
            "whether templates may use an engine that does not say which output comes from the pod, although "
            + "--template-taint is enforce", readsEnvironment: true),
]

/// The options about OpenShift, which assigns each namespace its own ids. The proxy has to use these.
let platformOptions = [
    Option(
        name: "platform", shape: .value("NAME"),
        help: "openshift: the proxy uses the ids of its namespace; default: the environment's PLATFORM, "
            + "then global.platform of the values"),
    Option(
        name: "namespaceFile", shape: .list("FILE"),
        help: "namespaces with their annotations and labels, as kubectl get namespaces -o yaml prints "
            + "them; read once"),
]

/// The options about the forecast: whether an API server would accept injected pods.
let forecastOptions =
    [
        Option(
            name: "forecast", shape: .choice(["warn", "deny", "off"]), fallback: "warn",
            help:
                "if an API server would refuse the injected pod: warn, refuse it, or do not check"
        )
    ] + forecastLimitOptions

/// The options about the limits of namespaces, in addition to their Pod Security level.
let forecastLimitOptions = [
    Option(
        name: "limit-range", shape: .list("FILE"),
        help: "LimitRanges for the forecast, as kubectl get limitranges -A -o yaml prints them"),
    Option(
        name: "resource-quota", shape: .list("FILE"),
        help:
            "ResourceQuotas for the forecast, as kubectl get resourcequotas -A -o yaml prints them"
    ),
]

/// The environment variables that Istio's injector reads, in addition to flags.
private let settingsOfEnvironment = ["COMPLIANCE_POLICY", "PLATFORM"]

/// The options about further engines.
let pluginOptions = [
    Option(
        name: "pluginDir", shape: .value("FOLDER"),
        help: "a folder of shared libraries with more template engines", readsEnvironment: true),
    Option(
        name: "pluginIsolation", shape: .choice(["none", "wished", "process"]), fallback: "wished",
        help: "where loaded engines run: none: in this process; wished: as each engine asks; process: in "
            + "child processes",
        readsEnvironment: true),
]

/// Loads the engines of `--pluginDir`. A library that is refused is reported and skipped.
func loadedRenderers(_ arguments: Arguments) throws -> [any Renderer] {
    guard let folder = arguments.string("pluginDir") else { return [] }
    let isolation = arguments.choice("pluginIsolation")
    let loaded = DynamicRenderer.load(
        folder: folder, taken: StandardPlugins.ids,
        isolation: isolation.flatMap(PluginIsolation.init(rawValue:)) ?? .wished)
    for refusal in loaded.refusals { complain(refusal.description) }
    return loaded.renderers
}

/// Returns the engines. If the list is not valid, throws a `Failure` with the reason.
func registry(for arguments: Arguments) throws -> PluginRegistry {
    do {
        return try StandardPlugins.registry(loaded: loadedRenderers(arguments))
    } catch let error as PluginRegistryError {
        throw Failure(error.message)
    }
}

/// Reads a file and returns it with its name; nil for none.
func named(_ path: String?) throws -> NamedText? {
    try path.map { NamedText(name: $0, bytes: try read(file: $0)) }
}

/// Parses `--podTemplatePath`.
func podTemplatePaths(_ arguments: Arguments) throws -> [PodTemplatePath] {
    try arguments.list("podTemplatePath").map { text in
        guard let path = PodTemplatePath(text) else {
            throw UsageError(
                "--podTemplatePath is \"\(text)\", expected KIND.GROUP=PATH such as "
                    + "Rollout.argoproj.io=spec.template")
        }
        return path
    }
}

/// Returns the options for compiling snapshots, from the options that verbs share.
func injectionOptions(_ arguments: Arguments) throws -> InjectionOptions {
    var options = InjectionOptions()
    options.revision = arguments.string("revision") ?? ""
    options.nativeSidecars = arguments.choice("nativeSidecars") == "true"
    options.podTemplatePaths = try podTemplatePaths(arguments)
    for name in arguments.list("template-env") + settingsOfEnvironment {
        options.environment[name] = getenv(name).map { String(cString: $0) }
    }
    options.allowsImpureFunctions = try arguments.flag("allow-impure-functions")
    let taint = arguments.choice("template-taint")
    options.taint = taint.flatMap(TaintMode.init(rawValue:)) ?? .enforce
    options.allowsOpaqueEngines = arguments.choice("opaque-engines") == "allow"
    if let platform = arguments.string("platform") { options.environment["PLATFORM"] = platform }
    for path in arguments.list("namespaceFile") {
        do {
            try options.readNamespaces(NamedText(name: path, bytes: read(file: path)))
        } catch let error as ConfigurationError {
            throw Failure(error.description)
        }
    }
    if let mode = arguments.choice("forecast") {
        options.forecast = Forecast.Mode(rawValue: mode) ?? .warn
    }
    for path in arguments.list("limit-range") + arguments.list("resource-quota") {
        do {
            try options.readLimits(NamedText(name: path, bytes: read(file: path)))
        } catch let error as ConfigurationError {
            throw Failure(error.description)
        }
    }
    return options
}

/// Compiles a configuration. Warnings are printed to standard error; errors are thrown as a `Failure`.
///
/// - Parameter cacheBytes: nil is the default.
func compile(
    _ files: InjectionFiles, _ arguments: Arguments, nativeSidecars: Bool? = nil, cacheBytes: Int? = nil
) throws -> Snapshot {
    let options = try injectionOptions(arguments, nativeSidecars, cacheBytes)
    return try compile(files, registry(for: arguments), options)
}

private func injectionOptions(
    _ arguments: Arguments, _ nativeSidecars: Bool?, _ cacheBytes: Int? = nil
) throws -> InjectionOptions {
    var options = try injectionOptions(arguments)
    options.nativeSidecars = nativeSidecars ?? options.nativeSidecars
    if let cacheBytes { options.cacheBytes = cacheBytes }
    options.limits = .commandLine
    return options
}

private func compile(
    _ files: InjectionFiles, _ registry: PluginRegistry, _ options: InjectionOptions
) throws -> Snapshot {
    do throws(ConfigurationError) {
        let snapshot = try InjectionConfiguration.compile(files, registry: registry, options: options)
        for warning in snapshot.warnings { complain(warning.description) }
        return snapshot
    } catch {
        throw Failure(error.description)
    }
}

/// A Snapshot for each thread. If threads share one, they wait for each other's caches and reference counts, which costs a
/// tenth of the CPU time of two threads.
final class ThreadSnapshots: Sendable {
    private let compiled: Mutex<[Int: Snapshot]>
    private let first: Snapshot
    private let compile: @Sendable () -> Snapshot?

    /// Compiles the first; its warnings go to standard error, its errors end the run.
    init(_ files: InjectionFiles, _ arguments: Arguments, nativeSidecars: Bool?) throws {
        let options = try injectionOptions(arguments, nativeSidecars)
        let registry = try registry(for: arguments)
        let first = try pillion.compile(files, registry, options)
        self.first = first
        compile = { try? InjectionConfiguration.compile(files, registry: registry, options: options) }
        compiled = Mutex([0: first])
    }

    /// Returns the Snapshot of a thread, which is compiled at its first use.
    subscript(thread: Int) -> Snapshot {
        if let snapshot = compiled.withLock({ $0[thread] }) { return snapshot }
        let snapshot = compile() ?? first
        compiled.withLock { $0[thread] = snapshot }
        return snapshot
    }
}
