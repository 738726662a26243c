import PluginAPI
import Synchronization
import Values

/// The cache of compiled templates of requests, so that the same template with other data is not compiled again.
///
/// The cache is bounded by number of templates and bytes of source. It has two generations: when the younger one is
/// full, the older one is evicted. A template of the older one that is used again moves to the younger one.
final class TemplateCache: Sendable {
    /// Everything that a compiled template depends on, except the server's own limits, which never change.
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
                // Hashing the array itself would hash byte by byte and take ten times as long.
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
    /// The limit of one generation.
    private let count: Int
    private let bytes: Int
    /// The approximate size of a compiled template per byte of its source.
    private static let bytesPerSourceByte = 16

    init(count: Int = 256, bytes: Int = 32 << 20) {
        self.count = count / 2
        self.bytes = bytes / 2
    }

    /// Returns the cached template, or the one that `compile` returns. Errors are not cached.
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
        // A template that takes much of a generation would evict all others.
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
