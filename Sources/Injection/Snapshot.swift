public import PluginAPI
import Values

/// Everything compiled from one state of the configuration: policy with its selectors, programs, values, mesh
/// configuration. It never changes; a new configuration is a new Snapshot, and a request holds one from start to end.
public final class Snapshot: Sendable {
    /// `template:` or `templates:`
    public let form: PolicyConfiguration.Form
    /// What should be said about the configuration although it can be used.
    public let warnings: [Diagnostic]
    /// The names of the templates, in byte order.
    public let templateNames: [String]
    let options: InjectionOptions

    init(
        form: PolicyConfiguration.Form, warnings: [Diagnostic], templateNames: [String], options: InjectionOptions
    ) {
        self.form = form
        self.warnings = warnings
        self.templateNames = templateNames
        self.options = options
    }
}
