public import HTTPServer
public import Injection
public import PluginAPI
import Values

/// The options of `pillion serve`. Names and defaults are those of Istio's stand-alone injector where it had the
/// flag.
public struct ServeOptions: Sendable {
    /// Files of the configuration; nil reads the default where it is there, and serves the built-in configuration
    /// where it is not.
    public var injectConfig: String?
    public var injectValues: String?
    public var meshConfig: String?
    /// Whether a template may give pods what only the host should have, although callers beyond this machine ask.
    public var allowsPrivilegedTemplates = false

    /// PEM files of the HTTPS listener; nil reads the default where it is there.
    public var tlsCertFile: String?
    public var tlsKeyFile: String?
    /// The oldest TLS that is spoken.
    public var tlsMinimumVersion = TLSOptions.Version.v12
    /// Names of the cipher suites that are offered; empty offers all of `TLSCipherSuites.names`.
    public var tlsCipherSuites: [String] = []
    /// PEM file of the CA that callers of /inject must have a certificate of, and the names that one of them must
    /// bear; empty names allow every certificate of the CA.
    public var clientCAFile: String?
    public var clientNames: [String] = []

    /// Where HTTPS is served. Addresses are numeric and separated by commas; empty is every address, IPv4 and IPv6.
    /// A port of -1 is off, here and below; 0 is a free port.
    public var address = ""
    public var port = 9443
    /// Where metrics, health, version and debugging are served.
    public var monitoringAddress = ""
    public var monitoringPort = 15014
    /// Whether somebody asked for that port: then it is served with the built-in configuration too.
    public var isMonitoringGiven = false
    /// Where plain HTTP is served; `unix:PATH` is an address too.
    public var httpAddress = "127.0.0.1"
    public var httpPort = 8080
    /// Who may connect to a socket of `unix:PATH`, as chmod(1) has it: anyone who can connect is trusted.
    public var socketMode = 0o600
    /// Whether /inject is served at all.
    public var isInjectionEnabled = true
    /// Which listeners serve the page.
    public enum PageListeners: Sendable { case none, local, all }
    /// `local` is loopback's plain HTTP and sockets in the file system.
    public var pageListeners = PageListeners.local
    /// What the page begins with; nil is its own example.
    public var pageStart: PageStart?
    /// A folder of templates that requests to /render may name.
    public var templatesFolder: String?
    /// A folder of charts that requests to /render may name.
    public var chartsFolder: String?
    /// Serve plain HTTP on an address that others reach.
    public var allowsPlainHTTP = false
    /// Answer templates that a request brings along, on listeners that others reach.
    public var enableInlineTemplates = false
    /// A file whose first line callers of /render and /decide on listeners that others reach must send as
    /// `Authorization: Bearer …`.
    public var authTokenFile: String?

    /// Answer /render and /decide on HTTPS to callers without a token.
    public var allowsUnauthenticated = false
    /// Names besides loopback's by which loopback listeners may be asked.
    public var allowedHosts: [String] = []

    /// Seconds between two touches of `healthCheckFile`; 0 is never.
    public var healthCheckInterval: Double = 0
    public var healthCheckFile = ""

    /// What is asked of a cluster.
    public var cluster = ClusterOptions()

    /// Making of snapshots: revision, native sidecars, limits, environment.
    public var injection = InjectionOptions()
    /// Engines of `--plugin-dir`.
    public var loadedRenderers: [any Renderer] = []
    /// What a template of a request may use.
    public var renderLimits = RenderLimits.server
    /// Milliseconds that one rendering may take, whatever else it may use.
    public var renderMilliseconds = 1_000

    public enum FailureMode: String, Sendable, CaseIterable { case allow, deny }
    /// How a review is answered that failed.
    public var failureMode = FailureMode.deny
    /// Namespaces (with `*` for any text) whose reviews are answered otherwise; the first that matches holds.
    public var failureModes: [(namespaces: String, mode: FailureMode)] = []
    /// The namespace that the server itself runs in: its pods are never refused.
    public var ownNamespace = ""
    /// Namespaces (with `*` for any text) whose pods are never refused: a cluster must be able to start itself.
    public var neverBlocked = ["kube-system", "kube-public", "kube-node-lease"]
    /// Milliseconds that a review may take, unless the caller's `?timeout=` leaves less.
    public var requestBudgetMilliseconds = 2_000
    /// Answers that may take long at once; 0 is the number of processors.
    public var workers = 0
    /// Which patches are applied and injected again before they are answered.
    public enum SelfCheck: Sendable, Equatable {
        case off, always
        /// One in N.
        case sample(Int)

        /// From `off`, `always` or `sample:N`.
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

    /// Bytes of body: of /inject, and of everything else.
    public var maxReviewBytes = 7 << 20
    public var maxRequestBytes = 3 << 20
    /// Bytes of all large bodies that are in memory at one time.
    public var maxBodyMemory = 64 << 20
    /// Bytes that everything decoded and rendered holds at one time, with the answers that are being sent.
    public var maxWorkMemory = 96 << 20
    /// Resident bytes of the process above which new work is refused and the largest stopped; 0 for no limit.
    public var maxMemory = 0

    /// Seconds between the end of readiness and the end of listening, so that load balancers notice.
    public var shutdownDelay: Double = 0
    /// Milliseconds that requests have to end once nothing is listened to any more.
    public var drainMilliseconds = 5_000

    public enum LogFormat: String, Sendable, CaseIterable { case text, json }
    /// nil: text on a terminal, JSON elsewhere.
    public var logFormat: LogFormat?
    public var logLevels = LogLevels(.info)

    /// Whether callers beyond this machine can ask: a cluster that would create what it is answered.
    var isReachable: Bool { port >= 0 || allowsPlainHTTP }

    public init() {}

    public static let defaultConfiguration = "/etc/istio/inject/config"
    public static let defaultValues = "/etc/istio/inject/values"
    public static let defaultMesh = "/etc/istio/config/mesh"
    public static let defaultCertificate = "/etc/istio/certs/cert-chain.pem"
    public static let defaultKey = "/etc/istio/certs/key.pem"
}
