import Glibc
import PluginAPI
import TestSupport
import Testing
import Values

@testable import Service

/// Named templates, which the server holds and requests refer to.
struct TemplateFolderTests {
    private let folder = TemporaryFolder()

    private func refusal() throws -> String? {
        let registry = try StandardPlugins.registry()
        return #expect(throws: ServiceError.self) {
            _ = try TemplateFolder(folder.root, registry: registry, limits: .server)
        }?.message
    }

    @Test func namesAndEnginesComeFromTheFiles() throws {
        folder.write("{{define \"tail\"}}.{{end}}{{.}}{{template \"tail\"}}", to: "line.tmpl")
        folder.write("{{#.}}{{>item}}{{/.}}", to: "list.mustache")
        folder.write("- {{.}}\n", to: "item.mustache")
        folder.write("{{template \"line\" .x | upper}}", to: "bad-pipe.txt")
        unlink(folder.path("bad-pipe.txt"))
        let service = try LiveService.start { $0.templatesFolder = folder.root }
        defer { service.stop() }
        func render(_ body: String) throws -> String {
            let response = try #require(
                try service.client().request(
                    "POST", "/render", headers: [("Content-Type", "application/json")],
                    body: Array(body.utf8)))
            return try JSON.read(response.body)["output"]?.string ?? response.text
        }
        #expect(try render(#"{"templateRef":"line","data":"a"}"#) == "a.")
        // The file's suffix determines the engine, not the request.
        #expect(try render(#"{"templateRef":"list","engine":"gotemplate","data":[1,2]}"#) == "- 1\n- 2\n")

        folder.write("{{.}}!", to: "line.tmpl")
        service.reload()
        #expect(try render(#"{"templateRef":"line","data":"a"}"#) == "a!")
        folder.write("{{", to: "line.tmpl")
        service.reload()
        #expect(try render(#"{"templateRef":"line","data":"a"}"#) == "a!")
        let metrics = try #require(try service.client().request("GET", "/metrics")).text
        #expect(
            metrics.contains(
                #"sidecar_injection_config_reloads_total{file="templates",result="failure"} 1"#))
    }

    @Test func aFolderWithOneThatDoesNotCompileIsRefusedWhole() throws {
        folder.write("good", to: "good.tmpl")
        folder.write("{{nosuch .}}", to: "bad.tmpl")
        folder.write("x", to: "page.html")
        folder.write("x", to: "good.mustache")
        folder.write("hidden", to: ".hidden.tmpl")
        #expect(
            try refusal() == """
                good.tmpl: another file is the template "good" already
                bad: template: bad:1: function "nosuch" not defined
                """)
    }

    /// Files that are not templates, such as a README, are ignored.
    @Test func whatIsNoTemplateIsLeftOut() throws {
        folder.write("x", to: "line.tmpl")
        folder.write("x", to: "page.html")
        let found = try NamedTemplates.check(folder: folder.root, registry: StandardPlugins.registry())
        #expect(found.names == ["line"])
        #expect(
            found.skipped == [
                "page.html: is left out, expected a name that ends in .tmpl, .gotemplate, .mustache"
            ])
    }

    @Test func aFolderThatIsNotThere() throws {
        rmdir(folder.root)
        #expect(try refusal() == folder.root + ": No such file or directory")
    }

    /// Tests each limit at its value and above.
    @Test func limits() throws {
        for index in 0..<TemplateFolder.mostFiles { folder.write("x", to: "t\(index).tmpl") }
        #expect(
            try TemplateFolder(folder.root, registry: StandardPlugins.registry(), limits: .server).templates
                .count == TemplateFolder.mostFiles)
        folder.write("x", to: "more.tmpl")
        #expect(try refusal() == "\(folder.root): holds more than 256 files")
    }
}
