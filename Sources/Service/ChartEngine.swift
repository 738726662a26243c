public import Charts
public import PluginAPI

/// The engine that renders charts: Helm's templates are Go templates.
public enum ChartEngine {
    /// The engine's id in requests and the log.
    static let id = "gotemplate"

    /// - Throws: if the registry has no such engine.
    public static func renderer(in registry: PluginRegistry) throws(ChartError) -> any Renderer {
        guard let renderer = registry.renderer(id) else {
            throw ChartError(.chart, "found no engine \(id), expected one for charts")
        }
        return renderer
    }
}
