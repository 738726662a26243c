import Charts
import Glibc
import PluginAPI
import Service
import Values
import YAML

/// The options for a template and its data, which `bench` has too.
let templateOptions = [
    Option(
        name: "template", short: "t", shape: .list("FILE"),
        help: "the template, or NAME=FILE; - is standard input"),
    Option(
        name: "data", short: "d", shape: .value("FILE"),
        help: "the data, JSON or YAML; - is standard input"),
    Option(
        name: "set", shape: .list("KEY=VALUE"),
        help:
            "set values of the data as Helm's --set does: a.b[0]=1,c={x,y}; 1.10 and 007 stay text"
    ),
    Option(
        name: "engine", short: "e", shape: .value("ENGINE"), fallback: StandardPlugins.defaultEngine,
        help: "the engine"),
    Option(
        name: "function-set", shape: .list("SET"),
        help: "functions besides the engine's own: sprig, helm, injection; later ones override"),
    impureFunctionsOption,
    Option(
        name: "execute", shape: .value("NAME"), help: "the template to run instead of the main one"),
    Option(
        name: "missing-key", shape: .choice(CompileOptions.MissingKey.allCases.map(\.rawValue)),
        help: "the result of a key that a map does not have"),
    Option(name: "strict", shape: .flag, help: "the same as --missing-key error"),
    Option(name: "left-delim", shape: .value("TEXT"), help: "instead of {{"),
    Option(name: "right-delim", shape: .value("TEXT"), help: "instead of }}"),
    Option(
        name: "escape", shape: .choice(["html", "json", "yaml", "none"]), help: "how mustache escapes values"),
]

let renderVerb = Verb(
    name: "render", summary: "render a template with data, or a Helm chart", operands: "[NAME]",
    discussion: """
        The first --template is the main one; it can call the others by their file names. Data is JSON or YAML. With
        --requests, every line is a request as for POST /render, with an "id" of your choice, and every line of output
        is its answer, in the same order.

        With --chart, renders a chart as helm template does, for a release of that NAME.
        """,
    options: templateOptions + [
        Option(
            name: "format", shape: .choice(["text", "yaml", "json"]), fallback: "text",
            help: "yaml and json: the output must parse, and is printed as such"),
        Option(
            name: "source-map", shape: .value("FILE"),
            help: "also write a source map: which template line wrote which bytes; - is standard output"),
        Option(
            name: "check", shape: .flag,
            help:
                "compile only, and warn of variables that are never read and branches that are never "
                + "reached; with --strict a warning is an error"
        ),
        Option(
            name: "limits", shape: .choice(["go", "server"]), fallback: "go",
            help: "server: the limits of the server for templates of requests"),
        Option(
            name: "requests", shape: .value("FILE"),
            help: "requests, one JSON object per line; - is standard input"),
        Option(
            name: "functions", shape: .flag,
            help: "list the functions of all sets and mark impure ones; as JSON with --format json"
        ),
        Option(
            name: "output", short: "o", shape: .value("FILE"), fallback: "-", help: "the output file"),
    ] + chartOptions + pluginOptions,
    examples: [
        ("pillion render -t page.tmpl -d data.json", "render one file"),
        (
            "pillion render -t pod.tmpl --set name=web --format yaml",
            "render and check that the output is "
                + "YAML"
        ),
        ("pillion render --chart ./web prod -f values.yaml --set image.tag=1.10", "render a chart"),
        ("pillion render --requests requests.jsonl", "answer each line with a line"),
    ],
    run: { arguments in
        let registry = try registry(for: arguments)
        let isServer = arguments.choice("limits") == "server"
        let context = RenderRequest.Context(registry: registry, limits: isServer ? .server : .commandLine)
        if try arguments.flag("functions") {
            let isJSON = arguments.string("format") == "json"
            let list =
                isJSON
                ? JSON.text(Catalogue.functions(registry), style: .pretty(2)) + "\n" : functionList(registry)
            standardOutput.write(list)
            return .success
        }
        if let chart = arguments.string("chart") {
            return try renderChart(chart, arguments, registry, isServer ? .server : .commandLine)
        }
        if let name = arguments.operands.first { throw UsageError("unexpected argument \"\(name)\"") }
        if let path = arguments.string("requests") {
            try answerLines(of: path, context)
            return .success
        }
        return try renderOne(arguments, context)
    })

/// Lists the functions with signature and summary, set by set.
private func functionList(_ registry: PluginRegistry) -> String {
    var text = ""
    for renderer in registry.renderers {
        for (set, functions) in grouped(renderer.functions) {
            let origin = functions.first.map { $0.origin.isEmpty ? "" : " (\($0.origin))" } ?? ""
            text += "\(renderer.description.id) \(set)\(origin)\n"
            for function in functions {
                text += "  \(function.name) \(function.signature)\(function.isPure ? "" : " [not pure]")\n"
                if !function.summary.isEmpty { text += "      \(function.summary)\n" }
                guard let example = function.example else { continue }
                let output = JSON.text(.string(example.output))
                text += "      \(JSON.text(.string(example.template))) prints \(output)\n"
            }
        }
    }
    return text
}

/// Groups functions by set, in the order of the sets' first functions.
private func grouped(_ functions: [FunctionDescription]) -> [(set: String, functions: [FunctionDescription])]
{
    var groups: [(set: String, functions: [FunctionDescription])] = []
    for function in functions {
        if let index = groups.firstIndex(where: { $0.set == function.set }) {
            groups[index].functions.append(function)
        } else {
            groups.append((function.set, [function]))
        }
    }
    return groups
}

/// Answers each line as soon as it is read, so that a caller can wait for the answer before it sends the next line.
private func answerLines(of path: String, _ context: RenderRequest.Context) throws {
    try forEachLine(of: path) { line in
        guard line.contains(where: { $0 > 0x20 }) else { return }
        var output = ByteBuffer(capacity: 4096)
        RenderLines.answer(line, context, into: &output)
        output.withBytes { standardOutput.write($0) }
    }
}

private func renderOne(_ arguments: Arguments, _ context: RenderRequest.Context) throws -> ExitStatus {
    let request = try renderRequest(arguments)
    if try arguments.flag("check") {
        return check(request, context, isStrict: try arguments.flag("strict"))
    }
    let answer = request.run(context)
    let output = try formatted(answer, as: request.format)
    let target = arguments.string("output") ?? "-"
    // Output before an error is printed, but not written to a file.
    if isStandardOutput(target) || answer.problem == nil { try write(output, toFile: target) }
    if let path = arguments.string("source-map"), let map = answer.json["sourceMap"] {
        // If both are written to one stream, the map begins on its own line.
        let sharesStream = isStandardOutput(path) && isStandardOutput(target)
        let isBehind = sharesStream && output.last ?? 0x0a != 0x0a
        let text = (isBehind ? "\n" : "") + JSON.text(map, style: .pretty(2)) + "\n"
        try write(Array(text.utf8), toFile: path)
    }
    guard let problem = answer.problem else { return .success }
    report(problem, hint: request.hint(for: problem, context))
    if let rendered = problem.members["rendered"], let line = rendered["line"]?.int {
        if let value = rendered["value"]?.string, let place = rendered["writtenBy"] {
            let line = "\(place["line"]?.int ?? 1):\(place["column"]?.int ?? 1)"
            let written = JSON.text(.string(value))
            standardError.write("\(place["name"]?.string ?? ""):\(line) wrote \(written)\n")
        }
        standardError.write("line \(line) of the output: \(outputLine(Int(line), of: answer.output))\n")
    }
    return .failure
}

/// Compiles the template, and prints warnings about likely mistakes. With --strict, a warning is a failure.
private func check(
    _ request: RenderRequest, _ context: RenderRequest.Context, isStrict: Bool
) -> ExitStatus {
    do throws(RequestProblem) {
        let warnings = try request.check(context)
        let colour = Colour(isOn: standardError.isTerminal)
        for warning in warnings {
            let place = "\(warning.place.template):\(warning.place.line):\(warning.place.column ?? 1)"
            complain(styled: colour.bold("warning: \(place): \(warning.message)"))
            if let snippet = request.snippet(of: warning.place) { standardError.write(snippet + "\n") }
        }
        return isStrict && !warnings.isEmpty ? .failure : .success
    } catch {
        report(error, hint: request.hint(for: error, context))
        return .failure
    }
}

private func formatted(_ answer: RenderAnswer, as format: RenderRequest.Format) throws -> [UInt8] {
    guard let value = answer.value else { return answer.output }
    switch format {
    case .text: return answer.output
    case .yaml:
        return Array(
            LongIntegers.text(of: value, in: answer.output) { YAMLWriter.text($0, order: .asGiven) }.utf8)
    case .json:
        let text = LongIntegers.text(of: value, in: answer.output) { JSON.text($0, style: .pretty(2)) }
        return Array((text + "\n").utf8)
    }
}

/// Returns a line of the output for a message: at most 160 bytes, with control characters as dots.
private func outputLine(_ number: Int, of output: [UInt8]) -> String {
    let lines = output.split(separator: 0x0a, omittingEmptySubsequences: false)
    guard lines.indices.contains(number - 1) else { return "" }
    let shown = lines[number - 1].prefix(160).map { $0 < 0x20 || $0 == 0x7f ? 0x2e : $0 }
    return String(decoding: shown, as: UTF8.self)
}

/// Prints the message, and below it the line of the template with a mark, and a hint.
private func report(_ problem: RequestProblem, hint: String?) {
    let colour = Colour(isOn: standardError.isTerminal)
    complain(styled: colour.red(problem.detail))
    if let snippet = problem.members["snippet"]?.string { standardError.write(snippet + "\n") }
    if let hint { standardError.write("hint: \(hint)\n") }
}

func renderRequest(_ arguments: Arguments) throws -> RenderRequest {
    let paths = arguments.list("template")
    guard !paths.isEmpty else { throw UsageError("expected a template: -t FILE (or --requests FILE)") }
    let dataPath = arguments.string("data")
    guard (paths + [dataPath]).filter({ $0 == "-" }).count <= 1 else {
        throw UsageError("standard input can be one thing only, found - more than once")
    }
    let names = templateNames(paths)
    let main = names[0]
    let sources = try names.map { TemplateSource(name: $0.name, bytes: try read(file: $0.path)) }
    return RenderRequest(
        engine: arguments.string("engine"),
        sources: TemplateSources(sources, entry: arguments.string("execute") ?? main.name),
        options: try compileOptions(arguments), data: try data(dataPath, arguments),
        format: RenderRequest.Format(
            rawValue: arguments.choice("format") ?? "text") ?? .text,
        wantsSourceMap: arguments.isGiven("source-map"))
}

/// Returns the name of each template: the text before `=`, or the file's name without its folder. Files with the same
/// name are named by their paths.
private func templateNames(_ arguments: [String]) -> [(name: String, path: String)] {
    var names = arguments.map { argument -> (name: String, path: String) in
        guard let equals = argument.firstIndex(ofByte: "="), access(argument, F_OK) != 0 else {
            return (baseName(argument), argument)
        }
        return (String(argument[..<equals]), String(argument[argument.utf8.index(after: equals)...]))
    }
    for (index, entry) in names.enumerated()
    where names.count(where: { $0.name == entry.name }) > 1 && entry.name == baseName(arguments[index]) {
        names[index].name = entry.path
    }
    return names
}

private func compileOptions(_ arguments: Arguments) throws -> CompileOptions {
    var options = CompileOptions()
    let missing = arguments.choice("missing-key")
    options.missingKey = missing.flatMap(CompileOptions.MissingKey.init(rawValue:)) ?? .default
    if try arguments.flag("strict") { options.missingKey = .error }
    options.leftDelimiter = arguments.string("left-delim") ?? ""
    options.rightDelimiter = arguments.string("right-delim") ?? ""
    options.escape = arguments.choice("escape")
        .flatMap(CompileOptions.Escape.init(rawValue:))
    options.allowsImpureFunctions = try arguments.flag("allow-impure-functions")
    options.functionSets = arguments.list("function-set").flatMap {
        $0.split(byte: ",").map(String.init)
    }
    return options
}

/// Reads the data file and applies `--set`.
private func data(_ path: String?, _ arguments: Arguments) throws -> Value {
    var data = try path.map { try value(ofFile: $0) } ?? .null
    for text in arguments.list("set") {
        do { try SetValue.apply(text, as: .set, to: &data) } catch {
            throw UsageError("--set \(text): \(error.message)")
        }
    }
    return data
}
