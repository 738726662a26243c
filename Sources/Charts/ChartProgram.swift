import PluginAPI
import Values

/// The templates of a chart and its subcharts, compiled together, and the order in which they are rendered.
final class ChartProgram: Sendable {
    let template: any SharedDataTemplate
    let sources: [TemplateSource]
    /// Whether any template contains `Files`.
    let readsFiles: Bool
    let usesLookup: Bool
    /// The templates to render, each with the place of its data.
    let jobs: [SharedJob]
    /// The jobs in the byte order of their paths. Documents of one kind are installed in this order.
    let jobsByPath: [Int]

    init(
        _ chart: Chart, _ renderer: any Renderer, _ release: ChartRelease, _ limits: RenderLimits
    ) throws(ChartFailure) {
        let templates = ChartProgram.inOrder(ChartProgram.templates(of: chart, below: ""))
        // Helm's name for the whole set of templates. It appears in messages.
        sources = [TemplateSource(name: "gotpl", bytes: [])] + templates
        jobs = ChartProgram.jobs(of: templates.map(\.name).filter { !ChartProgram.isPartial($0) }, in: chart)
        let paths = jobs.map { Array($0.entry.utf8) }
        jobsByPath = paths.indices.sorted { paths[$0].lexicographicallyPrecedes(paths[$1]) }
        readsFiles = templates.contains { ChartProgram.contains("Files", in: $0.bytes) }
        usesLookup = templates.contains { ChartProgram.contains("lookup", in: $0.bytes) }
        var options = CompileOptions()
        options.functionSets = ["sprig", "helm"]
        // As in Helm, charts cannot read the environment.
        options.withoutFunctions = ["env", "expandenv"]
        options.missingKey = release.isStrict ? .error : .zero
        options.allowsImpureFunctions = release.allowsImpureFunctions
        options.refusesImpureFunctions = true
        options.limits = limits
        let compiled: any CompiledTemplate
        do throws(RenderError) {
            compiled = try renderer.compile(TemplateSources(sources, entry: "gotpl"), options: options)
        } catch {
            throw .template(error, sources)
        }
        guard let shared = compiled.sharedDataTemplate else {
            throw .chart(
                ChartError(
                    .chart,
                    "the engine \(renderer.description.id) cannot render charts: "
                        + "expected one whose templates share their data")
            )
        }
        template = shared
    }

    /// Sorts deeper files first, and files of the same depth by descending name, so that definitions nearer to the top
    /// override the others.
    private static func inOrder(_ templates: [TemplateSource]) -> [TemplateSource] {
        let keys = templates.map { template in
            let path = Array(template.name.utf8)
            return (depth: path.count { $0 == UInt8(ascii: "/") }, path: path)
        }
        let order = keys.indices.sorted { one, two in
            keys[one].depth == keys[two].depth
                ? keys[two].path.lexicographicallyPrecedes(keys[one].path)
                : keys[one].depth > keys[two].depth
        }
        return order.map { templates[$0] }
    }

    private static func isPartial(_ path: String) -> Bool {
        let name = path.lastIndex(ofByte: "/").map { path.utf8.index(after: $0) } ?? path.startIndex
        return path.utf8[name...].first == UInt8(ascii: "_")
    }

    private static func contains(_ word: StaticString, in bytes: [UInt8]) -> Bool {
        let word = Array("\(word)".utf8)
        return ByteSearch.index(of: word, in: bytes) != nil
    }

    private static func templates(of chart: Chart, below path: String) -> [TemplateSource] {
        let own = path.isEmpty ? chart.name : path + "/charts/" + chart.name
        var found = chart.dependencies.flatMap { templates(of: $0, below: own) }
        for file in chart.templates where !chart.metadata.isLibrary || isPartial(file.name) {
            let bytes =
                file.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(file.bytes.dropFirst(3)) : file.bytes
            found.append(TemplateSource(name: own + "/" + file.name, bytes: bytes))
        }
        return found
    }

    private static func jobs(of entries: [String], in chart: Chart) -> [SharedJob] {
        var places: [(path: String, place: [String])] = []
        func note(_ chart: Chart, _ path: String, _ place: [String]) {
            places.append((path, place))
            for inner in chart.dependencies {
                note(inner, path + "/charts/" + inner.name, place + ["Subcharts", inner.name])
            }
        }
        note(chart, chart.name, [])
        return entries.map { entry in
            let chart = ChartProgram.chart(of: entry, among: places)
            let base = chart?.path ?? entry
            return SharedJob(
                entry: entry, place: chart?.place ?? [], typeName: ChartSettlement.typeName,
                members: [
                    (
                        "Template",
                        .named(
                            ChartSettlement.typeName,
                            ["Name": .string(entry), "BasePath": .string(base + "/templates")])
                    )
                ])
        }
    }

    /// Returns the chart with the longest path that is a prefix of the template's path. There are at most 200 charts.
    private static func chart(
        of entry: String, among places: [(path: String, place: [String])]
    ) -> (path: String, place: [String])? {
        var found: (path: String, place: [String])?
        for chart in places where chart.path.utf8.count > found?.path.utf8.count ?? 0 {
            let count = chart.path.utf8.count
            guard entry.begins(with: chart.path), entry.utf8.dropFirst(count).first == UInt8(ascii: "/")
            else { continue }
            found = chart
        }
        return found
    }

    /// Removes Go's text for missing values, as Helm does.
    static func withoutNoValue(_ text: [UInt8]) -> [UInt8] {
        guard contains("<no value>", in: text) else { return text }
        let mark = Array("<no value>".utf8)
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == mark[0], text[index...].starts(with: mark) {
                index += mark.count
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }
}
