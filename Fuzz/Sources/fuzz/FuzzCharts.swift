import Charts
import PluginAPI
import Service
import Values

/// Any bytes are a chart or an error: as an archive, as a tar in a stored gzip stream, or as the texts of a chart.
/// Loading and rendering end within the limits, with the same result twice.
///
/// The first byte selects the form. In the third, zero bytes separate values.yaml, a template, a partial, the subchart's
/// values, a schema and a text of `--set`.
func fuzzCharts() -> FuzzTarget {
    guard let registry = try? StandardPlugins.registry(), let renderer = registry.renderer("gotemplate")
    else {
        return { _ in preconditionFailure("no engine gotemplate") }
    }
    return { bytes in
        guard let first = bytes.first else { return }
        let rest = Array(bytes.dropFirst())
        switch first % 3 {
        case 0: checkArchive(rest)
        case 1: checkArchive(stored(rest))
        default: checkRendering(rest, renderer)
        }
    }
}

private func checkArchive(_ archive: [UInt8]) {
    var limits = ChartLimits()
    limits.unpackedBytes = 1 << 20
    limits.files = 100
    limits.fileBytes = 1 << 18
    guard let files = try? ChartArchive.files(of: archive, limits: limits) else { return }
    precondition(files.count <= limits.files, "more files than there may be")
    for file in files {
        let parts = file.name.split(separator: "/", omittingEmptySubsequences: false)
        precondition(
            !file.name.hasPrefix("/") && !parts.contains(".."), "a path out of the chart: \(file.name)")
        precondition(file.bytes.count <= limits.fileBytes, "a file that is larger than it may be")
    }
    _ = try? Chart(files, limits: limits)
}

private func checkRendering(_ bytes: [UInt8], _ renderer: any Renderer) {
    let texts = bytes.split(separator: 0, maxSplits: 5, omittingEmptySubsequences: false).map { Array($0) }
    func text(_ index: Int) -> [UInt8] { texts.indices.contains(index) ? texts[index] : [] }
    var files = [
        ChartFile(name: "Chart.yaml", bytes: Array("apiVersion: v2\nname: c\nversion: 1.0.0\n".utf8)),
        ChartFile(name: "values.yaml", bytes: text(0)),
        ChartFile(name: "templates/a.yaml", bytes: text(1)),
        ChartFile(name: "templates/_p.tpl", bytes: text(2)),
        ChartFile(name: "charts/s/Chart.yaml", bytes: Array("name: s\nversion: 1.0.0\n".utf8)),
        ChartFile(name: "charts/s/values.yaml", bytes: text(3)),
        ChartFile(name: "charts/s/templates/b.yaml", bytes: text(1)),
    ]
    if !text(4).isEmpty { files.append(ChartFile(name: "values.schema.json", bytes: text(4))) }
    var values = Value.object(Object())
    try? SetValue.apply(String(decoding: text(5), as: UTF8.self), as: .set, to: &values)
    let once = outcome(files, values, renderer)
    precondition(once == outcome(files, values, renderer), "another outcome for the same chart")
}

private func outcome(_ files: [ChartFile], _ values: Value, _ renderer: any Renderer) -> String {
    var limits = RenderLimits.server
    limits.steps = 20_000
    limits.outputBytes = 1 << 18
    limits.functionBytes = 1 << 18
    var usage = RenderUsage()
    do {
        let chart = KeptChart(
            try Chart(files, limits: ChartLimits()), renderer: renderer, compileLimits: limits)
        let rendered = try chart.render(values, as: ChartRelease(), limits: limits, usage: &usage)
        precondition(usage.outputBytes <= limits.outputBytes, "more output than there may be")
        return String(decoding: rendered.text, as: UTF8.self)
    } catch let ChartFailure.template(error, _) {
        precondition(error.kind != .engine, "an error of the engine itself: \(error.detail)")
        return error.detail
    } catch {
        return "\(error)"
    }
}

/// A gzip stream of one stored block with the first 60,000 bytes.
private func stored(_ bytes: [UInt8]) -> [UInt8] {
    let bytes = bytes.prefix(60_000)
    let length = UInt16(bytes.count)
    var sum = UInt32.max
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
    }
    func little(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
    }
    return [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1, UInt8(length & 255), UInt8(length >> 8),
        UInt8(~length & 255),
    ]
        + [UInt8(~length >> 8)] + bytes + little(~sum) + little(UInt32(bytes.count))
}
