import Injection
import PluginAPI
import System
import Values

/// The options of every verb that reads manifests.
let manifestFileOptions: [Option] = [
    Option(
        name: "filename", short: "f", shape: .list("FILE"),
        help: "a manifest, a folder of *.yaml, *.yml and *.json, or - for standard input"),
    Option(name: "recursive", short: "R", shape: .flag, help: "also read subfolders"),
    Option(name: "hidden", shape: .flag, help: "also read hidden files and folders (.name)"),
]

/// The options that the verbs that change manifests share.
let manifestOptions: [Option] =
    manifestFileOptions + [
        Option(
            name: "output", short: "o", shape: .value("FILE"), fallback: "-",
            help: "the output file, written as results are ready, up to the first error"),
        Option(name: "diff", shape: .flag, help: "print the changes as a unified difference"),
        Option(
            name: "check", shape: .flag, help: "print nothing; exit with 3 if something would change"),
        Option(name: "in-place", shape: .flag, help: "write the result back into the files"),
        Option(
            name: "report", shape: .choice(["brief", "text", "json", "none"]), fallback: "brief",
            help: "the report on standard error: brief: skipped workloads; text, json: every workload"),
    ]

/// The manifests of one command line, and their processing. Several are processed in parallel; the output is in the
/// order of the input.
struct ManifestWork: Sendable {
    /// - Parameter thread: the number of the thread that it runs on; 0 if there are few files.
    typealias Change =
        @Sendable (
            _ manifest: [UInt8], _ options: ManifestOptions, _ thread: Int
        ) throws -> ManifestOutcome

    /// The number of files from which on each thread has a Snapshot of its own. Compiling one costs as much as injecting
    /// ten or twenty files.
    private static let manyFiles = 100

    let options: ManifestOptions
    /// The word for a processed workload: `injected`.
    let done: String
    /// Whether injections are removed.
    let undoes: Bool
    let change: Change
    let paths: [String]
    /// The files in folders that are skipped, in a sentence.
    let skipped: String?
    let report: String
    let target: String
    let isInPlace: Bool
    let isCheck: Bool
    let isDiff: Bool

    /// - Parameter options: with `explain`, each line is printed with its origin.
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
        guard [isInPlace, isCheck, isDiff, options.explain].count(where: { $0 }) <= 1 else {
            throw UsageError(
                "--in-place, --check\(undoes ? "" : ", --blame") and --diff exclude each other")
        }
        let found = try ManifestPaths(arguments)
        (paths, skipped) = (found.paths, found.skipped)
        guard !isInPlace || !paths.contains("-") else {
            throw UsageError("--in-place cannot write standard input")
        }
    }

    /// The result of one file.
    private struct Outcome: Sendable {
        /// The output, in parts.
        var output: [[UInt8]] = []
        var isChanged = false
        var workloads: [WorkloadReport] = []
        var problems: [String] = []
    }

    func run() throws -> ExitStatus {
        var sink = isInPlace || isCheck ? nil : try ManifestSink(target, isDifference: isDiff)
        var wouldChange = false
        var hasFailed = false
        var account = ManifestAccount(self)
        let progress = Progress()
        let isLong = paths.count >= Self.manyFiles
        try OrderedWork.run(
            count: paths.count, size: { (outcome: Outcome) in outcome.output.reduce(0) { $0 + $1.count } },
            work: { outcome(of: paths[$0], on: isLong ? $1 : 0, progress) }
        ) {
            (index, outcome) throws in
            progress.files(index, of: paths.count)
            wouldChange = wouldChange || outcome.isChanged
            if !outcome.problems.isEmpty {
                hasFailed = true
                progress.end()
                for problem in outcome.problems { complain(problem) }
                return
            }
            account.add(outcome.workloads, of: name(paths[index]), progress)
            if !hasFailed { try emit(outcome.output, isFirst: index == 0, into: &sink) }
        }
        progress.end()
        account.finish()
        guard !hasFailed else {
            try sink?.abandon()
            return .failure
        }
        try sink?.finish()
        return isCheck && wouldChange ? .negative : .success
    }

    private func name(_ path: String) -> String { path == "-" ? "standard input" : path }

    private func outcome(of path: String, on thread: Int, _ progress: Progress) -> Outcome {
        var outcome = Outcome()
        do {
            let input = try read(file: path)
            var options = options
            options.name = name(path)
            if paths.count == 1 { options.progress = progress.documents(of: options.name) }
            let result = try change(input, options, thread)
            outcome.isChanged = result.changed
            outcome.workloads = result.workloads
            if isInPlace {
                if result.changed { try write(result.output, toFile: path) }
            } else if isDiff {
                outcome.output = [UnifiedDiff.text(from: input, to: result.output, name: path)]
            } else if options.explain {
                outcome.output = [LineOrigin.margin(result.text, result.origins)]
            } else if !isCheck {
                outcome.output = paths.count > 1 ? Self.inUTF8(result.parts) : result.parts
            }
        } catch let error as InjectionError {
            outcome.problems = ([error] + error.others).map { describe($0) }
        } catch let error as Failure {
            outcome.problems = [error.message]
        } catch {
            outcome.problems = ["\(path): \(error)"]
        }
        return outcome
    }

    /// Converts the output to UTF-8, because a stream of several files has one encoding.
    private static func inUTF8(_ parts: [[UInt8]]) -> [[UInt8]] {
        guard let first = parts.first, let encoding = TextEncoding(markIn: first), encoding != .utf8,
            let text = try? encoding.decode(Array(parts.joined()))
        else { return parts }
        return [text]
    }

    private func emit(_ output: [[UInt8]], isFirst: Bool, into sink: inout ManifestSink?) throws {
        if !isFirst, !isDiff, !options.explain {
            if let last = sink?.lastByte, last != 0x0a { try sink?.write([[0x0a]]) }
            if !output.joined().starts(with: "---".utf8) { try sink?.write([Array("---\n".utf8)]) }
        }
        try sink?.write(output)
    }
}

/// The report about the workloads of a run on standard error.
private struct ManifestAccount {
    private let report: String
    private let done: String
    private let undoes: Bool
    private let skipped: String?
    private var notes = ManifestNotes()
    private var values: [Value] = []
    private var files = 0
    private var emptyFiles = 0

    init(_ work: ManifestWork) {
        (report, done, undoes, skipped) = (work.report, work.done, work.undoes, work.skipped)
    }

    mutating func add(_ workloads: [WorkloadReport], of file: String, _ progress: Progress) {
        files += 1
        if workloads.isEmpty { emptyFiles += 1 }
        switch report {
        case "json":
            if workloads.isEmpty { values.append(["file": .string(file), "message": "holds no workload"]) }
            values += workloads.map { $0.json(file: file) }
        case "brief", "text": say(workloads, of: file, progress)
        default: break
        }
    }

    private mutating func say(_ workloads: [WorkloadReport], of file: String, _ progress: Progress) {
        let colour = Colour(isOn: standardError.isTerminal)
        if workloads.isEmpty, report == "text" { complain("\(file): holds no workload") }
        for workload in workloads {
            let subject =
                "\(workload.kind) \(workload.namespace.isEmpty ? "" : workload.namespace + "/")\(workload.name)"
            let isDone = workload.injected || workload.restored
            // Removing an injection has no other reason than its existence.
            let reason = undoes ? "" : " (\(workload.reason.rawValue))"
            if !isDone {
                progress.end()
                complain(styled: "\(subject): \(colour.faint("skipped"))\(reason): \(workload.message)")
            } else if report == "text" {
                progress.end()
                complain(styled: "\(subject): \(colour.green(done))\(reason): \(workload.message)")
            }
            notes.add(workload, subject: subject, file: file)
        }
    }

    func finish() {
        switch report {
        case "json": standardError.write(JSON.text(.array(values), style: .pretty(2)) + "\n")
        case "brief", "text":
            notes.say()
            if let skipped { complain(skipped) }
            if report == "brief", emptyFiles > 0, files > 1 {
                complain("\(emptyFiles) of \(files) files hold no workload (--report text lists them)")
            }
        default: break
        }
    }
}

extension WorkloadReport {
    fileprivate func json(file: String) -> Value {
        [
            "kind": .string(kind), "name": .string(name), "namespace": .string(namespace),
            "injected": .bool(injected), "restored": .bool(restored), "reason": .string(reason.rawValue),
            "message": .string(message),
            "notes": .array(notes.map { .string($0) }), "file": .string(file),
            "document": .int(Int64(document)),
            "pointer": .string(pointer), "line": .int(Int64(line)),
        ]
    }
}

/// Returns the message, which has the place in the manifest, and the lines around the place in the template and in its
/// output.
func describe(_ error: InjectionError) -> String {
    var text = error.excerpt.map { "\(error.message)\n\($0)" } ?? error.message
    while text.ends(with: "\n") { text.removeLast() }
    return text
}
