import PluginAPI
import System
import Values

/// The interface of the engine for functions that render: `include`, `tpl`, `render`.
struct TemplateEvaluation: TemplateEvaluator {
    /// The greatest depth to which a template may include itself, as in Helm.
    private static let inclusionLimit = 1_000
    /// The greatest nesting depth of such functions if `RenderLimits.depth` allows more. Each level needs some KB of a
    /// stack.
    private static let nestingLimit = 10_000
    /// The number of levels per stack. Further levels run on a stack of their own.
    private static let levelsPerStack = 100
    private static let stackBytes = 8 << 20

    let template: GoTemplate
    /// The `tpl` text that is being rendered, if it has no templates but the running ones.
    var text: GoTemplate?

    func render(
        named name: String, data: GoValue, context: FunctionContext
    ) throws(FunctionError) -> GoValue {
        let bytes = Array(name.utf8)
        defer { context.leave(name) }
        if context.enter(name) > TemplateEvaluation.inclusionLimit {
            throw .message(
                "rendering template has a nested reference name: \(name): unable to execute template")
        }
        if let definition = template.program.definition(named: bytes) {
            return try repeated(template, definition, data, context)
        }
        if let text, let definition = text.program.definition(named: bytes) {
            return try run(text, definition, data, context)
        }
        throw .template(
            RenderError(
                kind: .execution,
                detailBytes: GoFormat.printf(
                    "template: no template %q associated with template %q",
                    [.string(name), .text((text ?? template).rootName)])))
    }

    /// Returns the output of a template. A repeatable one runs only once with the data of the running job.
    ///
    /// - Parameter isText: whether it is a text of `tpl`. A part that renders one is only repeatable if the text is.
    private func repeated(
        _ template: GoTemplate, _ definition: Int, _ data: GoValue, _ context: FunctionContext,
        isText: Bool = false
    ) throws(FunctionError) -> GoValue {
        guard context.includes.covers(self.template, with: data),
            template.repeatable.contains(definition, in: template)
        else {
            if isText { context.includes.noteUnrepeatable() }
            return try run(template, definition, data, context)
        }
        if let known = context.includes.known(.definition(definition), of: template, context) {
            context.steps += known.steps
            return known.text
        }
        let (steps, unrepeatable) = (context.steps, context.includes.unrepeatable)
        let text = try run(template, definition, data, context)
        if unrepeatable == context.includes.unrepeatable {
            context.includes.keep(
                text, of: .definition(definition), in: template, steps: context.steps - steps,
                depth: context.depth)
        }
        return text
    }

    func render(
        source: [UInt8], name: String, data: GoValue, context: FunctionContext
    ) throws(FunctionError) -> GoValue {
        if template.isPlain(source) {
            try context.checkSize(source.count)
            return .text(source)
        }
        let added = try compiled(TemplateSource(name: name, bytes: source), context)
        let outer = context.evaluator
        let isAlone = added.program.syntax.sources.count == 1 && added.program.syntax.definitions.count == 1
        context.evaluator =
            isAlone
            ? TemplateEvaluation(template: template, text: added) : TemplateEvaluation(template: added)
        defer { context.evaluator = outer }
        let root = added.program.syntax.lastRoot
        if isAlone { return try repeated(added, root, data, context, isText: true) }
        context.includes.noteUnrepeatable()
        return try run(added, root, data, context)
    }

    /// Returns the compiled text. The same text is compiled once per rendering, and usually once for all renderings of
    /// a template.
    private func compiled(
        _ source: TemplateSource, _ context: FunctionContext
    ) throws(FunctionError) -> GoTemplate {
        let program = template.program
        if let known = context.texts.first(where: { $0.program === program && $0.source == source.bytes }) {
            return known.template
        }
        let added: GoTemplate
        if let known = template.texts?.template(of: source.bytes, named: source.name) {
            added = known
        } else {
            do {
                added = try template.adding(source)
            } catch {
                throw FunctionError.template(error).prefixed("cannot parse template ", source.bytes)
            }
            template.texts?.keep(added, of: source.bytes, named: source.name)
        }
        if context.texts.count >= FunctionContext.textLimit { context.texts = [] }
        context.texts.append(.init(program: program, source: source.bytes, template: added))
        return added
    }

    private func run(
        _ template: GoTemplate, _ definition: Int, _ data: GoValue, _ context: FunctionContext
    ) throws(FunctionError) -> GoValue {
        let limit = min(context.limits.depth, TemplateEvaluation.nestingLimit)
        guard context.evaluations < limit else { throw .limit(ReachedLimit(.depth, value: limit)) }
        context.evaluations += 1
        context.depth += 1
        defer {
            context.evaluations -= 1
            context.depth -= 1
        }
        guard context.evaluations % TemplateEvaluation.levelsPerStack == 0 else {
            return try rendered(template, definition, data, context)
        }
        var result = Result<GoValue, FunctionError>.success(.none)
        let hasStack = Thread.run(stackBytes: TemplateEvaluation.stackBytes) {
            do throws(FunctionError) {
                result = .success(try rendered(template, definition, data, context))
            } catch {
                result = .failure(error)
            }
        }
        guard hasStack else { throw .template(Parser.noStack) }
        return try result.get()
    }

    /// Returns the output of a template as a string.
    private func rendered(
        _ template: GoTemplate, _ definition: Int, _ data: GoValue, _ context: FunctionContext
    ) throws(FunctionError) -> GoValue {
        let origins = context.origins
        var output = ByteBuffer()
        // Without a table, the whole output is tainted if the function's arguments are. Within the template, only maps
        // that it changes matter.
        var map = origins.map { _ in SourceMap() }
        let changes = context.isTainted && template.program.mutates
        let origin = origins?.enter() ?? (changes ? .tainted : .clean)
        let noted = context.tainted.count
        defer {
            if context.tainted.count > noted { context.tainted.removeSubrange(noted...) }
            origins?.leave(isOfRunning: template.program === self.template.program)
        }
        do throws(RenderError) {
            try template.run(
                definition, data: data, origin: origin, context: context, into: &output, map: &map)
        } catch {
            throw .template(error)
        }
        try context.checkSize(output.count)
        return output.withBytes { .text($0) }
    }
}

extension FunctionError {
    /// Returns the error of a rendered text with a prefix and the text before it, as in Helm. Limits stay unchanged,
    /// because their message is complete.
    func prefixed(_ words: String, _ source: [UInt8]) -> FunctionError {
        guard case .template(var error) = self, !error.kind.isOfBudget else {
            return self
        }
        error.detailBytes = Array(words.utf8) + GoText.quotedBytes(source) + [0x3A, 0x20] + error.detailBytes
        return .template(error)
    }
}
