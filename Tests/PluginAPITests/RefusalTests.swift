import Glibc
import PluginAPI
import TestSupport
import Testing

/// Libraries that break the interface's rules before they render anything.
@Suite(.enabled(if: EngineBuilder.compiler != nil)) struct RefusalTests {
    private let builder = EngineBuilder()

    private func refusal(_ path: String) -> String? {
        do throws(PluginRefusal) {
            _ = try DynamicRenderer.load(path)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func theEngineThatKeepsTheRulesIsLoaded() throws {
        let renderer = try DynamicRenderer.load(builder.build())
        #expect(renderer.description.id == "engine")
        #expect(renderer.description.options == ["escape"])
        #expect(render(renderer, "as it is").output == "as it is")
    }

    @Test(arguments: [
        ("OTHER_VERSION", "it was built for version 2 of the interface, and this program speaks version 1"),
        ("WITHOUT_VERSION", "it does not export pillion_renderer_abi_version"),
        ("WITHOUT_RENDER", "it does not export pillion_renderer_render"),
        ("NULL_ID", "pillion_renderer_id answers NULL, or more than 63 bytes"),
        ("LONG_ID", "pillion_renderer_id answers NULL, or more than 63 bytes"),
        (
            "BAD_ID",
            "id \"Bad Id\" is malformed: expected a lower-case letter, then lower-case letters, digits or '-'"
        ),
        ("NULL_DESCRIPTION", "pillion_renderer_describe answers NULL"),
        ("SMALL_DESCRIPTION", "its description has 8 bytes, expected 48"),
        ("NULL_VERSION", "its description has no version"),
        (
            "NULL_OPTION",
            "its description lists options or function sets with NULL among them, or more than 64"
        ),
        (
            "MANY_OPTIONS",
            "its description lists options or function sets with NULL among them, or more than 64"
        ),
    ])
    func aMutationIsRefused(_ mutation: String, _ reason: String) {
        #expect(refusal(builder.build(mutation)) == reason)
        // With isolation, the child process refuses it too.
        do throws(PluginRefusal) {
            _ = try IsolatedRenderer(library: builder.build(mutation), executable: pillionBinary)
            Issue.record("\(mutation) is not refused by the process")
        } catch {
            #expect(error.reason == reason)
        }
    }

    @Test func whatIsNoLibraryIsRefused() {
        let path = builder.folder.write("not a library", to: "text.so")
        chmod(path, 0o644)
        #expect(refusal(path)?.hasPrefix("it cannot be opened: ") == true)
        #expect(refusal(path + ".none") == "it is not there: No such file or directory")
        #expect(refusal(builder.folder.root) == "it is not a file")
    }

    @Test func whatOthersMayWriteIsRefused() {
        let path = builder.build()
        chmod(path, 0o757)
        #expect(refusal(path) == "the file may be written by others: take that away (chmod o-w)")
        chmod(path, 0o755)
        chmod(builder.folder.root, 0o777)
        #expect(refusal(path)?.hasSuffix("may be written by others: take that away (chmod o-w)") == true)
        let (renderers, refusals) = DynamicRenderer.load(folder: builder.folder.root)
        #expect(renderers.isEmpty && refusals.count == 1)
        chmod(builder.folder.root, 0o755)
    }

    @Test func aFolderIsLoadedInOrderAndTakenIdsAreRefused() {
        _ = builder.build("TAKEN_ID")
        _ = builder.build()
        _ = builder.build("RENDER_SILENT")
        builder.folder.write("beside", to: "README")
        let (renderers, refusals) = DynamicRenderer.load(folder: builder.folder.root, taken: ["mustache"])
        #expect(renderers.map(\.description.id) == ["engine"])
        #expect(
            refusals.map(\.reason) == [
                "id \"engine\" is taken: an id names one engine",
                "id \"mustache\" is taken: an id names one engine",
            ])
        #expect(DynamicRenderer.load(folder: builder.folder.path("none")).refusals.count == 1)
    }
}
