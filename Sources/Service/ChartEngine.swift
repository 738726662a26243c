public import Charts
public import PluginAPI

/// The engine that renders charts: Helm's templates are Go's.
public enum ChartEngine {
    /// Its id, as requests and the log have it.
    static let id = "gotemplate"

    /// - Throws: where the registry has no such engine.
    public static func renderer(in registry: PluginRegistry) throws(ChartError) -> any Renderer {
        guard let renderer = registry.renderer(id) else {
            throw ChartError(.chart, "found no engine \(id), expected one for charts")
        }
        return renderer
    }
}
