import Injection
import PluginAPI
import Values

/// The injection configuration, compiled as the injector would, or the reason why it cannot be used.
enum Configured {
    case snapshot(Snapshot)
    /// It exists but cannot be used.
    case broken(message: String, source: String)
    case missing(String)
    case unread(what: String, reason: String, right: String?)

    init(_ evidence: Evidence, registry: PluginRegistry, options: Why.Options) {
        let files: InjectionFiles
        switch Self.files(evidence, options) {
        case .found(let found): files = found
        case .other(let other):
            self = other
            return
        }
        do throws(ConfigurationError) {
            self = .snapshot(
                try InjectionConfiguration.compile(
                    files, registry: registry, options: Self.options(evidence, options)))
        } catch {
            let first = error.diagnostics.first { $0.severity == .error } ?? error.diagnostics.first
            self = .broken(
                message: first.map { $0.message + ($0.remedy.map { "; \($0)" } ?? "") } ?? error.description,
                source: first.map { "\($0.location)" } ?? files.configuration.name)
        }
    }

    private enum Files {
        case found(InjectionFiles)
        case other(Configured)
    }

    private static func files(_ evidence: Evidence, _ options: Why.Options) -> Files {
        if let files = options.files { return .found(files) }
        guard let (name, reading) = evidence.injectConfigMap else {
            return .other(
                .unread(
                    what: "the injection configuration", reason: "no webhook says where the injector is",
                    right: nil))
        }
        guard let object = reading.value else {
            if case .missing = reading { return .other(.missing(name)) }
            let unknown = reading.unknown
            return .other(
                .unread(what: "the \(name)", reason: unknown?.reason ?? "", right: unknown?.right))
        }
        func text(_ key: String, _ object: Value?, _ name: String) -> NamedText? {
            (object?["data"]?[key]?.string).map { NamedText(name: "\(name), key \(key)", text: $0) }
        }
        guard let configuration = text("config", object, name) else {
            let keys = (object["data"]?.object?.members ?? []).map(\.key)
            return .other(
                .broken(
                    message:
                        "it has no key \"config\"; it has \(keys.isEmpty ? "no keys" : keys.joined(separator: ", "))",
                    source: name))
        }
        var files = InjectionFiles(configuration: configuration)
        files.values = text("values", object, name)
        if let (meshName, mesh) = evidence.meshConfigMap { files.mesh = text("mesh", mesh.value, meshName) }
        return .found(files)
    }

    /// The options with which the injector was started, and the forecast of the API server's verdict.
    private static func options(_ evidence: Evidence, _ options: Why.Options) -> InjectionOptions {
        var injection = options.injection
        injection.forecast = .deny
        let namespace = evidence.workload.target.namespace
        if let labels = evidence.namespaceLabels { injection.namespaceLabels[namespace] = labels }
        if let annotations = evidence.namespace.value?["metadata"]?["annotations"]?.object {
            injection.namespaceAnnotations[namespace] = annotations
        }
        guard let injector = evidence.injector else { return injection }
        if injection.revision.isEmpty {
            injection.revision = injector.flag("revision") ?? evidence.webhook?.revision ?? ""
        }
        if injector.flag("nativeSidecars") == "true" { injection.nativeSidecars = true }
        if let platform = injector.flag("platform") { injection.environment["PLATFORM"] = platform }
        if let mode = injector.flag("template-taint").flatMap({ TaintMode(rawValue: $0) }) {
            injection.taint = mode
        }
        return injection
    }
}
