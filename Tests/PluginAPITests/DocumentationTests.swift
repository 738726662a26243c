import PluginAPI
import TestSupport
import Testing

/// docs/plugins.md promises an engine in an hour, so its listing must compile and render.
@Suite(.enabled(if: EngineBuilder.compiler != nil)) struct DocumentationTests {
    @Test func theListingIsAnEngine() throws {
        let document = text(of: "\(packageRoot)/docs/plugins.md")
        let listing = try #require(
            document.split(separator: "```c\n").dropFirst().first?.split(separator: "\n```").first)
        let folder = TemporaryFolder()
        let source = folder.write(String(listing), to: "greet.c")
        let result = run(
            EngineBuilder.compiler ?? "cc",
            [
                "-std=c99", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-I",
                "\(packageRoot)/Sources/CRendererABI/include", source, "-o", folder.path("greet.so"),
            ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(render(try DynamicRenderer.load(folder.path("greet.so")), "hello @").output == "hello x")
    }

    /// The example engine in C stays short.
    @Test func theModelIsShort() {
        let lines = text(of: "\(packageRoot)/Plugins/Examples/Dollar/dollar.c").split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count < 100)
    }
}
