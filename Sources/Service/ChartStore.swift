import Charts
import PluginAPI
import System

/// Charts that the server holds (`--charts FOLDER`), which requests to /render name (`chartRef`).
///
/// Each folder with a Chart.yaml and each `.tgz` is a chart, by the name of its file without the ending. All are loaded
/// at the start; their templates are compiled at the first rendering and kept.
final class ChartStore: Sendable {
    /// Charts of the folder.
    static let mostCharts = 256

    let charts: [String: KeptChart]

    /// - Throws: the first chart that does not load, with its path.
    init(_ path: String, registry: PluginRegistry, limits: RenderLimits) throws(ServiceError) {
        guard let renderer = registry.renderer("gotemplate") else {
            throw ServiceError(message: "--charts: there is no engine gotemplate")
        }
        let names: [String]
        do throws(FileError) { names = try Folder.names(in: path, atMost: ChartStore.mostCharts) } catch {
            throw ServiceError(message: "--charts: \(error.description)")
        }
        var charts: [String: KeptChart] = [:]
        for name in names {
            let place = path + "/" + name
            let isArchive = name.hasSuffix(".tgz")
            guard isArchive || File.isReadable(place + "/Chart.yaml") else { continue }
            do throws(ChartError) {
                let chart = try ChartFolder.chart(at: place)
                charts[isArchive ? String(name.dropLast(4)) : name] = KeptChart(
                    chart, renderer: renderer, compileLimits: ChartRequest.compileLimits(limits))
            } catch {
                throw ServiceError(message: "--charts: \(place): \(error.message)")
            }
        }
        self.charts = charts
    }
}
