public import PluginAPI
public import Values

/// Everything compiled from one state of the configuration: the policy with its selectors, templates, values and the
/// mesh configuration. It never changes: a new configuration is a new Snapshot, and a request uses only one.
public final class Snapshot: Sendable {
    /// `template:` or `templates:`
    public let form: PolicyConfiguration.Form
    /// Problems of the configuration that do not prevent its use.
    public let warnings: [Diagnostic]
    /// The names of the templates, in byte order.
    public let templateNames: [String]

    let options: InjectionOptions
    /// The policy as in the file.
    public let policy: PolicyConfiguration
    /// The configuration's own policy, for reviews.
    public let decisions: any DecisionEngine
    /// The policy of kube-inject in the modern form: enabled, without selectors.
    let manifestDecisions: any DecisionEngine
    let templates: [String: Template]
    /// The templates of pods that name none, and additional names for lists of templates.
    public let defaultTemplates: [String]
    public let aliases: [String: [String]]
    /// Set on every injected pod of a review.
    let injectedAnnotations: Object
    /// `.Values`
    public let values: Value
    let mesh: MeshConfiguration
    /// Whether the platform is OpenShift, which assigns each namespace its own user ids.
    let isOpenShift: Bool
    /// SHA-256 of the classic template.
    let templateHash: String

    /// The caches that are kept between reviews: the only mutable part. They never change an answer.
    let memory: ReviewMemory

    /// A compiled template, with its source for the excerpts in errors.
    struct Template: Sendable {
        var compiled: any CompiledTemplate
        var source: [UInt8]
    }

    /// The name given to the classic form's template, which has none in the file.
    static let classicName = "template"

    init(_ parts: Parts) {
        form = parts.form
        warnings = parts.warnings
        templateNames = parts.templates.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        options = parts.options
        policy = parts.policy
        decisions = parts.decisions
        manifestDecisions = parts.manifestDecisions
        templates = parts.templates
        defaultTemplates = parts.defaultTemplates
        aliases = parts.aliases
        injectedAnnotations = parts.injectedAnnotations
        values = parts.values
        mesh = parts.mesh
        templateHash = parts.templateHash
        isOpenShift = Self.isOpenShift(parts.options, parts.values)
        memory = ReviewMemory(
            bytes: parts.options.cacheBytes, counters: parts.options.cacheCounters,
            isPure: parts.templates.values.allSatisfy { $0.compiled.isPure })
    }

    /// The parts of a Snapshot.
    struct Parts {
        var form: PolicyConfiguration.Form
        var warnings: [Diagnostic]
        var options: InjectionOptions
        var policy: PolicyConfiguration
        var decisions: any DecisionEngine
        var manifestDecisions: any DecisionEngine
        var templates: [String: Template]
        var defaultTemplates: [String]
        var aliases: [String: [String]]
        var injectedAnnotations: Object
        var values: Value
        var mesh: MeshConfiguration
        var templateHash: String
    }

    func hasTemplate(_ name: String) -> Bool { templates[name] != nil }
}
