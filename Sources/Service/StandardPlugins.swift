import GoTemplate
import Mustache
public import PluginAPI
import Policy

/// The built-in engines. This list is the only place that names them: adding an engine is a line here, and a duplicate
/// or malformed id prevents the start.
public enum StandardPlugins {
    static let renderers: [any Renderer] = [GoTemplateRenderer(), MustacheRenderer()]

    static let decisions: [any DecisionPlugin] = [PolicyPlugin()]

    /// The ids that a loaded engine cannot have.
    public static var ids: [String] { renderers.map(\.description.id) }

    /// The id of the default engine.
    public static var defaultEngine: String { renderers[0].description.id }

    /// - Parameter loaded: engines from `--plugin-dir`, which are added after the built-in ones.
    public static func registry(
        loaded: [any Renderer] = []
    ) throws(PluginRegistryError) -> PluginRegistry {
        try PluginRegistry(renderers: renderers + loaded, decisions: decisions)
    }
}
