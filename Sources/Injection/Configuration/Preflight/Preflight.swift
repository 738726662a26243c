public import PluginAPI
import Values

/// Tries a configuration on pods before it is used: a template that compiles may still fail on every pod.
///
/// Input: a Snapshot. Output: the problems that occur when its templates are rendered for a matrix of pods
/// (`PreflightFixtures`) and merged into them. `pillion validate` prints them; the server refuses a configuration that
/// has an error among them.
///
/// | problem | severity |
/// | --- | --- |
/// | the templates fail on every pod | error |
/// | they fail on some pods, which a template may do to refuse a pod | warning |
/// | the rendered text is not YAML or does not fit a pod | error |
/// | an API server would refuse the injected pod (`PodCheck`) | error |
/// | the injection gives containers privileges on the host (`Privileges`) | error, unless allowed |
/// | the rendered text has members that no pod has, which are dropped | warning |
public enum Preflight {
    /// The Snapshot of a usable configuration, with its warnings.
    public struct Checked: Sendable {
        public var snapshot: Snapshot
        /// Problems that do not prevent its use: of the files, then of the pods that were tried.
        public var warnings: [Diagnostic]

        public init(snapshot: Snapshot, warnings: [Diagnostic]) {
            self.snapshot = snapshot
            self.warnings = warnings
        }
    }

    /// Compiles the files and tries the result on pods.
    ///
    /// - Throws: a `ConfigurationError` with all problems, including warnings.
    public static func compile(
        _ files: InjectionFiles, registry: PluginRegistry, options: InjectionOptions = InjectionOptions(),
        allowsPrivileged: Bool = false
    ) throws(ConfigurationError) -> Checked {
        let snapshot = try InjectionConfiguration.compile(files, registry: registry, options: options)
        let found = findings(snapshot, in: files.configuration, allowsPrivileged: allowsPrivileged)
        let all = snapshot.warnings + found
        guard !found.contains(where: { $0.severity == .error }) else { throw ConfigurationError(all) }
        return Checked(snapshot: snapshot, warnings: all)
    }

    /// - Parameter allowsPrivileged: whether a template may give a pod privileges that only the host should have.
    /// - Returns: every problem once, errors first. Locations have the file and, if it is known, the template's line.
    public static func findings(
        _ snapshot: Snapshot, in configuration: NamedText, allowsPrivileged: Bool = false
    ) -> [Diagnostic] {
        guard !snapshot.templateNames.isEmpty else { return [] }
        var run = PreflightRun(snapshot: snapshot, allowsPrivileged: allowsPrivileged)
        let fixtures = PreflightFixtures.all(snapshot.form)
        for fixture in fixtures { run.attempt(fixture) }
        // No request needs the cache entries of these pods.
        snapshot.memory.blocks.removeAll()
        return run.findings(of: fixtures.count, in: TemplatePlaces(snapshot, configuration))
    }
}
