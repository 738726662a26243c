public import PluginAPI
public import Values

/// Options of a Snapshot, in addition to the files.
public struct InjectionOptions: Sendable {
    /// `--revision`; the label `istio.io/rev`.
    public var revision: String = ""
    /// `--nativeSidecars`
    public var nativeSidecars: Bool = false
    /// The limits of one rendering of an injection template.
    public var limits: RenderLimits = .injection
    /// `--podTemplatePath`, before the built-in list.
    public var podTemplatePaths: [PodTemplatePath] = []
    /// The environment that `env` reads, with Istio's settings: COMPLIANCE_POLICY, PLATFORM.
    public var environment: [String: String] = [:]
    /// `--allow-impure-functions`: whether injection templates can call sprig's functions for time, random numbers,
    /// certificates and network. A Snapshot whose templates call one caches no responses.
    public var allowsImpureFunctions: Bool = false
    /// Annotations of namespaces by name, with the user and group ids that OpenShift assigns to each. Used only on that
    /// platform: `PLATFORM` of the environment, else `global.platform` of the values. A review contains only the
    /// namespace's name.
    public var namespaceAnnotations: [String: Object] = [:]
    /// Labels of namespaces by name, for their Pod Security level.
    public var namespaceLabels: [String: Object] = [:]
    /// `--limit-range`, `--resource-quota`
    var namespaceLimits = NamespaceLimits()
    /// `--forecast`
    public var forecast: Forecast.Mode = .warn
    /// `--template-taint`: the action if a pod's text does not stay text in the output of a template.
    public var taint = TaintMode.enforce
    /// `--opaque-engines`: whether templates may use an engine that does not track the origins of its output, although
    /// `taint` is enforced.
    public var allowsOpaqueEngines = false
    /// `--cacheBytes`: the size of all caches of a Snapshot together, in bytes; 0 disables them.
    public var cacheBytes: Int = 4 << 20
    /// Counts hits and misses over all Snapshots with these options.
    public var cacheCounters = CacheCounters()

    public init() {}
}
