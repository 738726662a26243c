public import PluginAPI
public import Values

/// A text with the name that messages call it by: a file's path, or `built-in`.
public struct NamedText: Sendable {
    public var name: String
    public var bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    public init(name: String, text: String) { self.init(name: name, bytes: Array(text.utf8)) }
}

/// The three files of a configuration, as they are mounted from the ConfigMaps of Istio.
public struct InjectionFiles: Sendable {
    /// policy, selectors, template or templates
    public var configuration: NamedText
    /// What templates see as `.Values`; nil is an empty object.
    public var values: NamedText?
    /// Laid over the defaults of the form; nil is the defaults.
    public var mesh: NamedText?

    public init(configuration: NamedText, values: NamedText? = nil, mesh: NamedText? = nil) {
        self.configuration = configuration
        self.values = values
        self.mesh = mesh
    }
}

/// Where a kind of object keeps its pod template.
public struct PodTemplatePath: Sendable, Equatable {
    public var kind: String
    /// The API group without version; nil for every group.
    public var group: String?
    /// Member names from the object to the pod template (metadata and spec); `*` is every item of a list.
    public var path: [String]

    public init(kind: String, group: String?, path: [String]) {
        self.kind = kind
        self.group = group
        self.path = path
    }

    /// From `Kind.group=spec.template`, or `Kind=…` for every group; `spec.tasks[*].template` where there are several.
    /// nil where the text is not of that form.
    public init?(_ text: String) {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2 else { return nil }
        let name = sides[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let path = sides[1].split(separator: ".", omittingEmptySubsequences: false).flatMap { step in
            step.hasSuffix("[*]") ? [String(step.dropLast(3)), "*"] : [String(step)]
        }
        guard !name[0].isEmpty, !path.isEmpty, !path.contains("") else { return nil }
        self.init(kind: String(name[0]), group: name.count == 2 ? String(name[1]) : nil, path: path)
    }
}

/// What a Snapshot is made with besides the files.
public struct InjectionOptions: Sendable {
    /// `--revision`; the label `istio.io/rev`.
    public var revision: String = ""
    /// `--nativeSidecars`
    public var nativeSidecars: Bool = false
    /// What one rendering of an injection template may use.
    public var limits: RenderLimits = .injection
    /// `--podTemplatePath`, before the built-in list.
    public var podTemplatePaths: [PodTemplatePath] = []
    /// What `env` may read, and the settings that Istio takes from its environment: COMPLIANCE_POLICY, PLATFORM.
    public var environment: [String: String] = [:]
    /// `--allow-impure-functions`: whether injection templates find sprig's functions of clock, chance, certificates and
    /// network. A Snapshot whose templates call one keeps no answers.
    public var allowsImpureFunctions: Bool = false
    /// Annotations of namespaces by name, for the user and group ids that OpenShift gives to each; read where the
    /// platform is that: `PLATFORM` of the environment, else `global.platform` of the values. A review names its pod's
    /// namespace only.
    public var namespaceAnnotations: [String: Object] = [:]
    /// `--cacheBytes`: what the caches of a Snapshot may hold, answers that were given and parts of rendered texts;
    /// 0 switches them off.
    public var cacheBytes: Int = 4 << 20
    /// What the caches count, over all Snapshots that are made with these options.
    public var cacheCounters = CacheCounters()

    public init() {}
}

/// Makes a Snapshot from files: everything that can be done once is done here.
public enum InjectionConfiguration {
    /// - Throws: a `ConfigurationError` with every problem that was found, not only the first.
    public static func compile(
        _ files: InjectionFiles, registry: PluginRegistry, options: InjectionOptions = InjectionOptions()
    ) throws(ConfigurationError) -> Snapshot {
        var compiler = try InjectionConfigurationCompiler(files, registry: registry, options: options)
        return try compiler.compile()
    }
}
