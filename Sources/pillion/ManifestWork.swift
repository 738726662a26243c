import Injection
import PluginAPI
import Values

/// What the verbs that change manifests share.
let manifestOptions: [Option] = [
    Option(
        name: "filename", short: "f", shape: .list("FILE"),
        help: "a manifest, a folder of *.yaml, *.yml and *.json, or - for standard input"),
    Option(name: "recursive", short: "R", shape: .flag, help: "also read subfolders"),
    Option(
        name: "output", short: "o", shape: .value("FILE"), fallback: "-", help: "the output file"),
    Option(name: "diff", shape: .flag, help: "print the changes as a unified difference"),
    Option(name: "check", shape: .flag, help: "print nothing; exit with 3 if something would change"),
    Option(name: "in-place", shape: .flag, help: "write the result back into the files"),
    Option(
        name: "report", shape: .choice(["brief", "text", "json", "none"]), fallback: "brief",
        help: "the report on standard error: brief: skipped workloads; text, json: every workload"),
]

/// The manifests of one command line, what is done with them, and what has been said so far.
struct ManifestWork {
    typealias Change = (_ manifest: [UInt8], _ options: ManifestOptions) throws -> ManifestOutcome

    let options: ManifestOptions
    /// What was done with a workload, in a word: `injected`.
    let done: String
    /// Whether injections are taken out.
    let undoes: Bool
    let change: Change
    let paths: [String]
    let report: String
    let target: String
    let isInPlace: Bool
    let isCheck: Bool
    let isDiff: Bool

    init(
        _ arguments: Arguments, _ options: ManifestOptions, verb done: String, undoes: Bool = false,
        change: @escaping Change
    ) throws {
        self.undoes = undoes
        self.options = options
        self.done = done
        self.change = change
        report = arguments.choice("report") ?? "brief"
        target = arguments.string("output") ?? "-"
        isInPlace = try arguments.flag("in-place")
        isCheck = try arguments.flag("check")
        isDiff = try arguments.flag("diff")
        guard [isInPlace, isCheck, isDiff].count(where: { $0 }) <= 1 else {
            throw UsageError("--in-place, --check and --diff exclude each other")
        }
        paths = try manifestPaths(arguments.list("filename"), recursive: arguments.flag("recursive"))
        guard !isInPlace || !paths.contains("-") else {
            throw UsageError("--in-place cannot write standard input")
        }
    }

    func run() throws -> ExitStatus {
        var output: [[UInt8]] = []
        var reports: [WorkloadReport] = []
        var wouldChange = false
        var status = ExitStatus.success
        let progress = Progress()
        for (index, path) in paths.enumerated() {
            let input = try read(file: path)
            do {
                var options = options
                options.name = path == "-" ? "standard input" : path
                options.progress = progress.documents(of: options.name, files: (index, paths.count))
                let outcome = try change(input, options)
                wouldChange = wouldChange || outcome.changed
                reports += outcome.workloads
                say(outcome.workloads, of: path)
                try emit(outcome, from: input, path, isFirst: index == 0, into: &output)
            } catch let error as InjectionError {
                for problem in [error] + error.others { complain(describe(problem)) }
                status = .failure
            }
        }
        progress.end()
        if report == "json" {
            standardError.write(JSON.text(.array(reports.map(\.json)), style: .pretty(2)) + "\n")
        }
        guard status == .success else { return status }
        if !isInPlace, !isCheck { try deliver(output) }
        return isCheck && wouldChange ? .negative : .success
    }

    private func emit(
        _ outcome: ManifestOutcome, from input: [UInt8], _ path: String, isFirst: Bool,
        into output: inout [[UInt8]]
    ) throws {
        if isCheck { return }
        if isInPlace {
            if outcome.changed { try write(outcome.output, toFile: path) }
            return
        }
        if isDiff {
            output.append(UnifiedDiff.text(from: input, to: outcome.output, name: path))
            return
        }
        if !isFirst {
            if let last = output.last(where: { !$0.isEmpty })?.last, last != 0x0a { output.append([0x0a]) }
            if !outcome.parts.joined().starts(with: "---".utf8) { output.append(Array("---\n".utf8)) }
        }
        output += outcome.parts
    }

    /// Bytes that are written at once.
    private static let writeBytes = 64 << 10

    private func deliver(_ parts: [[UInt8]]) throws {
        guard target == "-" else { return try write(Array(parts.joined()), toFile: target) }
        var output = ByteBuffer(capacity: 2 * Self.writeBytes)
        for (index, part) in parts.enumerated() {
            output.append(part)
            guard output.count >= Self.writeBytes || index == parts.count - 1 else { continue }
            output.withBytes { standardOutput.write($0) }
            output.truncate(to: 0)
        }
    }

    private func say(_ workloads: [WorkloadReport], of path: String) {
        guard report == "brief" || report == "text" else { return }
        let colour = Colour(isOn: standardError.isTerminal)
        for workload in workloads {
            let subject =
                "\(workload.kind) \(workload.namespace.isEmpty ? "" : workload.namespace + "/")\(workload.name)"
            let isDone = workload.injected || workload.restored
            // Whether an injection is taken out depends on nothing but whether there is one.
            let reason = undoes ? "" : " (\(workload.reason.rawValue))"
            if !isDone {
                complain(styled: "\(subject): \(colour.faint("skipped"))\(reason): \(workload.message)")
            } else if report == "text" {
                complain(styled: "\(subject): \(colour.green(done))\(reason): \(workload.message)")
            }
            for note in workload.notes { complain("\(subject): note: \(note)") }
        }
    }
}

extension WorkloadReport {
    fileprivate var json: Value {
        [
            "kind": .string(kind), "name": .string(name), "namespace": .string(namespace),
            "injected": .bool(injected), "restored": .bool(restored), "reason": .string(reason.rawValue),
            "message": .string(message),
            "notes": .array(notes.map { .string($0) }), "document": .int(Int64(document)),
            "pointer": .string(pointer), "line": .int(Int64(line)),
        ]
    }
}

/// The message, which names the place in the manifest, and the lines around the place in the template and in what it
/// rendered.
func describe(_ error: InjectionError) -> String {
    var text = error.excerpt.map { "\(error.message)\n\($0)" } ?? error.message
    while text.hasSuffix("\n") { text.removeLast() }
    return text
}
