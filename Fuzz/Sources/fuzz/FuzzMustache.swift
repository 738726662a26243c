import Mustache
import PluginAPI
import Values

/// Any bytes are a template or an error with its place. Rendering ends within the limits, with the same result twice,
/// and the source map covers the output without gaps.
///
/// The first byte selects the escaping. Zero bytes separate the parts: main, partials `p` and `q`, data.
func fuzzMustache(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let first = bytes.first else { return }
    let texts = bytes.dropFirst().split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
    let sources = TemplateSources(
        zip(["main", "p", "q"], texts).map { TemplateSource(name: $0, bytes: Array($1)) }, entry: "main")
    let standard = #"{"a":[1,{"b":"<x>: y"}],"b":{"c":null},"p":"q","t":true,"s":"p","n":1.5}"#
    let data = texts.count > 3 ? try? JSON.read(Array(texts[3])) : nil
    var options = CompileOptions()
    options.escape = [.html, .json, .yaml, CompileOptions.Escape.none][Int(first & 3)]
    options.limits = .server
    var limits = RenderLimits.server
    limits.steps = 20_000
    limits.outputBytes = 100_000
    limits.depth = 50
    let value = data ?? (try? JSON.read(standard)) ?? .null
    let once = outcome(sources, options, value, limits)
    precondition(once == outcome(sources, options, value, limits), "another outcome for the same input")
}

private struct Outcome: Equatable {
    var output: [UInt8] = []
    var steps = 0
    var error: RenderError?
}

private func outcome(
    _ sources: TemplateSources, _ options: CompileOptions, _ data: Value, _ limits: RenderLimits
) -> Outcome {
    var outcome = Outcome()
    var output = ByteBuffer()
    var map: SourceMap? = SourceMap()
    var usage = RenderUsage()
    do throws(RenderError) {
        let template = try MustacheRenderer().compile(sources, options: options)
        try template.render(TemplateData(data), limits: limits, sourceMap: &map, usage: &usage, into: &output)
    } catch {
        precondition(error.place != nil, "an error without a place: \(error.detail)")
        precondition(error.kind != .engine, "an error of the engine itself: \(error.detail)")
        outcome.error = error
    }
    precondition(output.count <= limits.outputBytes, "more output than there may be")
    var end = 0
    for run in map?.runs ?? [] {
        precondition(run.output.lowerBound == end && !run.output.isEmpty, "a hole in the source map")
        precondition(run.template < sources.sources.count, "a run of no template")
        precondition(run.offset <= sources.sources[run.template].bytes.count, "a run outside of its template")
        end = run.output.upperBound
    }
    precondition(end == output.count, "the source map ends at \(end) of \(output.count)")
    outcome.output = output.bytes
    outcome.steps = usage.steps
    return outcome
}
