import Charts
import PluginAPI
import Synchronization
import System
import Values

/// The charts that the server holds (`--charts FOLDER`), which requests to /render name (`chartRef`).
///
/// Each folder with a Chart.yaml and each `.tgz` file is a chart. Its name is the file's name without the extension.
/// All are loaded at the start; their templates are compiled at the first rendering and kept. A reload loads the charts
/// that have changed; one that no longer loads keeps its last good state.
final class ChartStore: Sendable {
    /// The label in the metrics of reloads.
    static let label = "charts"
    /// The largest number of charts in the folder.
    static let mostCharts = 256

    let path: String
    private let renderer: any Renderer
    private let limits: RenderLimits

    private struct Entry {
        /// The state of the files when they were last read, whether they loaded or not.
        var stamp: ChartStamp
        var chart: KeptChart
    }
    private struct State {
        var entries: [String: Entry] = [:]
        /// Charts that did not load, so that they are not tried again until they change.
        var refused: [String: ChartStamp] = [:]
    }
    private let state = Mutex(State())

    /// - Throws: the problem of the first chart that does not load, with its path.
    init(_ path: String, registry: PluginRegistry, limits: RenderLimits) throws(ServiceError) {
        do throws(ChartError) { renderer = try ChartEngine.renderer(in: registry) } catch {
            throw ServiceError(message: "--charts: \(error.message)")
        }
        self.path = path.count > 1 && path.ends(with: "/") ? String(path.dropLast()) : path
        self.limits = limits
        if case .refused(let problems) = reload() {
            throw ServiceError(message: "--charts: \(problems[0])")
        }
    }

    /// The charts by their names.
    var charts: [String: KeptChart] { state.withLock { $0.entries.mapValues(\.chart) } }

    /// Returns the chart of a name.
    func chart(_ name: String) -> KeptChart? { state.withLock { $0.entries[name]?.chart } }

    /// Loads charts that are new or have changed, and removes those that no longer exist.
    func reload() -> FolderReload {
        let found: [(name: String, place: String)]
        do throws(FileError) { found = try places() } catch { return .refused([error.description]) }
        let before = state.withLock { $0 }
        var after = State()
        var problems: [String] = []
        var hasChanged = before.entries.keys.contains { name in !found.contains { $0.name == name } }
        for (name, place) in found {
            let stamp = ChartStamp(of: place)
            if let kept = before.entries[name] { after.entries[name] = kept }
            if before.refused[name] == stamp
                || before.refused[name] == nil && after.entries[name]?.stamp == stamp
            {
                after.refused[name] = before.refused[name]
                continue
            }
            do throws(ChartError) {
                let chart = KeptChart(
                    try ChartFolder.chart(at: place), renderer: renderer,
                    compileLimits: ChartRequest.compileLimits(limits))
                after.entries[name] = Entry(stamp: stamp, chart: chart)
                hasChanged = true
            } catch {
                after.refused[name] = stamp
                problems.append("\(place): \(error.message)")
            }
        }
        let settled = after
        state.withLock { $0 = settled }
        if !problems.isEmpty { return .refused(problems) }
        return hasChanged ? .loaded(settled.entries.keys.sorted()) : .unchanged
    }

    /// The paths that may be charts: folders with a Chart.yaml, and archives.
    private func places() throws(FileError) -> [(name: String, place: String)] {
        try Folder.names(in: path, atMost: ChartStore.mostCharts).compactMap { name in
            let place = path + "/" + name
            if name.ends(with: ".tgz") { return (String(name.dropLast(4)), place) }
            return File.isReadable(place + "/Chart.yaml") ? (name, place) : nil
        }
    }
}
