public import PluginAPI
import Synchronization
import System
public import Values

/// A chart with compiled templates. It can be rendered with different values, on any number of threads.
///
/// The values determine which subcharts are enabled. The templates are compiled once for each set of enabled subcharts.
public final class KeptChart: Sendable {
    public let chart: Chart
    let limits: ChartLimits
    private let renderer: any Renderer
    private let compileLimits: RenderLimits
    private let lastDuration = Atomic(UInt64.max)
    /// The cached programs, searched linearly.
    private let programs = Mutex<[(key: ProgramKey, program: ChartProgram)]>([])

    private struct ProgramKey: Equatable {
        var charts: [String]
        var isStrict: Bool
        var allowsImpureFunctions: Bool
    }

    private let outlines = Mutex(KnownOutlines())

    /// The number of cached programs. A server needs few. If this is exceeded, all are removed.
    private static let keptPrograms = 16

    /// - Parameters:
    ///   - renderer: the Go template engine, with the function sets `sprig` and `helm`.
    ///   - compileLimits: limits for the bytes, nesting and nodes of all templates together.
    public init(
        _ chart: Chart, renderer: any Renderer, limits: ChartLimits = ChartLimits(),
        compileLimits: RenderLimits = .commandLine
    ) {
        self.chart = chart
        self.renderer = renderer
        self.limits = limits
        self.compileLimits = compileLimits
    }

    /// The duration of the last rendering in nanoseconds; `UInt64.max` if there was none, or it failed.
    public var lastNanoseconds: UInt64 { lastDuration.load(ordering: .relaxed) }

    /// Renders the chart.
    ///
    /// - Parameters:
    ///   - values: the values that override the chart's own: merged values files and `--set` values.
    ///   - usage: the usage of all templates together, also if one fails.
    public func render(
        _ values: Value, as release: ChartRelease, limits renderLimits: RenderLimits, usage: inout RenderUsage
    ) throws(ChartFailure) -> RenderedChart {
        let start = MonotonicClock.nanoseconds
        var duration = UInt64.max
        defer { lastDuration.store(duration, ordering: .relaxed) }
        let settled: ChartSettlement
        do throws(ChartError) {
            settled = try ChartSettlement(chart, values, release, limits)
        } catch {
            throw .chart(error)
        }
        let program = try program(settled.chart, release)
        var outputs: [[UInt8]] = []
        let data = settled.data(readsFiles: program.readsFiles)
        let jobs = program.jobs
        do throws(RenderError) {
            try program.template.render(jobs, over: data, limits: renderLimits, usage: &usage) {
                _, text in outputs.append(ChartProgram.withoutNoValue(text))
            }
        } catch {
            throw .template(KeptChart.worded(error), program.sources)
        }
        do throws(ChartError) {
            var known = outlines.withLock { $0 }
            var rendered = try RenderedChart(
                program.jobsByPath.map { (jobs[$0].entry, outputs[$0]) }, settled, release, &known)
            if known.hasChanged { outlines.withLock { [known] in $0 = known.settled } }
            rendered.usesLookup = program.usesLookup
            duration = MonotonicClock.nanoseconds &- start
            return rendered
        } catch {
            throw .chart(placed(error, program, jobs, data, renderLimits))
        }
    }

    /// Formats an error of `fail` or `required` as Helm does: without the chain of calls that leads to it.
    private static func worded(_ error: RenderError) -> RenderError {
        guard let told = error.told, let place = error.place else { return error }
        var worded = error
        // Helm counts columns from 0.
        let position = "\(place.template):\(place.line):\((place.column ?? 1) - 1)"
        worded.detailBytes = Array("execution error at (\(position)): ".utf8) + told
        return worded
    }

    /// Adds the place in the template that wrote the invalid output to an error.
    private func placed(
        _ error: ChartError, _ program: ChartProgram, _ jobs: [SharedJob], _ data: SharedData,
        _ limits: RenderLimits
    ) -> ChartError {
        guard let file = error.file, let line = error.line, error.code == .output,
            let index = jobs.firstIndex(where: { $0.entry == file }),
            let (map, output) = program.template.sourceMap(of: index, in: jobs, over: data, limits: limits)
        else { return error }
        var error = error
        error.writtenBy = map.place(ofLine: line, in: output)
        return error
    }

    private func program(_ chart: Chart, _ release: ChartRelease) throws(ChartFailure) -> ChartProgram {
        let key = ProgramKey(
            charts: chart.paths(below: ""), isStrict: release.isStrict,
            allowsImpureFunctions: release.allowsImpureFunctions)
        if let known = programs.withLock({ $0.first { $0.key == key }?.program }) { return known }
        let made = try ChartProgram(chart, renderer, release, compileLimits)
        programs.withLock {
            if $0.count >= KeptChart.keptPrograms { $0.removeAll() }
            $0.append((key, made))
        }
        return made
    }
}

/// The reason why a chart could not be rendered.
public enum ChartFailure: Error, Sendable {
    case chart(ChartError)
    /// A template's error, with all templates, so that the line can be shown.
    case template(RenderError, [TemplateSource])
}

extension Chart {
    /// Returns the paths of the chart and its subcharts, for example `web` and `web/charts/db`.
    func paths(below path: String) -> [String] {
        let own = path.isEmpty ? name : path + "/charts/" + name
        return [own] + dependencies.flatMap { $0.paths(below: own) }
    }
}

extension SourceMap {
    /// Returns the place in a template that wrote a line of the output: the place of the line's first value, otherwise
    /// that of the text at its beginning.
    func place(ofLine line: Int, in output: [UInt8]) -> RenderError.Place? {
        var offset = 0
        for _ in 1..<max(line, 1) {
            guard let end = output[offset...].firstIndex(of: 0x0A) else { break }
            offset = end + 1
        }
        guard let run = value(near: offset, in: output) ?? run(at: offset),
            templates.indices.contains(run.template)
        else { return nil }
        let source = templates[run.template]
        let before = source.bytes[..<min(run.offset, source.bytes.count)]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return .init(
            template: source.name, line: before.count { $0 == 0x0A } + 1, column: run.offset - lineStart + 1)
    }
}
