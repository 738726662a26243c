public import Charts
import HTTPServer
import PluginAPI
import Values
import YAML

/// A request to render a chart: which one, with which values, as which release.
struct ChartRequest {
    enum Source {
        /// A packaged chart in the request.
        case archive([UInt8])
        /// One of `--charts`.
        case reference(String)
    }

    var source: Source
    var values: Value
    var release: ChartRelease
    /// Paths within the chart; empty for all.
    var showOnly: [String]
    /// Whether to return the documents as values too, in addition to the text.
    var wantsDocuments: Bool
    var lowered: [RenderLimit: Int]

    /// Whether a body of /render requests a chart.
    static func isOne(_ body: Value) -> Bool { body["chart"] != nil || body["chartRef"] != nil }

    private static let members: Set<String> = [
        "id", "chart", "chartRef", "values", "release", "documents", "options", "limits",
    ]
    private static let optionMembers: Set<String> = [
        "kubeVersion", "apiVersions", "set", "showOnly", "includeCrds", "noHooks", "skipTests",
        "skipSchemaValidation", "strict",
    ]

    /// Parses the JSON form.
    init(_ body: Value) throws(RequestProblem) {
        let reader = MemberReader(body.object ?? Object())
        try RenderRequest.refuseOthers(reader, than: Self.members, options: Self.optionMembers)
        let encoded = try reader.text("chart")
        let reference = try reader.text("chartRef")
        switch (encoded, reference) {
        case (let encoded?, nil):
            guard let bytes = Base64.decode(encoded) else {
                throw .malformed("\"chart\" is not base64: expected the standard alphabet with padding")
            }
            source = .archive(bytes)
        case (nil, let reference?): source = .reference(reference)
        default: throw .malformed("\"chart\" and \"chartRef\" are both there: expected one of the two")
        }
        values = ValuesMerge.decoded(.object(try reader.object("values") ?? Object()))
        release = ChartRelease()
        let wanted = MemberReader(try reader.object("release") ?? Object(), path: "release")
        if let name = try wanted.string("name") { release.name = name }
        if let namespace = try wanted.string("namespace") { release.namespace = namespace }
        release.isUpgrade = try wanted.bool("isUpgrade") ?? false
        let options = MemberReader(try reader.object("options") ?? Object(), path: "options")
        release.includesDefinitions = try options.bool("includeCrds") ?? false
        release.includesHooks = !(try options.bool("noHooks") ?? false)
        release.includesTests = !(try options.bool("skipTests") ?? false)
        release.skipsSchema = try options.bool("skipSchemaValidation") ?? false
        release.isStrict = try options.bool("strict") ?? false
        showOnly = try options.strings("showOnly") ?? []
        let kubeVersion = try options.string("kubeVersion")
        release.capabilities.apiVersions += try options.strings("apiVersions") ?? []
        var budget = SetValue.Budget()
        for text in try options.strings("set") ?? [] {
            try Self.set(text, on: &values, within: &budget)
        }
        wantsDocuments = try reader.bool("documents") ?? false
        let lowest = MemberReader(try reader.object("limits") ?? Object(), path: "limits")
        lowered = [:]
        for limit in RenderLimit.lowerable { lowered[limit] = try lowest.count(limit.rawValue) }
        try check(kubeVersion)
    }

    /// Parses the form whose body is the archive, or a multipart form with the parts `chart` and `values`, with options
    /// in the query.
    init(archiveOf request: HTTPRequest, _ format: MediaType) throws(RequestProblem) {
        source = .archive([])
        values = .object(Object())
        release = ChartRelease()
        showOnly = request.query("showOnly").map { $0.split(byte: ",").map(String.init) } ?? []
        wantsDocuments = false
        lowered = [:]
        if format == .multipart {
            try read(MultipartBody(Array(request.body), contentType: request.header("Content-Type") ?? ""))
        } else {
            source = .archive(Array(request.body))
        }
        func flag(_ name: String) -> Bool { request.query(name).map { $0 != "false" } ?? false }
        if let text = request.query("values") {
            do throws(JSONError) {
                values = ValuesMerge.overlaid(values, by: ValuesMerge.decoded(try JSON.read(text)))
            } catch {
                throw .chartValues(
                    "the query's \"values\" is not JSON: byte \(error.offset): \(error.message)")
            }
        }
        if let name = request.query("name") { release.name = name }
        if let namespace = request.query("namespace") { release.namespace = namespace }
        release.isUpgrade = flag("isUpgrade")
        release.includesDefinitions = flag("includeCrds")
        release.includesHooks = !flag("noHooks")
        release.includesTests = !flag("skipTests")
        release.capabilities.apiVersions +=
            request.query("apiVersions").map { $0.split(byte: ",").map(String.init) } ?? []
        wantsDocuments = flag("documents")
        var budget = SetValue.Budget()
        if let text = request.query("set") { try Self.set(text, on: &values, within: &budget) }
        try check(request.query("kubeVersion"))
    }

    /// Reads the chart and its values from the parts. Later values override earlier ones, as with several files.
    private mutating func read(_ body: MultipartBody) throws(RequestProblem) {
        var hasChart = false
        var bytes = 0
        for part in body.parts {
            switch part.name {
            case "chart" where !hasChart:
                source = .archive(Array(part.bytes))
                hasChart = true
            case "values":
                bytes += part.bytes.count
                guard bytes <= ChartLimits().valuesBytes else {
                    throw RequestProblem(
                        .chart(
                            ChartError(
                                .limit,
                                "the parts \"values\" have more than \(ChartLimits().valuesBytes) bytes, expected "
                                    + "at most that")))
                }
                values = ValuesMerge.overlaid(values, by: try Self.values(part))
            default:
                throw .malformed(
                    "the part \"\(excerpt(part.name))\" is not expected: expected one part \"chart\" and any "
                        + "number of parts \"values\"")
            }
        }
        guard hasChart else { throw .malformed("there is no part \"chart\": expected a packaged chart") }
    }

    private static func values(_ part: MultipartBody.Part) throws(RequestProblem) -> Value {
        let read: Value
        do throws(YAMLError) { read = try YAMLReader.value(Array(part.bytes)) } catch {
            let place = error.position.map { "line \($0.line), column \($0.column): " } ?? ""
            throw .chartValues("the part \"values\" is not YAML: \(place)\(error.message)")
        }
        if read.isNull { return .object(Object()) }
        guard read.object != nil else {
            throw .chartValues("the part \"values\" is \(excerpt(JSON.text(read))): expected a map")
        }
        return ValuesMerge.decoded(read)
    }

    private static func set(
        _ text: String, on values: inout Value, within budget: inout SetValue.Budget
    ) throws(RequestProblem) {
        do throws(SetValue.Problem) {
            try SetValue.apply(text, as: .set, to: &values, within: &budget)
        } catch {
            throw .chartValues("\"set\" \(excerpt(text)): \(error.message)")
        }
    }

    private mutating func check(_ kubeVersion: String?) throws(RequestProblem) {
        do throws(ChartError) {
            if let kubeVersion { try release.capabilities.set(kubeVersion: kubeVersion) }
            try ChartRelease.checkName(release.name)
        } catch {
            throw RequestProblem(.chart(error))
        }
    }

    /// The limits for compiling a chart's templates: those of the largest public charts have a few megabytes.
    static func compileLimits(_ limits: RenderLimits) -> RenderLimits {
        var limits = limits
        limits.sourceBytes = max(limits.sourceBytes, 16 << 20)
        limits.nodes = max(limits.nodes, 2_000_000)
        return limits
    }

    /// The chart that the request names, if the server holds it.
    func kept(in charts: ChartStore?) -> KeptChart? {
        if case .reference(let name) = source { charts?.chart(name) } else { nil }
    }

    /// Renders the chart.
    ///
    /// - Parameter limits: for all templates together.
    func answer(
        _ charts: ChartStore?, _ registry: PluginRegistry, limits: RenderLimits
    ) throws(RequestProblem) -> ChartAnswer {
        let kept: KeptChart
        switch source {
        case .reference(let name):
            guard let found = charts?.chart(name) else {
                let names = (charts?.charts.keys.sorted() ?? []).map { "\"\($0)\"" }.joined(separator: ", ")
                throw RequestProblem(
                    status: 422, code: "chart_missing",
                    detail: "there is no chart named \"\(excerpt(name))\": "
                        + (names.isEmpty ? "the server holds none (--charts)" : "expected one of \(names)"))
            }
            kept = found
        case .archive(let bytes):
            do throws(ChartError) {
                let renderer = try ChartEngine.renderer(in: registry)
                let chart = try Chart(
                    ChartArchive.files(of: bytes, limits: ChartLimits()), limits: ChartLimits())
                kept = KeptChart(chart, renderer: renderer, compileLimits: Self.compileLimits(limits))
            } catch {
                throw RequestProblem(.chart(error))
            }
        }
        var limits = limits
        for (limit, value) in lowered { limits[limit] = min(limits[limit], value) }
        var usage = RenderUsage()
        do throws(ChartFailure) {
            let rendered = try kept.render(values, as: release, limits: limits, usage: &usage)
            let text: [UInt8]
            do throws(ChartError) {
                text = showOnly.isEmpty ? rendered.text : try rendered.text(of: showOnly)
            } catch {
                throw .chart(error)
            }
            return ChartAnswer(rendered: rendered, text: text, usage: usage, wantsDocuments: wantsDocuments)
        } catch {
            throw RequestProblem(error)
        }
    }
}

/// The response of /render for a chart.
struct ChartAnswer {
    var rendered: RenderedChart
    var text: [UInt8]
    var usage: RenderUsage
    var wantsDocuments: Bool

    var json: Value {
        var object = Object([Member("output", .string(String(decoding: text, as: UTF8.self)))])
        if wantsDocuments {
            let documents = (rendered.manifests + rendered.shownHooks).map { manifest -> Value in
                [
                    "source": .string(manifest.path), "kind": .string(manifest.kind),
                    "name": .string(manifest.name), "hooks": .array(manifest.hooks.map { .string($0) }),
                    "value": manifest.value,
                ]
            }
            object["documents"] = .array(documents)
        }
        object["notes"] = .string(rendered.notes)
        var warnings = rendered.warnings
        if rendered.usesLookup { warnings.append("lookup asks no cluster: it gave an empty map") }
        object["warnings"] = .array(warnings.map { .string($0) })
        object["usage"] = [
            "steps": .int(Int64(usage.steps)), "outputBytes": .int(Int64(usage.outputBytes)),
            "depth": .int(Int64(usage.depth)),
        ]
        return .object(object)
    }
}

extension RequestProblem {
    /// The problem of a chart that did not render, with its place in the chart's own files.
    public init(_ failure: ChartFailure) {
        switch failure {
        case .template(let error, let sources):
            self.init(error, sources: TemplateSources(sources, entry: ""))
        case .chart(let error):
            self.init(status: 422, code: error.code.rawValue, detail: error.message)
            if let file = error.file {
                var place = Object([Member("name", .string(file))])
                if let line = error.line { place["line"] = .int(Int64(line)) }
                members["file"] = .object(place)
            }
            if let place = error.writtenBy { members["writtenBy"] = place.json }
        }
    }
}

extension RequestProblem {
    /// The problem of values in a well-formed request that a chart cannot accept.
    fileprivate static func chartValues(_ message: String) -> RequestProblem {
        RequestProblem(.chart(ChartError(.values, message)))
    }
}
