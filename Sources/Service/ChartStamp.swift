import Charts
import System

/// What a chart's files look like from outside: paths, sizes and times. Charts are read again only where that changed.
struct ChartStamp: Equatable, Sendable {
    /// Folders within folders, as `ChartFolder` has it.
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
