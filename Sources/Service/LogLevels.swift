import Values

/// The levels of the log; it writes events at or above its level.
public enum LogLevel: Int, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error, none

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    public init?(name: some StringProtocol) {
        switch name {
        case "debug": self = .debug
        case "info": self = .info
        case "warn", "warning": self = .warning
        case "error", "fatal": self = .error
        case "none": self = .none
        default: return nil
        }
    }

    public var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warn"
        case .error: "error"
        case .none: "none"
        }
    }
}

/// The part of the server that an event is about.
public enum LogScope: String, Sendable, CaseIterable {
    /// Start, listeners, health, shutdown.
    case server
    /// One line per request.
    case access
    /// Configuration, values, mesh configuration, named templates.
    case config
    /// Certificates, tokens and access.
    case tls
    /// The cluster's API server.
    case kubernetes
}

/// The log level of each part of the server.
public struct LogLevels: Sendable, Equatable {
    /// The level of the scopes that have no level of their own.
    public var general: LogLevel
    private var own: [LogScope: LogLevel] = [:]

    public init(_ general: LogLevel) { self.general = general }

    public subscript(scope: LogScope) -> LogLevel {
        get { own[scope] ?? general }
        set { own[scope] = newValue }
    }

    /// Parses `info`, `tls:debug`, `info,tls:debug,access:none`. A level without a scope applies to every scope that is
    /// not named.
    ///
    /// - Throws: the problem of the text, as one sentence.
    public init(parsing text: String) throws(ServiceError) {
        self.init(.info)
        for part in text.split(byte: ",") {
            let halves = part.split(byte: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let level = LogLevel(name: halves[halves.count - 1]) else {
                throw ServiceError(
                    message: "\"\(part)\" has no level: expected debug, info, warning, error or none")
            }
            if halves.count == 1 {
                general = level
                continue
            }
            guard let scope = LogScope(rawValue: String(halves[0])) else {
                let scopes = LogScope.allCases.map(\.rawValue).joined(separator: ", ")
                throw ServiceError(
                    message: "\"\(halves[0])\" is not a part of the server: expected one of \(scopes)")
            }
            own[scope] = level
        }
    }

    /// Istio's scopes that have a counterpart here; `default` and `all` are every scope.
    private static let scopesOfIstio: [Substring: [LogScope]] = [
        "wh": [.access, .config], "injection": [.access, .config], "inject": [.access, .config],
        "webhook": [.access], "monitor": [.server], "model": [.config], "validation": [.config],
        "security": [.tls], "ca": [.tls], "pkica": [.tls], "secretcontroller": [.tls], "kube": [.kubernetes],
        "klog": [.kubernetes],
    ]

    /// Parses Istio's `--log_output_level`: `default:debug,security:info`. Scopes without a counterpart are ignored.
    ///
    /// - Throws: the problem of the text, as one sentence.
    public init(istio text: String) throws(ServiceError) {
        self.init(.info)
        for part in text.split(byte: ",") {
            let halves = part.split(byte: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let level = LogLevel(name: halves[halves.count - 1]) else {
                throw ServiceError(
                    message:
                        "\"\(part)\" has no level: expected SCOPE:debug, info, warn, error, fatal or none")
            }
            guard halves.count == 2, halves[0] != "default", halves[0] != "all" else {
                general = level
                continue
            }
            for scope in Self.scopesOfIstio[halves[0]] ?? [] { own[scope] = level }
        }
    }
}
