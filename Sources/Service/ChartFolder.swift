public import Charts
import System
import Values

/// Reads charts from disk: a folder with Chart.yaml in it, or a packaged chart.
public enum ChartFolder {
    /// The largest depth of folders within folders.
    private static let depthLimit = 32

    /// Reads the chart at a path.
    ///
    /// - Throws: `.archive` or `.chart` if the path is not a chart, with the path before the message.
    public static func chart(at path: String, limits: ChartLimits = ChartLimits()) throws(ChartError) -> Chart
    {
        let files = Folder.exists(path) ? try self.files(in: path, limits) : try archive(path, limits)
        return try Chart(files, limits: limits)
    }

    private static func archive(_ path: String, _ limits: ChartLimits) throws(ChartError) -> [ChartFile] {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try File.contents(of: path, atMost: limits.archiveBytes) } catch {
            throw ChartError(.archive, error.description)
        }
        return try ChartArchive.files(of: bytes, limits: limits)
    }

    /// The files that `.helmignore` does not exclude. Links are followed if they stay in the folder.
    private static func files(in path: String, _ limits: ChartLimits) throws(ChartError) -> [ChartFile] {
        var rules = IgnoreRules()
        let rulesPath = path + "/.helmignore"
        if File.isReadable(rulesPath) {
            let text: [UInt8]
            do throws(FileError) { text = try File.contents(of: rulesPath, atMost: limits.fileBytes) } catch {
                throw ChartError(.chart, error.description)
            }
            rules = try IgnoreRules(text)
        }
        let root = File.resolved(path) ?? path
        var walk = Walk(root: root, rules: rules, limits: limits)
        try walk.enter(root, below: "", depth: 0)
        return walk.files
    }

    private struct Walk {
        let root: String
        let rules: IgnoreRules
        let limits: ChartLimits
        var files: [ChartFile] = []
        var bytes = 0

        mutating func enter(_ folder: String, below path: String, depth: Int) throws(ChartError) {
            guard depth < ChartFolder.depthLimit else {
                throw ChartError(
                    .limit,
                    "folders are nested more than \(ChartFolder.depthLimit) deep, expected at most that",
                    file: path)
            }
            let names: [String]
            do throws(FileError) {
                names = try Folder.names(in: folder, atMost: limits.files, withHidden: true)
            } catch {
                throw ChartError(.chart, error.description)
            }
            for name in names {
                let inner = path.isEmpty ? name : path + "/" + name
                let place = folder + "/" + name
                guard let real = File.resolvedName(place) else { continue }
                let isFolder = Folder.exists(real)
                if rules.ignores(inner, isFolder: isFolder) { continue }
                guard real == place || real.begins(with: root + "/") else {
                    throw ChartError(
                        .chart,
                        "\"\(inner)\" is a link out of the chart, to \(real): expected files of the chart",
                        file: inner)
                }
                if isFolder {
                    try enter(real, below: inner, depth: depth + 1)
                } else {
                    try add(real, as: inner)
                }
            }
        }

        private mutating func add(_ place: String, as name: String) throws(ChartError) {
            guard files.count < limits.files else {
                throw ChartError(
                    .limit, "the chart has more than \(limits.files) files, expected at most that")
            }
            do throws(FileError) {
                let content = try File.contents(of: place, atMost: limits.fileBytes)
                bytes += content.count
                files.append(ChartFile(name: name, bytes: content))
            } catch {
                throw ChartError(.chart, error.description, file: name)
            }
            guard bytes <= limits.unpackedBytes else {
                throw ChartError(
                    .limit, "the chart has more than \(limits.unpackedBytes) bytes, expected at most that")
            }
        }
    }
}
