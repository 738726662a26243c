import Charts
import System

/// The paths, sizes and times of a chart's files. A chart is read again only if they have changed.
struct ChartStamp: Equatable, Sendable {
    /// The largest depth of folders within folders, as in `ChartFolder`.
    private static let depthLimit = 32

    private var files: [String: FileStamp] = [:]

    init(of path: String) {
        var left = ChartLimits().files
        note(path, depth: 0, left: &left)
    }

    private mutating func note(_ path: String, depth: Int, left: inout Int) {
        guard left > 0, let stamp = FileStamp(path) else { return }
        left -= 1
        files[path] = stamp
        guard stamp.isFolder, depth < ChartStamp.depthLimit else { return }
        let names = (try? Folder.names(in: path, atMost: ChartLimits().files, withHidden: true)) ?? []
        for name in names { note(path + "/" + name, depth: depth + 1, left: &left) }
    }
}
