public import PluginAPI
public import Values

/// The result of a rendering: the output, which may be partial after an error, and how it was produced.
public struct RenderAnswer: Sendable {
    public var output: [UInt8]
    /// The parsed output, if the request specified a format.
    public var value: Value?
    public var usage: RenderUsage
    /// nil unless the request includes `sourceMap`.
    public var sourceMap: SourceMap?
    /// nil if the rendering succeeded.
    public var problem: RequestProblem?

    init(
        output: [UInt8] = [], value: Value? = nil, usage: RenderUsage = RenderUsage(),
        sourceMap: SourceMap? = nil,
        problem: RequestProblem? = nil
    ) {
        self.output = output
        self.value = value
        self.usage = usage
        self.sourceMap = sourceMap
        self.problem = problem
    }
}

extension RenderRequest {
    /// The environment of a rendering: engines, named templates and limits.
    public struct Context: Sendable {
        public var registry: PluginRegistry
        public var limits: RenderLimits
        /// Templates that requests may name (`templateRef`).
        public var templates: [String: NamedTemplate]
        /// nil compiles every time.
        var cache: TemplateCache?

        public init(
            registry: PluginRegistry, limits: RenderLimits, templates: [String: NamedTemplate] = [:]
        ) {
            self.registry = registry
            self.limits = limits
            self.templates = templates
        }
    }

    /// Compiles and renders. If anything fails, the answer has a `problem`.
    public func run(registry: PluginRegistry, limits: RenderLimits) -> RenderAnswer {
        run(Context(registry: registry, limits: limits))
    }

    public func run(_ context: Context) -> RenderAnswer {
        var answer = RenderAnswer()
        do throws(RequestProblem) {
            let request = try resolved(context)
            let template = try request.compiled(context)
            answer = try request.rendered(template, limits: limits(below: context.limits))
        } catch {
            answer.problem = error
        }
        return answer
    }

    /// Compiles the template without rendering it.
    ///
    /// - Returns: warnings about likely mistakes.
    public func check(_ context: Context) throws(RequestProblem) -> [TemplateWarning] {
        try resolved(context).compiled(context).warnings()
    }

    /// The request with the server's template, if it names one.
    private func resolved(_ context: Context) throws(RequestProblem) -> RenderRequest {
        guard let reference else { return self }
        if let named = context.templates[reference] {
            var request = self
            request.engine = named.engine
            request.sources = named.sources
            if options.functionSets.isEmpty { request.options.functionSets = named.functionSets }
            request.options.allowsImpureFunctions = named.allowsImpureFunctions
            return request
        }
        let names = context.templates.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        throw RequestProblem(
            status: 422, code: "template_missing",
            detail: "there is no template named \"\(excerpt(reference))\": "
                + (names.isEmpty ? "the server holds none" : "expected one of \(names)"))
    }

    private func compiled(_ context: Context) throws(RequestProblem) -> any CompiledTemplate {
        let engine = engine ?? context.registry.defaultEngine
        guard let renderer = context.registry.renderer(engine) else {
            let ids = context.registry.renderers.map { $0.description.id }.joined(separator: ", ")
            throw .names("\"engine\" is \"\(excerpt(engine))\": expected one of \(ids)")
        }
        for set in options.functionSets where !renderer.description.functionSets.contains(set) {
            let sets = renderer.description.functionSets.joined(separator: ", ")
            throw .names(
                "\"functions\" names \"\(excerpt(set))\": "
                    + (sets.isEmpty
                        ? "the engine \(engine) has no function sets" : "expected some of \(sets)"))
        }
        var options = options
        options.limits = context.limits
        do throws(RenderError) {
            guard let cache = context.cache else { return try renderer.compile(sources, options: options) }
            return try cache.template(engine: engine, sources, options) { () throws(RenderError) in
                try renderer.compile(sources, options: options)
            }
        } catch {
            throw RequestProblem(error, sources: sources)
        }
    }

    private func rendered(
        _ template: any CompiledTemplate, limits: RenderLimits
    ) throws(RequestProblem) -> RenderAnswer {
        var output = ByteBuffer(capacity: 4096)
        var map = wantsSourceMap || taint != nil ? SourceMap() : nil
        guard taint == nil || template.tracksOrigins else { throw opaque() }
        var usage = RenderUsage()
        do throws(RenderError) {
            try template.render(
                TemplateData(data, taint: taint), limits: limits, sourceMap: &map, usage: &usage,
                into: &output)
        } catch {
            let problem = RequestProblem(error, sources: sources)
            return RenderAnswer(
                output: output.bytes, usage: usage, sourceMap: wantsSourceMap ? map : nil, problem: problem)
        }
        var answer = RenderAnswer(output: output.bytes, usage: usage, sourceMap: wantsSourceMap ? map : nil)
        if taint != nil, let map { answer.problem = taintProblem(answer.output, map) }
        if answer.problem == nil { parse(&answer, template, limits) }
        return answer
    }
}

extension RequestProblem {
    /// The problem of a template engine, with the line of the template.
    init(_ error: RenderError, sources: TemplateSources) {
        let status =
            switch error.kind {
            case .parse, .execution, .limit: 422
            case .deadline: 504
            case .overload: 503
            case .engine: 500
            }
        self.init(status: status, code: error.kind.rawValue, detail: text(repairing: error.detailBytes))
        if let place = error.place {
            members["template"] = place.json
            if let source = sources.sources.first(where: { $0.name == place.template }),
                let snippet = SourceText(source.bytes).snippet(line: place.line, column: place.column)
            {
                members["snippet"] = .string(snippet)
            }
        }
        unknownFunction = error.unknownFunction
        if let limit = error.limit {
            self.limit = limit.limit
            members["limit"] = limit.json
        }
    }
}

extension ReachedLimit {
    var json: Value {
        [
            "name": .string(limit.rawValue), "value": .int(Int64(value)),
            "flag": .string(limit.flag),
        ]
    }
}

extension RenderError.Place {
    var json: Value {
        var object = Object([Member("name", .string(template)), Member("line", .int(Int64(line)))])
        if let column { object["column"] = .int(Int64(column)) }
        return .object(object)
    }
}

extension RenderAnswer {
    /// The response of POST /render without a problem: `output`, `outputBase64` if the output is not UTF-8, `value`,
    /// `usage`, `sourceMap`.
    public var json: Value {
        var object = outputMembers()
        if let value { object["value"] = value }
        object["usage"] = [
            "steps": .int(Int64(usage.steps)), "outputBytes": .int(Int64(usage.outputBytes)),
            "depth": .int(Int64(usage.depth)),
        ]
        if let sourceMap { object["sourceMap"] = sourceMap.json }
        return .object(object)
    }

    /// The largest number of bytes of partial output that the problem includes: enough to find the place, without
    /// returning 10 MiB for a template of one line.
    static let longestPartialOutput = 64 << 10

    /// The problem in the response of POST /render, with the beginning of the partial output.
    public var problemWithOutput: RequestProblem? {
        guard var problem else { return nil }
        guard !output.isEmpty else { return problem }
        let isValid = String(validating: output, as: UTF8.self) != nil
        var shown = output[...]
        if output.count > Self.longestPartialOutput {
            var end = Self.longestPartialOutput
            // Do not truncate within a character: its bytes after the first are 10xxxxxx.
            while isValid, end > 0, output[end] & 0xC0 == 0x80 { end -= 1 }
            shown = output[..<end]
            problem.members["truncated"] = true
        }
        problem.members["partialOutput"] = .string(text(repairing: Array(shown)))
        if !isValid { problem.members["partialOutputBase64"] = .string(Base64.encode(Array(shown))) }
        return problem
    }

    /// One line of `render --requests`: the caller's id, the output, and the error or null.
    public func line(id: Value?) -> Value {
        var object = Object([Member("id", id ?? .null)])
        object.members += outputMembers().members
        if let value { object["value"] = value }
        if let sourceMap { object["sourceMap"] = sourceMap.json }
        guard let problem else {
            object["error"] = .null
            return .object(object)
        }
        var error = Object([Member("code", .string(problem.code)), Member("detail", .string(problem.detail))])
        error.members += problem.members.members
        object["error"] = .object(error)
        return .object(object)
    }

    private func outputMembers() -> Object {
        if let text = String(validating: output, as: UTF8.self) {
            return Object([Member("output", .string(text))])
        }
        return Object([
            Member("output", .string(text(repairing: output))),
            Member("outputBase64", .string(Base64.encode(output))),
        ])
    }
}

/// Decodes UTF-8. Each run of invalid bytes becomes one U+FFFD, as in Go's strings.ToValidUTF8.
func text(repairing bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = ""
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var inRun = false
    while true {
        switch decoder.decode(&iterator) {
        case .scalarValue(let scalar):
            text.unicodeScalars.append(scalar)
            inRun = false
        case .error:
            if !inRun { text.unicodeScalars.append("\u{FFFD}") }
            inRun = true
        case .emptyInput:
            return text
        }
    }
}
