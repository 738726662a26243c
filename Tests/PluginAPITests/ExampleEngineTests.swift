import Glibc
import PluginAPI
import RendererContract
import TestSupport
import Testing
import Values

/// Loads the engines of Plugins/Examples like any other engine.
@Suite struct ExampleEngineTests {
    private static let pod: Value = [
        "name": "web", "spec": ["containers": [["image": "nginx"]], "replicas": 3],
    ]

    @Test(arguments: [PluginIsolation.wished, .process])
    func dollarKeepsTheContract(_ isolation: PluginIsolation) throws {
        let renderer = try DynamicRenderer.load(
            example("dollar"), isolation: isolation, executable: pillionBinary)
        let samples = RendererContract.Samples(
            plain: (
                "${name}: ${spec.containers.0.image} x ${spec.replicas} for $$5\n", Self.pod,
                "web: nginx x 3 for $5\n"
            ),
            broken: ("one\n  ${two", 2), failing: ("one\ntwo ${nobody}", Self.pod, 2), empty: "",
            notUTF8: ([0xff, 0xfe, 0x24, 0x24, 0xc0], [0xff, 0xfe, 0x24, 0xc0]),
            long: (String(repeating: "${name}", count: 100_000), Self.pod), countsSteps: true)
        let found = RendererContract(renderer, samples).violations(
            renders: isolation == .wished ? 10_000 : 400)
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func fieldsKeepsTheContract() throws {
        let renderer = try DynamicRenderer.load(example("fields"))
        let samples = RendererContract.Samples(
            plain: ("|{name:<6}|{spec.replicas:>4}|{{}}\n", Self.pod, "|web   |   3|{}\n"),
            broken: ("one\n{two", 2), failing: ("one\n{nobody}", Self.pod, 2), empty: "",
            notUTF8: ([0xff, 0x7b, 0x7b], [0xff, 0x7b]),
            long: (String(repeating: "{name}", count: 100_000), Self.pod), countsSteps: true)
        let found = RendererContract(renderer, samples).violations()
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test(arguments: [("a {name:^3}", 1), ("\n }", 2), ("{name:>0}", 1), ("{name:>1001}", 1)])
    func fieldsSaysWhatIsWrongAndWhere(_ template: String, _ line: Int) throws {
        let (_, error) = render(try DynamicRenderer.load(example("fields")), template)
        #expect(error?.kind == .parse && error?.place?.line == line)
    }
}

/// A folder of engines, given to the program.
@Suite struct PluginFolderTests {
    private let folder = TemporaryFolder()

    private func copy(_ name: String, as file: String) throws {
        chmod(folder.write(try #require(contents(of: example(name))), to: file), 0o755)
    }

    @Test(arguments: ["none", "wished", "process"])
    func theCommandLineRendersWithALoadedEngineAndSaysWhatItRefuses(_ isolation: String) throws {
        try copy("dollar", as: "dollar.so")
        try copy("dollar", as: "twin.so")
        chmod(folder.write("no library", to: "broken.so"), 0o755)
        let request = #"{"id": 1, "engine": "dollar", "template": "hello ${who}", "data": {"who": "world"}}"#
        let result = run(
            pillionBinary,
            ["render", "--pluginDir", folder.root, "--pluginIsolation", isolation, "--requests", "-"],
            input: request + "\n")
        #expect(result.status == 0)
        #expect(result.output == #"{"id":1,"output":"hello world","error":null}"# + "\n")
        #expect(result.errors.contains("broken.so is refused: it cannot be opened: "))
        #expect(result.errors.contains("twin.so is refused: id \"dollar\" is taken: an id names one engine"))
    }

    @Test func theFolderMayComeFromTheEnvironment() throws {
        try copy("fields", as: "fields.so")
        let result = run(pillionBinary, ["engines"], environment: ["PILLION_PLUGIN_DIR": folder.root])
        #expect(result.output.contains("fields 1.0.0"))
    }
}

private let libjsonnetIsInstalled = dlopen("libjsonnet.so.0", RTLD_NOW | RTLD_LOCAL) != nil

/// The Jsonnet engine, if libjsonnet is installed.
@Suite(.enabled(if: libjsonnetIsInstalled, "libjsonnet is not installed")) struct JsonnetTests {
    private func load() throws -> any Renderer {
        try DynamicRenderer.load(example("jsonnet"), executable: pillionBinary)
    }

    @Test func jsonnetKeepsTheContract() throws {
        let samples = RendererContract.Samples(
            plain: (
                "local data = std.extVar(\"data\");\n{ name: data.name, n: data.n + 1 }",
                ["name": "web", "n": 1],
                "{\n   \"n\": 2,\n   \"name\": \"web\"\n}\n"
            ),
            broken: ("{\n  a: 1,\n  b: ,\n}", 3),
            failing: ("{\n  a: std.extVar(\"data\").nobody,\n}", ["name": "web"], 2), empty: nil,
            notUTF8: (Array("\"".utf8) + [0xff] + Array("\"".utf8), Array("\u{FFFD}".utf8)),
            long: ("local f(n) = if n == 0 then 0 else f(n - 1) + f(n - 1); f(200)", .null),
            countsSteps: false)
        let renders = getenv("PILLION_ALL_RENDERS") == nil ? 40 : 10_000
        let found = RendererContract(try load(), samples).violations(renders: renders)
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test(arguments: [
        ("'plain \\n \\u0001 \\u00e9 \\\\ \"'", "plain \n \u{1} é \\ \""),
        ("std.manifestYamlDoc({ a: [1, 'x'] })", "\"a\":\n- 1\n- \"x\""),
        ("null", "null\n"),
    ])
    func textsPrintAsTheyAreAndValuesAsJSON(_ program: String, _ output: String) throws {
        let (printed, error) = render(try load(), program)
        #expect(error == nil)
        #expect(printed == output)
    }

    @Test func importsFindTheRequestsOwnTextsAndNoFile() throws {
        let sources = TemplateSources(
            [
                TemplateSource(name: "main", text: "(import 'part') + { c: importstr 'text' }"),
                TemplateSource(name: "part", text: "{ b: 1 }"), TemplateSource(name: "text", text: "words"),
            ], entry: "main")
        var output = ByteBuffer()
        let renderer = try load()
        try renderer.compile(sources, options: CompileOptions())
            .render(TemplateData(.null), limits: .server, into: &output)
        #expect(output.text == "{\n   \"b\": 1,\n   \"c\": \"words\"\n}\n")
        for program in ["import '/etc/passwd'", "importstr '/etc/passwd'", "importstr '../../etc/passwd'"] {
            let (printed, error) = render(renderer, program)
            #expect(printed.isEmpty)
            #expect(error?.detail.contains("files cannot be imported") == true)
        }
    }

    @Test(arguments: [
        ("{ a: 1 ", "template: main:1: the program ends where something should follow"),
        ("local x = 1;\ny", "template: main:2:1: unknown variable: y"),
        ("local x = 1;\n\nerror 'why ' + x", "template: main:3:1: why 1"),
    ])
    func errorsHaveTheirPlace(_ program: String, _ detail: String) throws {
        let error = render(try load(), program).error
        #expect(error?.detail.lowercased().hasPrefix(detail) == true, "\(error?.detail ?? "no error")")
    }

    @Test func anEndlessProgramIsEndedAtTheDeadline() throws {
        let renderer = try load()
        let endless = "local f(n) = if n == 0 then 0 else f(n - 1) + f(n - 1); f(200)"
        #expect(render(renderer, endless, until: deadline(in: 200)).error?.kind == .deadline)
        #expect(render(renderer, "1 + 1").output == "2\n")
    }
}
