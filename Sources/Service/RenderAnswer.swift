public import PluginAPI
public import Values

/// What a rendering came to: the output, also what was written before an error, and how it was made.
public struct RenderAnswer: Sendable {
    public var output: [UInt8]
    /// The output parsed, where the request asked for a format.
    public var value: Value?
    public var usage: RenderUsage
    /// nil unless the request asked for it.
    public var sourceMap: SourceMap?
    /// nil where all went well.
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
    /// Where a rendering is done: which engines, which named templates, within which limits.
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

    /// Compiles and renders; whatever goes wrong is the answer's `problem`.
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

    /// Compiles only.
    ///
    /// - Returns: what looks like a mistake; empty where there is nothing to say.
    public func check(_ context: Context) throws(RequestProblem) -> [TemplateWarning] {
        try resolved(context).compiled(context).warnings()
    }

    /// The same request with the server's template where it names one.
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
    /// What a template engine said, with the line of the template that it is about.
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
    /// The answer of POST /render where there is no problem: `output`, `outputBase64` when the output is not UTF-8,
    /// `value`, `usage`, `sourceMap`.
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

    /// Bytes of the output before an error that the problem shows: enough to see where it was, and no way to be answered
    /// 10 MiB for a template of one line.
    static let longestPartialOutput = 64 << 10

    /// The problem as POST /render answers it, with the beginning of what was written before it.
    public var problemWithOutput: RequestProblem? {
        guard var problem else { return nil }
        guard !output.isEmpty else { return problem }
        let isValid = String(validating: output, as: UTF8.self) != nil
        var shown = output[...]
        if output.count > Self.longestPartialOutput {
            var end = Self.longestPartialOutput
            // Not within a character: bytes after the first of one are 10xxxxxx.
            while isValid, end > 0, output[end] & 0xC0 == 0x80 { end -= 1 }
            shown = output[..<end]
            problem.members["truncated"] = true
        }
        problem.members["partialOutput"] = .string(text(repairing: Array(shown)))
        if !isValid { problem.members["partialOutputBase64"] = .string(Base64.encode(Array(shown))) }
        return problem
    }

    /// One line of `render --requests`: the caller's id, what was written, and the error or null.
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

/// Bytes as text; a run of bytes that are not UTF-8 becomes one U+FFFD, as Go's strings.ToValidUTF8 has it.
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
