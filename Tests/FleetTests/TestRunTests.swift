import Fleet
import Glibc
import Injection
import PluginAPI
import Service
import System
import TestSupport
import Testing
import Values
import YAML

/// Runs cases in folders (`TestRun`): Istio's recorded reviews, and faulty cases.
@Suite("Cases of configurations") struct TestRunTests {
    /// A new empty folder.
    static func folder(_ name: String) -> String {
        let path = "\(temporary)/fleet-\(getpid())-\(name)"
        mkdir(path, 0o755)
        return path
    }

    static let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"

    static func write(_ text: String, _ path: String) throws {
        try File.write(Array(text.utf8), to: path)
    }

    /// Writes the recorded reviews of a suite as cases, or the recorded results of kube-inject for its manifests,
    /// grouped by configuration and flags.
    ///
    /// - Returns: for each configuration its files, options and the cases' names and folders.
    static func recorded(
        _ suite: CaseCollection, manifests: Bool = false, in root: String
    ) throws -> [(files: InjectionFiles, options: InjectionOptions, cases: [(name: String, folder: String)])]
    {
        var groups: [String: (InjectionFiles, InjectionOptions, [(name: String, folder: String)])] = [:]
        for name in entries(of: suite.path + "/cases") {
            let source = "\(suite.path)/cases/\(name)"
            let settings = try JSON.read(text(of: source + "/case.json"))
            let flags = (settings[manifests ? "flags" : "serveFlags"]?.array ?? []).compactMap(\.string)
            var options = InjectionOptions()
            if let index = flags.firstIndex(of: "--revision") { options.revision = flags[index + 1] }
            options.nativeSidecars = flags.contains("--nativeSidecars=true")
            for member in settings["environment"]?.object?.members ?? [] {
                options.environment[member.key] = member.value.string
            }
            let paths = ["injectConfig", "values", "mesh"].map {
                "\(suite.path)/\(settings[$0]?.string ?? "")"
            }
            let named = paths.map { NamedText(name: $0, bytes: contents(of: $0) ?? []) }
            let key = "\(paths) \(flags) \(options.environment)"
            var group =
                groups[key]
                ?? (InjectionFiles(configuration: named[0], values: named[1], mesh: named[2]), options, [])
            if manifests, let expected = contents(of: source + "/expected.yaml") {
                let folder = "\(root)/\(name)"
                mkdir(folder, 0o755)
                try File.write(contents(of: source + "/input.yaml") ?? [], to: folder + "/pod.yaml")
                try File.write(expected, to: folder + "/want.yaml")
                group.2.append((name, folder))
            }
            for file in entries(of: source + "/webhook") where !manifests && file.hasSuffix(".review.json") {
                let request = try JSON.read(text(of: "\(source)/webhook/\(file)"))["request"] ?? .null
                let folder = "\(root)/\(name)-\(file.prefix(2))"
                mkdir(folder, 0o755)
                try write(YAMLWriter.text(request["object"] ?? .null), folder + "/pod.yaml")
                let result = text(
                    of: "\(source)/webhook/" + file.replacing(".review.json", with: ".pod.yaml"))
                try write(result, folder + "/want.yaml")
                let namespace = request["namespace"]?.string ?? "default"
                try write("kind: Namespace\nmetadata: {name: \(namespace)}\n", folder + "/namespace.yaml")
                group.2.append(("\(name)-\(file.prefix(2))", folder))
            }
            groups[key] = group
        }
        return groups.sorted { $0.key < $1.key }.map { ($0.value.0, $0.value.1, $0.value.2) }
    }

    static func compiler(_ options: InjectionOptions) -> TestRun.Compile {
        { files in
            try InjectionConfiguration.compile(files, registry: StandardPlugins.registry(), options: options)
        }
    }

    @Test(
        .needs(.istioClassic), .needs(.istioModern), arguments: [CaseCollection.istioClassic, .istioModern],
        [false, true])
    func recordedCasesPass(_ suite: CaseCollection, manifests: Bool) throws {
        let root = Self.folder("\(suite.rawValue)-\(manifests)")
        var problems: [String] = []
        var count = 0
        for group in try Self.recorded(suite, manifests: manifests, in: root) {
            var run = TestRun(group.files, asManifest: manifests, compile: Self.compiler(group.options))
            for (name, folder) in group.cases {
                count += 1
                switch run.run(name: name, folder: folder) {
                case .passed: break
                case .different(let differences):
                    problems.append(
                        "\(name): \(differences.prefix(3).map(\.sentence).joined(separator: "\n  "))")
                case let other: problems.append("\(name): \(other)")
                }
            }
        }
        #expect(count > 40)
        #expect(problems.isEmpty, "\(problems.count) of \(count):\n\(problems.joined(separator: "\n"))")
        #expect(try TestCase.folders(in: root).count == count)
    }

    /// A changed line makes exactly the cases fail whose pod it changes, and each difference names the line.
    @Test(
        .needs(.istioClassic), .needs(.istioModern),
        arguments: [
            (CaseCollection.istioClassic, "template: |", "JWT_POLICY"),
            (.istioModern, "  sidecar: |", "TRUST_DOMAIN"),
        ])
    func oneChangedLineFailsThoseItConcerns(_ suite: CaseCollection, template: String, variable: String)
        throws
    {
        let root = Self.folder("edited-\(suite.rawValue)")
        for group in try Self.recorded(suite, in: root) {
            let old = String(decoding: group.files.configuration.bytes, as: UTF8.self)
            var lines = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let first = lines.firstIndex { $0.hasPrefix(template) } ?? 0
            let index = lines[first...].firstIndex { $0.contains("name: \(variable)") } ?? 0
            lines[index] = lines[index].replacing(variable, with: "CHANGED")
            var files = group.files
            files.configuration.bytes = Array(lines.joined(separator: "\n").utf8)
            var run = TestRun(files, compile: Self.compiler(group.options))
            for (name, folder) in group.cases
            where !text(of: folder + "/pod.yaml").contains("inject.istio.io/templates") {
                let isConcerned = text(of: folder + "/want.yaml").contains("name: \(variable)")
                switch run.run(name: name, folder: folder) {
                case .passed: #expect(!isConcerned, "\(name) passes")
                case .different(let differences):
                    #expect(isConcerned, "\(name) fails")
                    #expect(
                        differences.contains { $0.found != nil && $0.place?.line == index - first }, "\(name)"
                    )
                case let other: Issue.record("\(name): \(other)")
                }
            }
        }
    }

    static let configuration = InjectionFiles(
        configuration: NamedText(
            name: "config",
            text: """
                policy: enabled
                template: |
                  containers:
                  - name: helper
                    image: {{ .Values.image }}
                    tty: {{ annotation .ObjectMeta "tty" "false" }}
                """), values: NamedText(name: "values", text: "image: one"))

    static let pod = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: app, image: app}]}\n"

    static func word(_ outcome: TestRun.Outcome) -> String {
        switch outcome {
        case .passed: "passed"
        case .updated: "updated"
        case .different(let differences): differences.map(\.sentence).joined(separator: "\n")
        case .wrong(let message), .problem(let message): message
        }
    }

    @Test func expectationsAreWrittenAndCompared() throws {
        let root = Self.folder("own")
        let folder = root + "/a"
        mkdir(folder, 0o755)
        try Self.write(Self.pod, folder + "/pod.yaml")
        var run = TestRun(Self.configuration, compile: Self.compiler(InjectionOptions()))
        let once = { (updates: Bool) in Self.word(run.run(name: "a", folder: folder, updates: updates)) }
        #expect(
            once(false) == "found neither want.yaml nor error.txt, expected one of them; --update writes it")
        #expect(once(true) == "updated")
        #expect(once(false) == "passed")
        try Self.write("image: two", folder + "/values.yaml")
        #expect(
            once(false)
                == "/spec/containers/helper/image: found \"two\", expected \"one\" (template template:3)")
        #expect(once(true) == "updated")
        try Self.write(
            Self.pod.replacing("{name: a}", with: "{name: a, annotations: {tty: '['}}"), folder + "/pod.yaml")
        #expect(once(false).hasPrefix("found the error "))
        #expect(once(true) == "updated")
        #expect(contents(of: folder + "/want.yaml") == nil)
        #expect(once(false) == "passed")
        try Self.write("something else\n", folder + "/error.txt")
        #expect(once(false).hasSuffix("expected \"something else\""))
        try Self.write(Self.pod, folder + "/pod.yaml")
        #expect(once(false) == "found no error, expected \"something else\"")
        try Self.write(Self.pod, folder + "/want.yaml")
        #expect(once(false) == "\(folder): found want.yaml and error.txt, expected one of them")
    }

    @Test func casesOfManifests() throws {
        let root = Self.folder("made") + "/cases"
        let deployment: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "shop"],
            "spec": ["template": ["spec": ["containers": [["name": "app"]]]]],
        ]
        let made = try TestRun.make(from: [deployment, ["kind": "Service"], deployment], in: root)
        #expect(made.map(\.name) == ["deployment-shop-web", "deployment-shop-web-2"])
        #expect(throws: CaseError.self) { try TestRun.make(from: [deployment], in: root) }
        var run = TestRun(Self.configuration, compile: Self.compiler(InjectionOptions()))
        for (name, folder) in made {
            #expect(Self.word(run.run(name: name, folder: folder, updates: true)) == "updated")
            #expect(text(of: folder + "/want.yaml").contains("name: helper"))
            #expect(Self.word(run.run(name: name, folder: folder)) == "passed")
        }
    }
}
