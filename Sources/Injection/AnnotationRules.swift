import PluginAPI
import Values

/// The registry of Istio's annotations: which are known, and which values are valid.
enum AnnotationRules {
    struct Problem: Sendable, Equatable {
        var annotation: String
        var value: String
        var why: String
    }

    struct Outcome: Sendable, Equatable {
        /// Sorted by annotation; any fails the injection.
        var problems: [Problem] = []
        /// Names that look like Istio's but are not known, with the nearest known ones (classic form).
        var notes: [String] = []
    }

    static func check(
        _ annotations: Object, form: PolicyConfiguration.Form, mesh: MeshConfiguration
    ) -> Outcome { Outcome() }

    /// Istio's text: `N error occurred:` and a line for each problem.
    static func message(_ problems: [Problem]) -> String { "" }

    /// Whether the registry knows the name: only such keys of `podRedirectAnnot` are set.
    static func isKnown(_ annotation: String, form: PolicyConfiguration.Form) -> Bool { true }
}
