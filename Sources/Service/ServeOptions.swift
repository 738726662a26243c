public import HTTPServer
public import Injection
public import PluginAPI
import Values

/// The options of `pillion serve`. The names and defaults are those of Istio's stand-alone injector, if it had the
/// flag.
public struct ServeOptions: Sendable {
    /// The files of the configuration; nil reads the default if it exists, and otherwise uses the built-in
    /// configuration.
    public var injectConfig: String?
    public var injectValues: String?
    public var meshConfig: String?
    /// Whether a template may give pods privileges on the host, even if remote callers can connect.
    public var allowsPrivilegedTemplates = false

    /// The PEM files of the HTTPS listener; nil reads the default if it exists.
    public var tlsCertFile: String?
    public var tlsKeyFile: String?
    /// The oldest supported version of TLS.
    public var tlsMinimumVersion = TLSOptions.Version.v12
    /// The names of the cipher suites that are offered; empty offers all of `TLSCipherSuites.names`.
    public var tlsCipherSuites: [String] = []
    /// The PEM file of the CA that must have signed the certificate of callers of /inject, and the names of which the
    /// certificate must have one. Empty names allow every certificate of the CA.
    public var clientCAFile: String?
    public var clientNames: [String] = []

    /// The addresses of HTTPS: numeric, separated by commas; empty is every address, IPv4 and IPv6. Here and below, the
    /// port -1 disables the listener, and 0 is a free port.
    public var address = ""
    public var port = 9443
    /// The addresses of metrics, health, version and debugging.
    public var monitoringAddress = ""
    public var monitoringPort = 15014
    /// Whether the port was set explicitly: then it is served with the built-in configuration too.
    public var isMonitoringGiven = false
    /// The addresses of plain HTTP; `unix:PATH` is an address too.
    public var httpAddress = "127.0.0.1"
    public var httpPort = 8080
    /// The permissions of a socket `unix:PATH`, as in chmod(1): anyone who can connect is trusted.
    public var socketMode = 0o600
    /// Whether /inject is served at all.
    public var isInjectionEnabled = true
    /// The listeners that serve the page.
    public enum PageListeners: Sendable { case none, local, all }
    /// `local` is plain HTTP on loopback and sockets in the file system.
    public var pageListeners = PageListeners.local
    /// The initial content of the page; nil is its own example.
    public var pageStart: PageStart?
    /// A folder of templates that requests to /render may name.
    public var templatesFolder: String?
    /// A folder of charts that requests to /render may name.
    public var chartsFolder: String?
    /// Whether plain HTTP is allowed on addresses that others can reach.
    public var allowsPlainHTTP = false
    /// Whether templates in requests are rendered on listeners that others can reach.
    public var enableInlineTemplates = false
    /// The file with the token, on its first line. On listeners that others can reach, callers of /render and /decide
    /// must send it as `Authorization: Bearer …`.
    public var authTokenFile: String?

    /// Whether /render and /decide on HTTPS answer callers without a token.
    public var allowsUnauthenticated = false
    /// The allowed values of `Host` on loopback listeners, in addition to loopback's.
    public var allowedHosts: [String] = []

    /// The seconds between two touches of `healthCheckFile`; 0 is never.
    public var healthCheckInterval: Double = 0
    public var healthCheckFile = ""

    /// The options of the cluster.
    public var cluster = ClusterOptions()

    /// The options for compiling snapshots: revision, native sidecars, limits, environment.
    public var injection = InjectionOptions()
    /// The engines of `--plugin-dir`.
    public var loadedRenderers: [any Renderer] = []
    /// The limits of a template in a request.
    public var renderLimits = RenderLimits.server
    /// The time limit of one rendering, in milliseconds.
    public var renderMilliseconds = 1_000

    public enum FailureMode: String, Sendable, CaseIterable { case allow, deny }
    /// The response to a failed review.
    public var failureMode = FailureMode.deny
    /// The failure modes of namespaces, whose patterns may contain `*` for any text; the first match applies.
    public var failureModes: [(namespaces: String, mode: FailureMode)] = []
    /// The server's own namespace: its pods are never refused.
    public var ownNamespace = ""
    /// Namespaces whose pods are never refused, as patterns that may contain `*` for any text: a cluster must be able
    /// to start.
    public var neverBlocked = ["kube-system", "kube-public", "kube-node-lease"]
    /// The time limit of a review, in milliseconds, unless the caller's `?timeout=` leaves less.
    public var requestBudgetMilliseconds = 2_000
    /// The number of slow requests that are processed at the same time; 0 is the number of processors.
    public var workers = 0
    /// The patches that are checked before they are returned: each is applied, and the result is injected again.
    public enum SelfCheck: Sendable, Equatable {
        case off, always
        /// One review in N.
        case sample(Int)

        /// Parses `off`, `always` or `sample:N`.
        public init?(_ text: String) {
            switch text {
            case "off": self = .off
            case "always": self = .always
            default:
                guard text.begins(with: "sample:"), let count = Int(text.dropFirst("sample:".count)),
                    count > 0
                else { return nil }
                self = .sample(count)
            }
        }
    }
    public var selfCheck = SelfCheck.off

    /// The body limits of /inject and of all other routes, in bytes.
    public var maxReviewBytes = 7 << 20
    public var maxRequestBytes = 3 << 20
    /// The largest total size of large bodies in memory, in bytes.
    public var maxBodyMemory = 64 << 20
    /// The largest total size of decoded and rendered data, with the responses that are being sent, in bytes.
    public var maxWorkMemory = 96 << 20
    /// The resident size of the process, in bytes, above which new work is refused and the largest work is stopped; 0
    /// for no limit.
    public var maxMemory = 0

    /// The seconds between the end of readiness and the end of listening, so that load balancers notice.
    public var shutdownDelay: Double = 0
    /// The milliseconds in which current requests can finish after listening has ended.
    public var drainMilliseconds = 5_000

    public enum LogFormat: String, Sendable, CaseIterable { case text, json }
    /// nil is text on a terminal and JSON elsewhere.
    public var logFormat: LogFormat?
    public var logLevels = LogLevels(.info)

    /// Whether remote callers can connect, such as a cluster, which would create the pods that it receives.
    var isReachable: Bool { port >= 0 || allowsPlainHTTP }

    public init() {}

    public static let defaultConfiguration = "/etc/istio/inject/config"
    public static let defaultValues = "/etc/istio/inject/values"
    public static let defaultMesh = "/etc/istio/config/mesh"
    public static let defaultCertificate = "/etc/istio/certs/cert-chain.pem"
    public static let defaultKey = "/etc/istio/certs/key.pem"
}
