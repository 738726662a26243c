import Glibc
import PluginAPI
import TestSupport
import Testing
import Values

/// Engines that break the interface's rules when called, in this process and in a child process.
@Suite(.enabled(if: EngineBuilder.compiler != nil)) struct MutationTests {
    private let builder = EngineBuilder()

    private func both(_ mutation: String) throws -> [any Renderer] {
        let path = builder.build(mutation)
        return [
            try DynamicRenderer.load(path, isolation: .none),
            try DynamicRenderer.load(path, isolation: .process, executable: pillionBinary),
        ]
    }

    @Test(arguments: [
        ("COMPILE_NULL", "engine \"engine\" did not compile the template and did not say why"),
        ("COMPILE_SILENT", "engine \"engine\" did not compile the template and did not say why"),
        ("REPORT_NULL", "the engine failed and reported NULL where a message should be"),
        ("REPORT_NULL_TEXT", "the engine failed and reported NULL where a message should be"),
        ("REPORT_UNKNOWN_KIND", "template: main:3:4: what"),
        ("WRITE_NULL", "the engine wrote 10 bytes from NULL"),
        ("RENDER_SILENT", "engine \"engine\" failed with status 1 and did not say why"),
        ("RENDER_NONSENSE", "engine \"engine\" failed with status 4711 and did not say why"),
    ])
    func aMutationIsAnErrorOfTheEngine(_ mutation: String, _ detail: String) throws {
        for renderer in try both(mutation) {
            let (_, error) = render(renderer, "text")
            #expect(error?.kind == .engine)
            #expect(error?.detail == detail)
        }
    }

    @Test func whatWasWrittenBeforeAFailureStays() throws {
        for renderer in try both("RENDER_SILENT") { #expect(render(renderer, "text").output == "begun") }
    }

    @Test func outputPastTheLimitEndsAtTheLimit() throws {
        for renderer in try both("WRITE_PAST_LIMIT") {
            let (output, error) = render(renderer, "text")
            #expect(error?.limit?.limit == .outputBytes)
            #expect(output.utf8.count <= RenderLimits.server.outputBytes)
        }
    }

    @Test func everyCompiledTemplateIsGivenBack() throws {
        let path = builder.build()
        let renderer = try DynamicRenderer.load(path)
        for _ in 0..<100 { #expect(render(renderer, "text").error == nil) }
        let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)
        let living = unsafeBitCast(dlsym(handle, "engine_living"), to: (@convention(c) () -> Int).self)
        #expect(living() == 0)
    }
}

/// In a child process, an engine that does not end, crashes or uses too much memory fails only its own request.
@Suite(.enabled(if: EngineBuilder.compiler != nil)) struct IsolationTests {
    private let builder = EngineBuilder()

    private func isolated(_ mutation: String) throws -> any Renderer {
        try DynamicRenderer.load(
            builder.build(mutation), isolation: .process, executable: pillionBinary)
    }

    @Test(arguments: [
        ("RENDER_ENDLESS", "template: engine \"engine\" did not end at the deadline; its process was ended"),
        ("RENDER_CRASHES", "engine \"engine\": its process ended during the call (signal 11)"),
        ("RENDER_EXITS", "engine \"engine\": its process ended during the call (exit status 0)"),
        ("RENDER_HOARDS", "engine \"engine\": its process ended during the call (signal 11)"),
        ("RENDER_TALKS", "engine \"engine\": its process answered nonsense and was ended"),
        ("RENDER_FORGED", "engine \"engine\": its process answered nonsense and was ended"),
    ])
    func aBadRenderCostsItsOwnRequestAlone(_ mutation: String, _ detail: String) throws {
        let renderer = try isolated(mutation)
        let good = try renderer.compile(
            TemplateSources(TemplateSource(name: "main", text: "good")), options: CompileOptions())
        #expect(text(good) == "good")
        let time = mutation == "RENDER_HOARDS" ? UInt64(20_000) : 300
        #expect(render(renderer, "! bad", until: deadline(in: time)).error?.detail == detail)
        #expect(text(good) == "good", "expected a template compiled before to still render")
        #expect(render(renderer, "another").output == "another")
    }

    @Test func anEndlessCompileCostsItsOwnRequestAlone() throws {
        let renderer = try isolated("COMPILE_ENDLESS")
        let (_, error) = render(renderer, "text", until: deadline(in: 200))
        #expect(error?.kind == .deadline)
    }

    @Test func anIsolatedEngineOpensNoFile() throws {
        #expect(render(try isolated("RENDER_OPENS"), "text").output == "closed")
    }

    /// Without isolation, the endless thread remains, and the caller does not wait for it. After some of these, the
    /// engine is disabled.
    @Test func anEndlessRenderWithinTheProcessIsLeftAlone() throws {
        let renderer = try DynamicRenderer.load(builder.build("RENDER_ENDLESS"), isolation: .none)
        for _ in 0..<4 {
            let (_, error) = render(renderer, "!", until: deadline(in: 200))
            #expect(error?.kind == .deadline)
        }
        let (_, error) = render(renderer, "fine", until: deadline(in: 200))
        #expect(error?.kind == .engine)
        #expect(error?.detail.contains("--pluginIsolation process") == true)
    }

    private func text(_ template: any CompiledTemplate) -> String {
        var output = ByteBuffer()
        do throws(RenderError) {
            try template.render(TemplateData(.null), limits: .server, into: &output)
            return output.text
        } catch {
            return error.detail
        }
    }
}
