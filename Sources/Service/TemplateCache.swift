import PluginAPI
import Synchronization
import Values

/// Templates of requests that were compiled before, so that the same template over other data is not compiled again.
///
/// Bounded by number and by bytes of source, whatever callers send: two generations, of which the older one goes
/// when the younger one is full; what is asked for again moves to the younger one.
final class TemplateCache: Sendable {
    /// Everything that a compiled template depends on besides the server's own limits, which never change.
    private struct Key: Hashable {
        let engine: String
        let entry: String
        let sources: [Source]
        let options: [String]
        private let digest: Int

        struct Source: Equatable {
            let name: String
            let bytes: [UInt8]
        }

        init(engine: String, _ sources: TemplateSources, _ options: CompileOptions) {
            self.engine = engine
            entry = sources.entry
            self.sources = sources.sources.map { Source(name: $0.name, bytes: $0.bytes) }
            self.options =
                [
                    options.missingKey.rawValue, options.leftDelimiter, options.rightDelimiter,
                    options.escape?.rawValue ?? "", options.allowsImpureFunctions ? "impure" : "",
                ] + options.functionSets
            var hasher = Hasher()
            hasher.combine(engine)
            hasher.combine(entry)
            hasher.combine(self.options)
            for source in sources.sources {
                hasher.combine(source.name)
                // Byte by byte, as an array hashes itself, it would take ten times as long.
                source.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
            }
            digest = hasher.finalize()
        }

        func hash(into hasher: inout Hasher) { hasher.combine(digest) }

        static func == (left: Key, right: Key) -> Bool {
            left.digest == right.digest && left.engine == right.engine && left.entry == right.entry
                && left.options == right.options && left.sources == right.sources
        }
    }

    private struct Generations {
        var young: [Key: any CompiledTemplate] = [:]
        var old: [Key: any CompiledTemplate] = [:]
        var youngBytes = 0
    }

    private let generations = Mutex(Generations())
    /// Of one generation.
    private let count: Int
    private let bytes: Int
    /// What a program takes for each byte of its source, roughly.
    private static let bytesPerSourceByte = 16

    init(count: Int = 256, bytes: Int = 32 << 20) {
        self.count = count / 2
        self.bytes = bytes / 2
    }

    /// The template that was compiled from these before, or what `compile` makes; what it throws is not kept.
    func template(
        engine: String, _ sources: TemplateSources, _ options: CompileOptions,
        compile: () throws(RenderError) -> any CompiledTemplate
    ) throws(RenderError) -> any CompiledTemplate {
        let key = Key(engine: engine, sources, options)
        let cost = Self.bytesPerSourceByte * sources.sources.reduce(0) { $0 + $1.bytes.count } + 1_024
        let found = generations.withLock { generations -> (any CompiledTemplate)? in
            if let found = generations.young[key] { return found }
            guard let found = generations.old.removeValue(forKey: key) else { return nil }
            put(found, for: key, cost, into: &generations)
            return found
        }
        if let found { return found }
        let made = try compile()
        // One that would fill a generation by itself would drive out all others.
        if cost <= bytes / 4 { generations.withLock { put(made, for: key, cost, into: &$0) } }
        return made
    }

    private func put(
        _ template: any CompiledTemplate, for key: Key, _ cost: Int, into generations: inout Generations
    ) {
        if generations.young.count >= count || generations.youngBytes + cost > bytes {
            generations.old = generations.young
            generations.young = [:]
            generations.youngBytes = 0
        }
        if generations.young.updateValue(template, forKey: key) == nil { generations.youngBytes += cost }
    }
}
