public import PluginAPI
import Synchronization
import System
public import Values

/// A chart whose templates are compiled: rendered with other values each time, on any number of threads.
///
/// Which subcharts take part depends on the values. For each choice of subcharts the templates are compiled once.
public final class KeptChart: Sendable {
    public let chart: Chart
    let limits: ChartLimits
    private let renderer: any Renderer
    private let compileLimits: RenderLimits
    private let lastDuration = Atomic(UInt64.max)
    /// The latest ones, looked through one after the other.
    private let programs = Mutex<[(key: ProgramKey, program: ChartProgram)]>([])

    private struct ProgramKey: Equatable {
        var charts: [String]
        var isStrict: Bool
        var allowsImpureFunctions: Bool
    }

    private let outlines = Mutex(KnownOutlines())

    /// Choices of subcharts that are kept; a server sees few.
    private static let keptPrograms = 16

    /// - Parameters:
    ///   - renderer: the Go template engine, with the function sets `sprig` and `helm`.
    ///   - compileLimits: bytes, nesting and nodes of the templates together.
    public init(
        _ chart: Chart, renderer: any Renderer, limits: ChartLimits = ChartLimits(),
        compileLimits: RenderLimits = .commandLine
    ) {
        self.chart = chart
        self.renderer = renderer
        self.limits = limits
        self.compileLimits = compileLimits
    }

    /// How many nanoseconds the last rendering took; the largest number where there was none, or it failed.
    public var lastNanoseconds: UInt64 { lastDuration.load(ordering: .relaxed) }

    /// Renders the chart.
    ///
    /// - Parameters:
    ///   - values: what is given beside the chart's own values: files and sets, laid over each other.
    ///   - usage: of all templates together, also where one fails.
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

    /// What a chart's author says (`fail`, `required`) goes without the calls that lead to it, as Helm has it.
    private static func worded(_ error: RenderError) -> RenderError {
        guard let told = error.told, let place = error.place else { return error }
        var worded = error
        // Helm counts columns from 0.
        let position = "\(place.template):\(place.line):\((place.column ?? 1) - 1)"
        worded.detailBytes = Array("execution error at (\(position)): ".utf8) + told
        return worded
    }

    /// An error in what a template wrote, at the line of the template that wrote it.
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

/// Why a chart did not render.
public enum ChartFailure: Error, Sendable {
    case chart(ChartError)
    /// A template's error, with all templates for the line to be shown.
    case template(RenderError, [TemplateSource])
}

extension Chart {
    /// The chart's path and those of its subcharts: `web`, `web/charts/db`.
    func paths(below path: String) -> [String] {
        let own = path.isEmpty ? name : path + "/charts/" + name
        return [own] + dependencies.flatMap { $0.paths(below: own) }
    }
}

extension SourceMap {
    /// The place in a template that wrote a line of the output: its first value, else the text that it begins with.
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
