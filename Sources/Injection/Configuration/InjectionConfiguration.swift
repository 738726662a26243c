public import PluginAPI

/// Compiles a Snapshot from files. Everything that can be done once is done here.
public enum InjectionConfiguration {
    /// - Parameter files: the texts, or whole ConfigMaps that contain them.
    /// - Throws: a `ConfigurationError` with all problems, not only the first.
    public static func compile(
        _ files: InjectionFiles, registry: PluginRegistry, options: InjectionOptions = InjectionOptions()
    ) throws(ConfigurationError) -> Snapshot {
        var compiler = try InjectionConfigurationCompiler(
            files.unwrapped(), registry: registry, options: options)
        return try compiler.compile()
    }
}
