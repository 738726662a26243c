import PluginAPI
import Synchronization
import Testing
import Values

@testable import Service

/// Counts how often it compiles.
private final class Compiler: Sendable {
    private struct Empty: CompiledTemplate {
        func render(
            _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
            into output: inout ByteBuffer
        ) throws(RenderError) {}
    }

    let count = Atomic<Int>(0)

    func ask(
        _ cache: TemplateCache, _ text: String, name: String = "main", engine: String = "e",
        options: CompileOptions = CompileOptions()
    ) throws {
        let sources = TemplateSources(TemplateSource(name: name, text: text))
        _ = try cache.template(engine: engine, sources, options) { () throws(RenderError) in
            count.add(1, ordering: .relaxed)
            if text == "bad" { throw RenderError(kind: .parse, detail: "bad") }
            return Empty()
        }
    }

    var compiled: Int { count.load(ordering: .relaxed) }
}

struct TemplateCacheTests {
    @Test func sameTemplateIsCompiledOnce() throws {
        let cache = TemplateCache()
        let compiler = Compiler()
        for _ in 0..<3 { try compiler.ask(cache, "a") }
        #expect(compiler.compiled == 1)
    }

    @Test func whateverItDependsOnMakesAnother() throws {
        let cache = TemplateCache()
        let compiler = Compiler()
        var options = CompileOptions()
        try compiler.ask(cache, "a")
        try compiler.ask(cache, "b")
        try compiler.ask(cache, "a", name: "other")
        try compiler.ask(cache, "a", engine: "f")
        options.missingKey = .error
        try compiler.ask(cache, "a", options: options)
        options.leftDelimiter = "<"
        try compiler.ask(cache, "a", options: options)
        options.escape = .json
        try compiler.ask(cache, "a", options: options)
        options.functionSets = ["sprig"]
        try compiler.ask(cache, "a", options: options)
        #expect(compiler.compiled == 8)
    }

    @Test func errorsAreNotKept() {
        let cache = TemplateCache()
        let compiler = Compiler()
        for _ in 0..<2 { #expect(throws: RenderError.self) { try compiler.ask(cache, "bad") } }
        #expect(compiler.compiled == 2)
    }

    @Test func neverMoreThanItsNumber() throws {
        let cache = TemplateCache(count: 4, bytes: 1 << 20)
        let compiler = Compiler()
        for index in 0..<5 { try compiler.ask(cache, "\(index)") }
        // The cache has two generations of two templates; the oldest is gone.
        try compiler.ask(cache, "4")
        #expect(compiler.compiled == 5)
        try compiler.ask(cache, "0")
        #expect(compiler.compiled == 6)
    }

    @Test func whatIsAskedForStays() throws {
        let cache = TemplateCache(count: 4, bytes: 1 << 20)
        let compiler = Compiler()
        try compiler.ask(cache, "kept")
        for index in 0..<20 {
            try compiler.ask(cache, "\(index)")
            try compiler.ask(cache, "kept")
        }
        #expect(compiler.compiled == 21)
    }

    @Test func bytesAreBounded() throws {
        let cache = TemplateCache(count: 100, bytes: 8 * 1_024)
        let compiler = Compiler()
        let long = String(repeating: "x", count: 10_000)
        for _ in 0..<2 { try compiler.ask(cache, long) }
        #expect(compiler.compiled == 2)
    }
}
