import Charts
import PluginAPI
import Service
import System
import Values
import YAML

/// The options of `render` in addition to `--chart`, named as in `helm template`.
let chartOptions = [
    Option(
        name: "chart", shape: .value("FOLDER|FILE.tgz"),
        help: "render this chart as helm template does, for the release NAME"),
    Option(
        name: "values", short: "f", shape: .list("FILE"),
        help: "values of the chart, later files win; - is standard input"),
    Option(name: "set-string", shape: .list("KEY=TEXT"), help: "as --set, everything is text"),
    Option(
        name: "set-json", shape: .list("KEY=JSON"), help: "sets a JSON value, or lays a JSON object over all"),
    Option(name: "set-file", shape: .list("KEY=FILE"), help: "sets a file's content as text"),
    Option(
        name: "set-literal", shape: .list("KEY=TEXT"), help: "sets the rest of the argument as text, as it is"
    ),
    Option(
        name: "namespace", short: "n", shape: .value("NAMESPACE"), fallback: "default",
        help: "the release's namespace"),
    Option(name: "kube-version", shape: .value("VERSION"), help: "the Kubernetes version of .Capabilities"),
    Option(
        name: "api-versions", short: "a", shape: .list("VERSION"),
        help: "further API versions of .Capabilities.APIVersions, separated by commas"),
    Option(
        name: "show-only", short: "s", shape: .list("PATH"),
        help: "only the documents of these files: templates/a.yaml"),
    Option(name: "include-crds", shape: .flag, help: "also the files of crds/"),
    Option(name: "no-hooks", shape: .flag, help: "leave hooks out"),
    Option(name: "skip-tests", shape: .flag, help: "leave hooks of tests out"),
    Option(name: "is-upgrade", shape: .flag, help: "set .Release.IsUpgrade instead of .Release.IsInstall"),
    Option(
        name: "skip-schema-validation", shape: .flag, help: "do not check values against values.schema.json"),
    Option(
        name: "output-dir", shape: .value("FOLDER"), help: "write each file's documents to a file of its own"),
    Option(
        name: "name-template", shape: .value("TEMPLATE"), help: "a template that makes the release's name"),
    Option(name: "notes", shape: .flag, help: "also print NOTES.txt, to standard error"),
]

func renderChart(
    _ path: String, _ arguments: Arguments, _ registry: PluginRegistry, _ limits: RenderLimits
) throws -> ExitStatus {
    do {
        let renderer = try ChartEngine.renderer(in: registry)
        let release = try release(arguments, renderer)
        let values = try chartValues(arguments)
        let chart = KeptChart(try ChartFolder.chart(at: path), renderer: renderer, compileLimits: limits)
        // The process ends with its templates: the system frees them faster than releasing them one by one.
        _ = Unmanaged.passRetained(chart)
        var usage = RenderUsage()
        let rendered: RenderedChart
        do throws(ChartFailure) {
            rendered = try chart.render(values, as: release, limits: limits, usage: &usage)
        } catch {
            report(error)
            return .failure
        }
        for warning in rendered.warnings { complain("warning: \(warning)") }
        if try arguments.flag("notes"), !rendered.notes.isEmpty { standardError.write(rendered.notes + "\n") }
        if let folder = arguments.string("output-dir") {
            try write(rendered.files, below: folder)
            // As Helm reports it: a line for each document, and the remaining text, which is empty.
            let lines = rendered.paths.map { "wrote \(folder)/\($0)\n" }
            standardOutput.write(lines.joined() + "\n")
        } else {
            let only = arguments.list("show-only").flatMap { $0.split(byte: ",").map(String.init) }
            try write(
                only.isEmpty ? rendered.text : try rendered.text(of: only),
                toFile: arguments.string("output") ?? "-")
        }
        return .success
    } catch let error as ChartError {
        report(.chart(error))
        return .failure
    }
}

private func report(_ failure: ChartFailure) {
    let problem = RequestProblem(failure)
    complain(problem.detail)
    if let snippet = problem.members["snippet"]?.string { standardError.write(snippet + "\n") }
    if let place = problem.members["writtenBy"] {
        let line = "\(place["line"]?.int ?? 1):\(place["column"]?.int ?? 1)"
        standardError.write("\(place["name"]?.string ?? ""):\(line) wrote it\n")
    }
}

private func release(_ arguments: Arguments, _ renderer: any Renderer) throws -> ChartRelease {
    var release = ChartRelease()
    guard arguments.operands.count <= 1 else {
        throw UsageError("unexpected argument \"\(arguments.operands[1])\"")
    }
    if let template = arguments.string("name-template") {
        var options = CompileOptions()
        options.functionSets = ["sprig"]
        options.allowsImpureFunctions = true
        var output = ByteBuffer()
        do throws(RenderError) {
            let compiled = try renderer.compile(
                TemplateSources(TemplateSource(name: "name-template", text: template)), options: options)
            try compiled.render(TemplateData(.null), limits: .server, into: &output)
        } catch {
            throw Failure(error.detail)
        }
        release.name = output.text
    }
    if let name = arguments.operands.first { release.name = name }
    try ChartRelease.checkName(release.name)
    release.namespace = arguments.string("namespace") ?? "default"
    release.isUpgrade = try arguments.flag("is-upgrade")
    if let version = arguments.string("kube-version") { try release.capabilities.set(kubeVersion: version) }
    release.capabilities.apiVersions += arguments.list("api-versions").flatMap {
        $0.split(byte: ",").map(String.init)
    }
    release.includesDefinitions = try arguments.flag("include-crds")
    release.includesHooks = !(try arguments.flag("no-hooks"))
    release.includesTests = !(try arguments.flag("skip-tests"))
    release.skipsSchema = try arguments.flag("skip-schema-validation")
    release.isStrict = try arguments.flag("strict")
    release.allowsImpureFunctions = try arguments.flag("allow-impure-functions")
    return release
}

/// Merges the values in Helm's order: the files in their order, then JSON, typed values, text, files and literals.
private func chartValues(_ arguments: Arguments) throws -> Value {
    var values = Value.object(Object())
    for path in arguments.list("values").flatMap({ $0.split(byte: ",").map(String.init) }) {
        let bytes = try read(file: path)
        let file: Value
        do throws(YAMLError) { file = try YAMLReader.value(bytes) } catch {
            throw Failure("failed to parse \(path): \(error)")
        }
        if file.isNull { continue }
        guard file.object != nil else { throw Failure("failed to parse \(path): expected a map") }
        values = ValuesMerge.overlaid(values, by: ValuesMerge.decoded(file))
    }
    for form in [SetValue.Form.json, .set, .string] { try apply(form, arguments, to: &values) }
    for text in arguments.list("set-file") {
        guard let equals = text.firstIndex(ofByte: "=") else {
            throw Failure("failed parsing --set-file data: key \"\(text)\" has no value")
        }
        let content = try read(file: String(text[text.utf8.index(after: equals)...]))
        do throws(SetValue.Problem) {
            try SetValue.applyFile(
                String(text[..<equals]), .string(String(decoding: content, as: UTF8.self)), to: &values)
        } catch {
            throw Failure("failed parsing --set-file data: \(error.message)")
        }
    }
    try apply(.literal, arguments, to: &values)
    return values
}

private func apply(_ form: SetValue.Form, _ arguments: Arguments, to values: inout Value) throws {
    for text in arguments.list(form.rawValue) {
        do throws(SetValue.Problem) { try SetValue.apply(text, as: form, to: &values) } catch {
            throw Failure("failed parsing --\(form.rawValue) data: \(error.message)")
        }
    }
}

private func write(_ files: [(path: String, text: [UInt8])], below folder: String) throws {
    for (path, text) in files {
        let target = folder + "/" + path
        try makeFolders(for: target)
        try write(text, toFile: target)
    }
}

private func makeFolders(for path: String) throws {
    var made = path.begins(with: "/") ? "" : "."
    for part in path.split(byte: "/").dropLast() {
        made += "/" + part
        if Folder.exists(made) { continue }
        do throws(FileError) { try Folder.make(made) } catch { throw Failure(error.description) }
    }
}
