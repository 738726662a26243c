public import PluginAPI
import Values

/// Tries a configuration on pods before it is used: a template that compiles may still fail on every pod.
///
/// In: a Snapshot. Out: what goes wrong when its templates are rendered over a matrix of pods (`PreflightFixtures`)
/// and merged into them. `pillion validate` prints it; the server refuses a configuration with an error among it.
///
/// | what goes wrong | severity |
/// | --- | --- |
/// | the templates fail on every pod | error |
/// | they fail on some: a template may mean to refuse a pod | warning |
/// | what they print is not YAML or does not fit a pod | error |
/// | the pod that comes out would be refused by an API server (`PodCheck`) | error |
/// | it gives containers privileges on the host (`Privileges`) | error, unless allowed |
/// | they print members that no pod has, which are dropped | warning |
public enum Preflight {
    /// A configuration that can be used.
    public struct Checked: Sendable {
        public var snapshot: Snapshot
        /// Problems that do not prevent its use: of the files, then of the pods that it was tried on.
        public var warnings: [Diagnostic]

        public init(snapshot: Snapshot, warnings: [Diagnostic]) {
            self.snapshot = snapshot
            self.warnings = warnings
        }
    }

    /// Compiles the files and tries the result.
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

    /// - Parameter allowsPrivileged: whether a template may give a pod what only the host should have.
    /// - Returns: every problem once, errors first. Locations name the file, and its template's line where that can
    ///   be told.
    public static func findings(
        _ snapshot: Snapshot, in configuration: NamedText, allowsPrivileged: Bool = false
    ) -> [Diagnostic] {
        guard !snapshot.templateNames.isEmpty else { return [] }
        var run = PreflightRun(snapshot: snapshot, allowsPrivileged: allowsPrivileged)
        let fixtures = PreflightFixtures.all(snapshot.form)
        for fixture in fixtures { run.attempt(fixture) }
        // No request needs what these pods left in the cache.
        snapshot.memory.blocks.removeAll()
        return run.findings(of: fixtures.count, in: TemplatePlaces(snapshot, configuration))
    }
}
