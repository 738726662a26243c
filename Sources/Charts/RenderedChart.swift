import PluginAPI
import Values

/// The output of a chart.
public struct RenderedChart: Sendable {
    /// The custom resource definitions, if they were requested.
    public private(set) var definitions: [(path: String, bytes: [UInt8])] = []
    /// The documents that are not hooks, in the order of installation.
    public private(set) var manifests: [ChartManifest]
    public private(set) var hooks: [ChartManifest]
    /// The rendered NOTES.txt; empty if the chart has no notes.
    public private(set) var notes: String
    public private(set) var warnings: [String]
    /// Whether a template contains `lookup`, which finds nothing.
    public internal(set) var usesLookup = false
    private let release: ChartRelease

    /// - Parameters:
    ///   - outputs: the output of each template, in the byte order of the paths.
    ///   - known: the outlines of their earlier outputs.
    init(
        _ outputs: [(path: String, text: [UInt8])], _ settled: ChartSettlement, _ release: ChartRelease,
        _ known: inout KnownOutlines
    ) throws(ChartError) {
        self.release = release
        warnings = settled.warnings
        let own = settled.chart.name + "/templates/NOTES.txt"
        var texts: [String] = []
        var (manifests, hooks): ([ChartManifest], [ChartManifest]) = ([], [])
        for (number, (path, text)) in outputs.enumerated() {
            if path.ends(with: "NOTES.txt") {
                if path == own || release.includesSubchartNotes {
                    texts.append(String(decoding: text, as: UTF8.self))
                }
                continue
            }
            if !ManifestOrder.isBlank(text) {
                try ManifestOrder.add(path, number, text, to: &manifests, hooks: &hooks, known: &known)
            }
        }
        notes = texts.count > 1 ? texts.joined(separator: "\n") : texts.first ?? ""
        self.manifests = ManifestOrder.sorted(manifests)
        self.hooks = ManifestOrder.sorted(hooks)
        if release.includesDefinitions { definitions = settled.chart.definitions(below: settled.chart.name) }
    }

    /// The requested hooks.
    public var shownHooks: [ChartManifest] {
        release.includesHooks ? hooks.filter { release.includesTests || !$0.isTest } : []
    }

    /// The requested output as `helm template` prints it: definitions, manifests and hooks, each after a line with its
    /// file.
    public var text: [UInt8] {
        var output = ByteBuffer()
        for (path, text) in definitions { RenderedChart.append(path, text, to: &output) }
        for manifest in manifests { RenderedChart.append(manifest.path, manifest.text, to: &output) }
        // White space at both ends of the documents that are not hooks is removed.
        var bytes = ManifestOrder.trimmed(output.bytes)
        bytes.append(0x0A)
        var hooks = ByteBuffer()
        for hook in shownHooks { RenderedChart.append(hook.path, hook.text, to: &hooks) }
        bytes += hooks.bytes
        return bytes
    }

    private static func append(_ path: String, _ text: [UInt8], to output: inout ByteBuffer) {
        output.append("---\n# Source: ")
        output.append(path)
        output.append("\n")
        output.append(text)
        output.append("\n")
    }

    /// Returns the documents of some files, in the order of the patterns.
    ///
    /// - Parameter patterns: paths within the chart, for example `templates/a.yaml` or `templates/*.yaml`.
    public func text(of patterns: [String]) throws(ChartError) -> [UInt8] {
        let documents = ManifestOrder.documents(text)
        var output = ByteBuffer()
        for pattern in patterns {
            var isMissing = true
            for document in documents {
                guard let path = RenderedChart.source(of: document), PathPattern.matches(path, pattern) else {
                    continue
                }
                isMissing = false
                output.append("---\n")
                output.append(Array(document))
                output.append("\n")
            }
            if isMissing {
                throw ChartError(.chart, "could not find template \(pattern) in chart", file: pattern)
            }
        }
        return output.bytes
    }

    /// Returns the path in the `# Source:` line, without the chart's name.
    private static func source(of document: ArraySlice<UInt8>) -> String? {
        for line in document.split(separator: 0x0A) where line.starts(with: "# Source: ".utf8) {
            let path = String(decoding: line.dropFirst(10), as: UTF8.self)
            guard let slash = path.firstIndex(ofByte: "/") else { continue }
            return String(path[path.utf8.index(after: slash)...])
        }
        return nil
    }

    /// The file of each document, in the order of the documents.
    public var paths: [String] {
        definitions.map(\.path) + manifests.map(\.path) + shownHooks.map(\.path)
    }

    /// The documents grouped by file, for writing them to files. Each has its `# Source:` line.
    public var files: [(path: String, text: [UInt8])] {
        var order: [String] = []
        var texts: [String: [UInt8]] = [:]
        for (path, text) in definitions.map({ ($0.path, $0.bytes) })
            + (manifests + shownHooks).map({ ($0.path, $0.text) })
        {
            var output = ByteBuffer()
            RenderedChart.append(path, text, to: &output)
            if texts[path] == nil { order.append(path) }
            texts[path, default: []] += output.bytes
        }
        return order.map { ($0, texts[$0] ?? []) }
    }
}
