import CRendererABI
import Synchronization
import System
import Values

/// An engine from a shared library that runs in this process.
///
/// Every call runs on a thread of its own, so that an engine that respects neither sink nor poll blocks only that
/// thread, not the one that answers requests. Such a thread cannot be stopped. While `mostStuck` calls are stuck, the
/// engine gets no further calls.
struct LibraryRenderer: Renderer {
    let library: PluginLibrary
    private let stuck = StuckCalls()

    init(_ library: PluginLibrary) { self.library = library }

    var description: RendererDescription { library.description }

    func compile(
        _ sources: TemplateSources, options: CompileOptions
    ) throws(RenderError) -> any CompiledTemplate {
        try PluginCall.checkTime(options.limits.deadline)
        let call = PluginCall(limits: options.limits)
        let library = library
        let result = Mutex<LibraryTemplate?>(nil)
        let box = ResultBox(result)
        try stuck.run(library.description.id, until: options.limits.deadline) {
            box.value.withLock { $0 = LibraryTemplate.compile(sources, options, library, call) }
        }
        guard let template = box.value.withLock({ $0 }) else {
            throw call.reported
                ?? RenderError(
                    kind: .engine,
                    detail: "engine \"\(description.id)\" did not compile the template and did not say why")
        }
        return ThreadedTemplate(template: template, stuck: stuck)
    }
}

/// Shares a lock with a thread.
private final class ResultBox<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: consuming Mutex<Value>) { self.value = value }
}

/// Counts the calls of an engine that did not return in time.
private final class StuckCalls: Sendable {
    /// The maximum number of stuck calls. Each occupies a thread and perhaps a core.
    private static let mostStuck = 4
    /// The time beyond the deadline in which an engine that polls can return and report its position.
    private static let grace: UInt64 = 100_000_000

    private let count = Mutex(0)

    func run(
        _ id: String, until deadline: UInt64?, _ body: @escaping @Sendable () -> Void
    ) throws(RenderError) {
        guard count.withLock({ $0 }) < Self.mostStuck else {
            throw RenderError(
                kind: .engine,
                detail:
                    "engine \"\(id)\" has \(Self.mostStuck) calls that do not end, and gets no more until one "
                    + "does: run it with --pluginIsolation process")
        }
        let outcome = Thread.run(
            until: deadline.map { $0 &+ Self.grace }, whenLate: { self.count.withLock { $0 -= 1 } }, body)
        switch outcome {
        case .done: return
        case .notStarted:
            throw RenderError(kind: .engine, detail: "engine \"\(id)\": no thread could be started")
        case .late:
            count.withLock { $0 += 1 }
            throw RenderError(
                kind: .deadline,
                detail: "template: engine \"\(id)\" did not end at the deadline and did not poll; it runs on")
        }
    }
}

/// A compiled template of a library. The engine frees it with the last reference.
final class LibraryTemplate: @unchecked Sendable {
    let library: PluginLibrary
    private let compiled: UnsafeMutableRawPointer
    /// The sources, for messages and source maps.
    let sources: [TemplateSource]

    private init(_ library: PluginLibrary, _ compiled: UnsafeMutableRawPointer, _ sources: [TemplateSource]) {
        self.library = library
        self.compiled = compiled
        self.sources = sources
    }

    deinit { library.free(compiled) }

    /// Compiles on this thread. If it returns nil, `call.reported` may have the reason.
    static func compile(
        _ sources: TemplateSources, _ options: CompileOptions, _ library: PluginLibrary, _ call: PluginCall
    ) -> LibraryTemplate? {
        var memory = PluginMemory()
        let records = sources.sources.map { source in
            pillion_source(name: memory.keep(source.name), text: memory.keep(source.bytes))
        }
        let sets = options.functionSets.map { memory.keep($0) }
        var template = pillion_template()
        template.struct_size = UInt32(MemoryLayout<pillion_template>.size)
        template.entry = memory.keep(sources.entry)
        template.missing_key = memory.keep(options.missingKey.rawValue)
        template.left_delimiter = memory.keep(options.leftDelimiter)
        template.right_delimiter = memory.keep(options.rightDelimiter)
        template.escape = memory.keep(options.escape?.rawValue ?? "")
        template.limits = pillion_limits(options.limits)
        var compiled: UnsafeMutableRawPointer?
        var reporter = call.reporter
        let status = records.withUnsafeBufferPointer { records in
            sets.withUnsafeBufferPointer { sets in
                template.sources = records.baseAddress
                template.source_count = records.count
                template.function_sets = sets.baseAddress
                template.function_set_count = sets.count
                return library.compile(&template, &reporter, &compiled)
            }
        }
        guard status == PILLION_OK, let compiled, call.reported == nil else {
            if status == PILLION_OK, let compiled { library.free(compiled) }
            return nil
        }
        return LibraryTemplate(library, compiled, sources.sources)
    }

    /// Renders on this thread. Afterwards the call has the output and the counts. Returns nil on success.
    func render(_ call: PluginCall, limits: RenderLimits) -> RenderError? {
        var data = call.dataRecord
        var sink = call.sink
        var record = pillion_limits(limits)
        let status = library.render(compiled, &data, &record, &sink)
        if let stopped = call.stopped { return stopped }
        if let reported = call.reported { return reported }
        guard status == PILLION_OK else {
            return RenderError(
                kind: .engine,
                detail:
                    "engine \"\(library.description.id)\" failed with status \(status) and did not say why")
        }
        return nil
    }
}

private struct ThreadedTemplate: CompiledTemplate {
    let template: LibraryTemplate
    let stuck: StuckCalls

    func render(
        _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
        into output: inout ByteBuffer
    ) throws(RenderError) {
        sourceMap?.templates = template.sources
        try PluginCall.checkTime(limits.deadline)
        let call = PluginCall(data: data.value, limits: limits)
        let failure = ResultBox(Mutex<RenderError?>(nil))
        let template = template
        try stuck.run(template.library.description.id, until: limits.deadline) {
            let error = template.render(call, limits: limits)
            failure.value.withLock { $0 = error }
        }
        usage.steps = call.steps
        call.withOutput { output.append($0) }
        usage.outputBytes = call.withOutput { $0.count }
        if let error = failure.value.withLock({ $0 }) { throw error }
    }
}
