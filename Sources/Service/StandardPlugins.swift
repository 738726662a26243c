import GoTemplate
import Mustache
public import PluginAPI
import Policy

/// The engines that the program is built with. This list is the only place that names them: adding an engine is a
/// line here, and a duplicate or malformed id stops the start.
public enum StandardPlugins {
    static let renderers: [any Renderer] = [GoTemplateRenderer(), MustacheRenderer()]

    static let decisions: [any DecisionPlugin] = [PolicyPlugin()]

    /// Ids that a loaded engine cannot have.
    public static var ids: [String] { renderers.map(\.description.id) }

    /// The id of the engine that is meant where none is named.
    public static var defaultEngine: String { renderers[0].description.id }

    /// - Parameter loaded: engines from `--plugin-dir`, which come after those of the list.
    public static func registry(
        loaded: [any Renderer] = []
    ) throws(PluginRegistryError) -> PluginRegistry {
        try PluginRegistry(renderers: renderers + loaded, decisions: decisions)
    }
}
