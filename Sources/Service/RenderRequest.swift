// In: the body of POST /render, or one line of `render --requests`. Out: a RenderRequest with every member checked,
// ready to run (RenderAnswer.swift). Nothing is compiled or rendered here.

public import PluginAPI
public import Values

/// A request to render templates: the engine, the templates, the data, and the format of the answer.
///
/// Unknown members are refused, with the nearest known name.
///
/// ```swift
/// let body = try JSON.read(
///     #"{"template": "replicas: {{ .count }}", "data": {"count": 3}, "format": "yaml"}"#)
/// let request = try RenderRequest.parse(body)
/// let answer = request.run(registry: try StandardPlugins.registry(), limits: .server)
/// // answer.output is "replicas: 3", answer.value the object {"replicas": 3}; answer.problem says what went wrong
/// ```
public struct RenderRequest: Sendable {
    /// The interpretation of the output: text only, or parsed and returned as a value too.
    public enum Format: String, Sendable, CaseIterable { case text, yaml, json }

    /// The caller's `id`, which `render --requests` returns.
    public var id: Value?
    /// An engine's id; nil is the default engine.
    public var engine: String?
    public var sources: TemplateSources
    /// The name of a template that the server holds, instead of `sources`.
    public var reference: String?
    public var options: CompileOptions
    public var data: Value
    public var format: Format
    /// The caller's limits, of `RenderLimit.lowerable`, which can only lower the server's.
    public var lowered: [RenderLimit: Int]
    public var wantsSourceMap: Bool
    /// The parts of `data` that must stay text in the output, which is then parsed as YAML; nil checks nothing.
    public var taint: DataTaint?

    public init(
        id: Value? = nil, engine: String? = nil, sources: TemplateSources, reference: String? = nil,
        options: CompileOptions = CompileOptions(), data: Value = .null, format: Format = .text,
        lowered: [RenderLimit: Int] = [:], wantsSourceMap: Bool = false
    ) {
        self.id = id
        self.engine = engine
        self.sources = sources
        self.reference = reference
        self.options = options
        self.data = data
        self.format = format
        self.lowered = lowered
        self.wantsSourceMap = wantsSourceMap
    }

    private static let members: Set<String> = [
        "id", "engine", "template", "templateBase64", "templateRef", "name", "templates", "data", "functions",
        "options", "format", "limits", "sourceMap", "taint",
    ]
    private static let optionMembers: Set<String> = [
        "missingKey", "leftDelimiter", "rightDelimiter", "execute", "parseOrder", "escape",
    ]

    /// Refuses unknown members of a request, of its options and of its limits.
    static func refuseOthers(
        _ reader: MemberReader, than members: Set<String> = members,
        options known: Set<String> = optionMembers
    ) throws(RequestProblem) {
        try reader.refuseOthers(than: members)
        if let options = try reader.object("options") {
            try MemberReader(options, path: "options").refuseOthers(than: known)
        }
        if let limits = try reader.object("limits") {
            let names = Set(RenderLimit.lowerable.map(\.rawValue))
            try MemberReader(limits, path: "limits").refuseOthers(than: names)
        }
    }

    /// Parses a request.
    ///
    /// - Throws: a problem of status 400 that names the member and the expected value.
    public static func parse(_ value: Value) throws(RequestProblem) -> RenderRequest {
        guard let body = value.object else {
            throw .malformed(
                "the request is \(kind(of: value)): expected an object with \"template\" and \"data\"")
        }
        let reader = MemberReader(body)
        try refuseOthers(reader)
        let name = try reader.string("name") ?? "main"
        let reference = try reader.text("templateRef")
        let main = try mainSource(reader)
        if main == nil, reference == nil {
            throw .malformed(
                "there is no template: expected \"template\", \"templateBase64\" or \"templateRef\"")
        }
        if main != nil, reference != nil {
            throw .malformed("\"templateRef\" is beside a template: expected one of the two")
        }
        let option = MemberReader(try reader.object("options") ?? Object(), path: "options")
        let sources = try ordered(
            main: TemplateSource(name: name, bytes: main ?? []),
            others: try reader.object("templates") ?? Object(), order: try option.strings("parseOrder"))
        var request = RenderRequest(
            id: body["id"], engine: try reader.string("engine"),
            sources: TemplateSources(sources, entry: try option.string("execute") ?? name),
            reference: reference,
            options: try compileOptions(option, functions: reader.strings("functions") ?? []),
            data: body["data"] ?? .null, format: try reader.choice("format", Format.self) ?? .text,
            lowered: try lowered(MemberReader(try reader.object("limits") ?? Object(), path: "limits")),
            wantsSourceMap: try reader.bool("sourceMap") ?? false)
        request.taint = try taint(reader)
        return request
    }

    /// The largest number of tainted paths in a request.
    static let taintLimit = 64

    /// Parses the tainted paths: `a.b.c`, or JSON pointers for names that contain a dot.
    private static func taint(_ reader: MemberReader) throws(RequestProblem) -> DataTaint? {
        guard let texts = try reader.strings("taint"), !texts.isEmpty else { return nil }
        guard texts.count <= taintLimit else {
            throw .malformed("\"taint\" holds \(texts.count) paths, expected at most \(taintLimit)")
        }
        var paths: [[String]] = []
        for (index, text) in texts.enumerated() {
            var path = text.split(byte: ".", omittingEmptySubsequences: false).map(String.init)
            if text.begins(with: "/") { path = (try? JSONPointer(parsing: text))?.tokens ?? [""] }
            guard !path.contains("") else {
                throw .malformed(
                    "\"taint[\(index)]\" is \"\(excerpt(text))\", expected a path in \"data\" such as pod.metadata"
                )
            }
            paths.append(path)
        }
        return DataTaint(paths)
    }

    private static func mainSource(_ reader: MemberReader) throws(RequestProblem) -> [UInt8]? {
        let text = try reader.text("template")
        guard let encoded = try reader.text("templateBase64") else { return text.map { Array($0.utf8) } }
        guard text == nil else {
            throw .malformed("\"template\" and \"templateBase64\" are both there: expected one of the two")
        }
        guard let bytes = Base64.decode(encoded) else {
            throw .malformed("\"templateBase64\" is not base64: expected the standard alphabet with padding")
        }
        return bytes
    }

    /// The templates in the order in which they are parsed: those of `parseOrder`, then the main template, then the
    /// others in byte order of their names.
    private static func ordered(
        main: TemplateSource, others: Object, order: [String]?
    ) throws(RequestProblem) -> [TemplateSource] {
        var named: [TemplateSource] = [main]
        for member in others.members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            guard let text = member.value.string else {
                throw .malformed(
                    "\"templates.\(member.key)\" is \(kind(of: member.value)): expected a string")
            }
            guard member.key != main.name else {
                throw .names(
                    "\"templates\" has a template of the main template's name \"\(main.name)\": "
                        + "give one of them another \"name\"")
            }
            named.append(TemplateSource(name: member.key, text: text))
        }
        guard let order else { return named }
        var places: [ExactKey: Int] = [:]
        for (place, source) in named.enumerated() { places[ExactKey(source.name)] = place }
        var result: [TemplateSource] = []
        var isLeft = [Bool](repeating: true, count: named.count)
        for name in order {
            guard let index = places[ExactKey(name)], isLeft[index] else {
                throw .names(
                    "\"options.parseOrder\" names \"\(name)\" where no template is left of that name: "
                        + "expected names of \"templates\" or the main template's, each once")
            }
            result.append(named[index])
            isLeft[index] = false
        }
        return result + named.indices.filter { isLeft[$0] }.map { named[$0] }
    }

    /// The largest number of function sets in a request; each is read again.
    private static let functionSetLimit = 16

    private static func compileOptions(
        _ option: MemberReader, functions: [String]
    ) throws(RequestProblem) -> CompileOptions {
        var options = CompileOptions()
        options.missingKey = try option.choice("missingKey", CompileOptions.MissingKey.self) ?? .default
        options.leftDelimiter = try option.string("leftDelimiter") ?? ""
        options.rightDelimiter = try option.string("rightDelimiter") ?? ""
        options.escape = try option.choice("escape", CompileOptions.Escape.self)
        guard functions.count <= functionSetLimit else {
            throw .malformed(
                "\"functions\" lists \(functions.count) sets, expected at most \(functionSetLimit)")
        }
        options.functionSets = functions
        return options
    }

    private static func lowered(_ reader: MemberReader) throws(RequestProblem) -> [RenderLimit: Int] {
        var lowered: [RenderLimit: Int] = [:]
        for limit in RenderLimit.lowerable { lowered[limit] = try reader.count(limit.rawValue) }
        return lowered
    }

    /// The server's limits, lowered if the request specifies less. A higher value has no effect.
    func limits(below limits: RenderLimits) -> RenderLimits {
        var limits = limits
        for (limit, value) in lowered { limits[limit] = min(limits[limit], value) }
        return limits
    }
}

extension RequestProblem {
    /// The problem of names that are well-formed, but do not match what exists.
    static func names(_ detail: String) -> RequestProblem {
        RequestProblem(status: 422, code: "names_do_not_fit", detail: detail)
    }
}
