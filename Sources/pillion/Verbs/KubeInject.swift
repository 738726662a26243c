import Injection
import PluginAPI
import Service
import Values

let kubeInjectVerb = Verb(
    name: "kube-inject", summary: "inject the sidecar into manifests",
    discussion: """
        Every workload of the manifests gets the sidecar; documents of other kinds pass through byte for byte. The
        result goes to standard output; what was decided for each workload, and why, to standard error.
        """,
    options: [
        Option(
            name: "filename", short: "f", shape: .list("FILE"),
            help: "a manifest, a folder of *.yaml, *.yml and *.json, or - for standard input"),
        Option(name: "recursive", short: "R", shape: .flag, help: "folders within folders too"),
        Option(
            name: "output", short: "o", shape: .value("FILE"), fallback: "-", help: "where the result goes"),
        Option(
            name: "injectConfigFile", shape: .value("FILE"),
            help: "the injection configuration: the key config of the ConfigMap istio-sidecar-injector",
            readsEnvironment: true),
        Option(
            name: "valuesFile", shape: .value("FILE"), help: "the values: its key values",
            readsEnvironment: true),
        Option(
            name: "meshConfigFile", shape: .value("FILE"),
            help: "the mesh configuration: the key mesh of the ConfigMap istio", readsEnvironment: true),
        Option(name: "namespace", short: "n", shape: .value("NAME"), help: "of objects that name none"),
        Option(
            name: "revision", short: "r", shape: .value("NAME"), fallback: "", help: "the label istio.io/rev"),
        nativeSidecarsOption, podTemplatePathOption, templateEnvironmentOption,
        Option(
            name: "respect-policy", shape: .flag,
            help: "with a template: configuration too, policy and annotations decide, as in the webhook"),
        Option(
            name: "reinject", shape: .flag,
            help: "with a template: configuration too, inject anew what was injected before"),
        Option(name: "diff", shape: .flag, help: "print what would change, as a unified difference"),
        Option(name: "check", shape: .flag, help: "print nothing; exit status 3 when something would change"),
        Option(name: "in-place", shape: .flag, help: "write the result back into the files"),
        Option(
            name: "report", shape: .value("brief|text|json|none"), fallback: "brief",
            help: "what standard error says: what was skipped, every workload, the same as JSON, or nothing"),
        Option(name: "emitTemplate", shape: .flag, help: "print the template of the configuration and end"),
    ],
    examples: [
        (
            "pillion kube-inject --injectConfigFile inject-config.yaml --meshConfigFile mesh-config.yaml "
                + "--valuesFile inject-values.yaml --filename sleep.yaml | kubectl apply -f -",
            "injects and deploys"
        )
    ],
    statuses: [(3, "with --check: something would change")],
    run: { arguments in
        let work = try ManifestWork(arguments)
        return try work.run()
    })

/// The manifests of one command line, what is done with them, and what has been said so far.
private struct ManifestWork {
    let arguments: Arguments
    let snapshot: Snapshot
    let paths: [String]
    let report: String
    let target: String
    let isInPlace: Bool
    let isCheck: Bool
    let isDiff: Bool

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        report = try arguments.choice("report", of: ["brief", "text", "json", "none"]) ?? "brief"
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
        guard let configuration = arguments.string("injectConfigFile") else {
            throw UsageError("want an injection configuration: --injectConfigFile FILE")
        }
        let files = InjectionFiles(
            configuration: NamedText(name: configuration, bytes: try read(file: configuration)),
            values: try named(arguments.string("valuesFile")),
            mesh: try named(arguments.string("meshConfigFile")))
        snapshot = try compile(files, arguments)
    }

    func run() throws -> ExitStatus {
        var output = ByteBuffer(capacity: 65_536)
        var reports: [WorkloadReport] = []
        var wouldChange = false
        var status = ExitStatus.success
        for (index, path) in paths.enumerated() {
            progress(index, path)
            let input = try read(file: path)
            do {
                let outcome = try Pipeline.inject(
                    manifest: input, snapshot: snapshot, options: options(for: path))
                wouldChange = wouldChange || outcome.changed
                reports += outcome.workloads
                say(outcome.workloads, of: path)
                try emit(outcome, from: input, path, isFirst: index == 0, into: &output)
            } catch let error as InjectionError {
                complain(describe(error))
                status = .failure
            }
        }
        endProgress()
        if report == "json" {
            standardError.write(JSON.text(.array(reports.map(\.json)), style: .pretty(2)) + "\n")
        }
        guard status == .success else { return status }
        if !isInPlace, !isCheck { try deliver(output) }
        return isCheck && wouldChange ? .negative : .success
    }

    private func options(for path: String) throws -> ManifestOptions {
        var options = ManifestOptions()
        options.namespace = arguments.string("namespace")
        options.respectPolicy = try arguments.flag("respect-policy")
        options.reinject = try arguments.flag("reinject")
        options.name = path == "-" ? "standard input" : path
        return options
    }

    private func emit(
        _ outcome: ManifestOutcome, from input: [UInt8], _ path: String, isFirst: Bool,
        into output: inout ByteBuffer
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
        if !isFirst, !outcome.output.starts(with: Array("---".utf8)) {
            output.append("---\n" as StaticString)
        }
        output.append(outcome.output)
        if let last = outcome.output.last, last != 0x0a { output.append(0x0a) }
    }

    private func deliver(_ output: borrowing ByteBuffer) throws {
        if target == "-" {
            output.withBytes { standardOutput.write($0) }
        } else {
            try write(output.bytes, toFile: target)
        }
    }

    private func say(_ workloads: [WorkloadReport], of path: String) {
        guard report == "brief" || report == "text" else { return }
        let colour = Colour(isOn: standardError.isTerminal)
        for workload in workloads {
            let subject =
                "\(workload.kind) \(workload.namespace.isEmpty ? "" : workload.namespace + "/")\(workload.name)"
            if !workload.injected {
                complain(
                    "\(subject): \(colour.faint("skipped")) (\(workload.reason.rawValue)): \(workload.message)"
                )
            } else if report == "text" {
                complain(
                    "\(subject): \(colour.green("injected")) (\(workload.reason.rawValue)): \(workload.message)"
                )
            }
            for note in workload.notes { complain("\(subject): note: \(note)") }
        }
    }

    /// A line that is written over, for people who wait at a terminal.
    private func progress(_ index: Int, _ path: String) {
        guard paths.count > 10, standardError.isTerminal else { return }
        standardError.write("\r\u{1B}[K\(index + 1) of \(paths.count) \(path)")
    }

    private func endProgress() {
        guard paths.count > 10, standardError.isTerminal else { return }
        standardError.write("\r\u{1B}[K")
    }
}

extension WorkloadReport {
    fileprivate var json: Value {
        [
            "kind": .string(kind), "name": .string(name), "namespace": .string(namespace),
            "injected": .bool(injected), "reason": .string(reason.rawValue), "message": .string(message),
            "notes": .array(notes.map { .string($0) }), "document": .int(Int64(document)),
            "pointer": .string(pointer), "line": .int(Int64(line)),
        ]
    }
}

/// The message, which names the place in the manifest, and the lines around the place in the template.
func describe(_ error: InjectionError) -> String {
    error.snippet.map { "\(error.message)\n\($0)" } ?? error.message
}
