import PluginAPI
import System
import Values

/// What functions that render see of the engine: `include`, `tpl`, `render`.
struct TemplateEvaluation: TemplateEvaluator {
    /// How deep one template may include itself, as in Helm.
    private static let inclusionLimit = 1_000
    /// How deep such functions may nest where `RenderLimits.depth` allows more: each level needs some KB of a stack.
    private static let nestingLimit = 10_000
    /// Levels that one stack has room for; the next ones run on a stack of their own.
    private static let levelsPerStack = 100
    private static let stackBytes = 8 << 20

    let template: GoTemplate
    /// The text of `tpl` that is being rendered, where it has no templates but the running ones.
    var text: GoTemplate?

    func render(
        named name: String, data: GoValue, context: FunctionContext
    ) throws(FunctionError) -> [UInt8] {
        let bytes = Array(name.utf8)
        let running = context.inclusions[name] ?? 0
        if running > TemplateEvaluation.inclusionLimit {
            throw .message(
                "rendering template has a nested reference name: \(name): unable to execute template")
        }
        context.inclusions[name] = running + 1
        defer { context.inclusions[name] = running }
        if let definition = template.program.definition(named: bytes) {
            return try run(template, definition, data, context)
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

    func render(
        source: [UInt8], name: String, data: GoValue, context: FunctionContext
    ) throws(FunctionError) -> [UInt8] {
        if template.isPlain(source) {
            try context.checkSize(source.count)
            return source
        }
        let added = try compiled(TemplateSource(name: name, bytes: source), context)
        let outer = context.evaluator
        let isAlone = added.program.syntax.sources.count == 1 && added.program.syntax.definitions.count == 1
        context.evaluator =
            isAlone
            ? TemplateEvaluation(template: template, text: added) : TemplateEvaluation(template: added)
        defer { context.evaluator = outer }
        return try run(added, added.program.syntax.lastRoot, data, context)
    }

    /// The same text is compiled once in a rendering, and mostly once for all renderings of a template.
    private func compiled(
        _ source: TemplateSource, _ context: FunctionContext
    ) throws(FunctionError) -> GoTemplate {
        let key = FunctionContext.TextKey(program: ObjectIdentifier(template.program), source: source.bytes)
        if let known = context.texts[key] { return known }
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
        // The program that the key names stays alive with the template's own.
        if context.texts.count >= FunctionContext.textLimit { context.texts = [:] }
        context.texts[key] = added
        context.keep(template.program)
        return added
    }

    private func run(
        _ template: GoTemplate, _ definition: Int, _ data: GoValue, _ context: FunctionContext
    ) throws(FunctionError) -> [UInt8] {
        let limit = min(context.limits.depth, TemplateEvaluation.nestingLimit)
        guard context.evaluations < limit else { throw .limit(ReachedLimit(.depth, value: limit)) }
        context.evaluations += 1
        context.depth += 1
        defer {
            context.evaluations -= 1
            context.depth -= 1
        }
        var result = Result<[UInt8], RenderError>.success([])
        let origins = context.origins
        func evaluate() {
            var output = ByteBuffer()
            // Without a table, what it writes is tainted as a whole, by what the function was given; inside, only maps
            // that it changes count.
            var map = origins.map { _ in SourceMap() }
            let changes = context.isTainted && template.program.mutates
            let origin = origins?.enter() ?? (changes ? .tainted : .clean)
            let noted = context.tainted.count
            defer { context.tainted.removeSubrange(noted...) }
            defer { origins?.leave(isOfRunning: template.program === self.template.program) }
            do throws(RenderError) {
                try template.run(
                    definition, data: data, origin: origin, context: context, into: &output, map: &map)
                result = .success(output.bytes)
            } catch {
                result = .failure(error)
            }
        }
        if context.evaluations % TemplateEvaluation.levelsPerStack == 0 {
            guard Thread.run(stackBytes: TemplateEvaluation.stackBytes, evaluate) else {
                throw .template(Parser.noStack)
            }
        } else {
            evaluate()
        }
        switch result {
        case .success(let bytes):
            try context.checkSize(bytes.count)
            return bytes
        case .failure(let error): throw .template(error)
        }
    }
}

extension FunctionError {
    /// The error of a text that was rendered, with the text before it, as Helm words it; limits say it themselves.
    func prefixed(_ words: String, _ source: [UInt8]) -> FunctionError {
        guard case .template(var error) = self, !error.kind.isOfBudget else {
            return self
        }
        error.detailBytes = Array(words.utf8) + GoText.quotedBytes(source) + [0x3A, 0x20] + error.detailBytes
        return .template(error)
    }
}
