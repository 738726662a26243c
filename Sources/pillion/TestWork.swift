import Fleet
import Injection
import PluginAPI
import System
import Values

/// The input of `pillion test` in every mode, from the command line.
struct TestInput {
    let arguments: Arguments
    let cluster: ClusterConfiguration
    let files: InjectionFiles
    /// The folder of the cases; nil if none was given.
    let folder: String?

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        guard arguments.operands.count <= 1 else {
            throw UsageError("found \(arguments.operands.count) folders, expected one")
        }
        folder = arguments.operands.first
        cluster = ClusterConfiguration(arguments)
        files = try cluster.files()
    }

    /// Returns a function that compiles files. Warnings are printed only for the first ones.
    func compiler() throws -> (InjectionFiles) throws -> Snapshot {
        var options = try injectionOptions(arguments)
        options.nativeSidecars = try cluster.nativeSidecars() ?? options.nativeSidecars
        options.limits = .commandLine
        let registry = try registry(for: arguments)
        var isFirst = true
        return { files in
            do {
                let snapshot = try InjectionConfiguration.compile(files, registry: registry, options: options)
                if isFirst { for warning in snapshot.warnings { complain(warning.description) } }
                isFirst = false
                return snapshot
            } catch let error as ConfigurationError {
                throw Failure(error.description)
            }
        }
    }

    /// Returns the names and folders of the cases.
    func cases() throws -> [(name: String, folder: String)] {
        guard let folder else { return [] }
        let found: [(name: String, folder: String)]
        do throws(CaseError) {
            found = try TestCase.folders(in: folder)
        } catch {
            throw Failure(error.description)
        }
        guard !found.isEmpty else {
            throw Failure("\(folder): holds no case, expected folders with pod.yaml")
        }
        return found
    }

    /// Returns the objects of `--filename`; Lists are replaced by their items.
    func objects() throws -> [(name: String, object: Value)] {
        guard arguments.isGiven("filename") else { return [] }
        return try ManifestPaths(arguments).paths.flatMap { path in
            try values(ofFile: path).flatMap { Self.flat($0, depth: 0) }.map { (path, $0) }
        }
    }

    /// The largest depth of lists within lists.
    private static let maximumDepth = 4

    private static func flat(_ object: Value, depth: Int) -> [Value] {
        guard object["kind"]?.string?.ends(with: "List") == true, depth < maximumDepth,
            case .array(let items)? = object["items"]
        else { return [object] }
        return items.flatMap { flat($0, depth: depth + 1) }
    }
}

/// One run of `pillion test` over cases.
struct TestWork {
    private let input: TestInput
    private let updates: Bool
    private let format: String

    init(_ arguments: Arguments) throws {
        input = try TestInput(arguments)
        updates = try arguments.flag("update")
        format = arguments.choice("output") ?? "text"
    }

    func run() throws -> ExitStatus {
        guard let folder = input.folder else { throw UsageError("expected a folder of cases") }
        let makes = try input.arguments.flag("init")
        let found: [(name: String, folder: String)]
        if makes {
            let objects = try input.objects().map(\.object)
            guard !objects.isEmpty else { throw UsageError("--init needs manifests: -f FILE") }
            found = try TestRun.make(from: objects, in: folder)
            guard !found.isEmpty else { throw Failure("\(folder): the manifests hold no pods") }
        } else {
            found = try input.cases()
        }
        var run = TestRun(
            input.files, asManifest: try input.arguments.flag("kube-inject"), compile: try input.compiler())
        var results: [TestReport.Result] = []
        let progress = Progress()
        for (number, (name, folder)) in found.enumerated() {
            progress.cases(number + 1, of: found.count)
            results.append(
                TestReport.Result(
                    name: name, folder: folder,
                    outcome: run.run(name: name, folder: folder, updates: updates || makes)))
        }
        progress.end()
        switch format {
        case "json":
            standardOutput.write(JSON.text(TestReport.json(results), style: .pretty(2)) + "\n")
        case "junit": standardOutput.write(TestReport.junit(results))
        default: standardOutput.write(TestReport.text(results))
        }
        return results.contains(where: \.isFailure) ? .failure : .success
    }
}

/// One run of `pillion test --against`.
struct ComparisonWork {
    private let input: TestInput
    private let old: InjectionFiles
    private let format: String

    init(_ arguments: Arguments) throws {
        input = try TestInput(arguments)
        let path = arguments.string("against") ?? ""
        old = InjectionFiles(
            configuration: NamedText(name: path, bytes: try read(file: path)),
            values: try named(arguments.string("againstValuesFile")) ?? input.files.values,
            mesh: try named(arguments.string("againstMeshConfigFile")) ?? input.files.mesh)
        format = arguments.choice("output") ?? "text"
        guard format != "junit" else { throw UsageError("--output junit is for cases, not for --against") }
    }

    func run() throws -> ExitStatus {
        let compile = try input.compiler()
        // Both are compiled first, so that the problems of each have their own message.
        _ = try compile(old)
        _ = try compile(input.files)
        guard var comparison = ConfigurationComparison(old, input.files, compile: compile) else {
            throw Failure("\(old.configuration.name): the file is not YAML")
        }
        let corpus = try self.corpus()
        guard !corpus.isEmpty else {
            throw UsageError("--against needs pods: a folder of cases, or -f FILE")
        }
        let result: ConfigurationComparison.Result
        do {
            result = try comparison.run(corpus)
        } catch let error as ComparisonError {
            throw Failure(error.description)
        }
        let file = input.files.configuration.name
        if format == "json" {
            standardOutput.write(
                JSON.text(ComparisonReport.json(result, file: file), style: .pretty(2)) + "\n")
        } else {
            standardOutput.write(ComparisonReport.text(result, file: file, oldFile: old.configuration.name))
        }
        return result.changed > 0 ? .negative : .success
    }

    private func corpus() throws -> [ConfigurationComparison.Subject] {
        var corpus: [ConfigurationComparison.Subject] = []
        for (name, folder) in try input.cases() {
            do throws(CaseError) {
                corpus += try TestCase(name: name, folder: folder).subjects
            } catch {
                throw Failure(error.description)
            }
        }
        var question = LiveQuestion()
        if let namespace = input.arguments.string("namespace") { question.namespace = namespace }
        for (_, object) in try input.objects() {
            guard let object = Pipeline.testObject(from: object) else { continue }
            let metadata = object["metadata"]
            let name = metadata?["name"]?.string ?? metadata?["generateName"]?.string ?? ""
            let namespace = metadata?["namespace"]?.string ?? question.namespace
            corpus.append(
                ConfigurationComparison.Subject(
                    name: "\(object["kind"]?.string ?? "Pod") \(namespace)/\(name)", object: object,
                    question: question))
        }
        return corpus
    }
}
