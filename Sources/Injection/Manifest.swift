import PluginAPI
import Values
import YAML

/// A manifest as text: documents in, the same documents with every workload injected out.
///
/// A document that holds nothing to inject goes through byte for byte, be it Kubernetes' or not. The others keep their
/// members, their order and what Pillion does not know.
struct Manifest {
    private let bytes: [UInt8]
    private let name: String
    private let isJSON: Bool

    init(_ bytes: [UInt8], format: ManifestFormat, name: String) {
        self.bytes = bytes
        self.name = name
        switch format {
        case .json: isJSON = true
        case .yaml: isJSON = false
        case .auto:
            let first = bytes[Self.markEnd(bytes)...].first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
            isJSON = first == 0x7b || first == 0x5b
        }
    }

    /// Where the text begins: behind the byte order mark that some editors write.
    private static func markEnd(_ bytes: [UInt8]) -> Int { bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0 }

    /// Values of one document, and its nesting.
    private static let limits = YAMLLimits(depth: 100, nodes: 2_000_000)

    /// Puts every document through `run`.
    ///
    /// - Throws: where the text cannot be read, or every problem of its workloads together.
    func changed(by run: inout some ManifestChange) throws(InjectionError) -> ManifestOutcome {
        let outcome: ManifestOutcome
        if isJSON, let changed = try changedJSON(&run) {
            outcome = changed
        } else {
            outcome = try changedYAML(&run)
        }
        guard var first = run.problems.first else { return outcome }
        first.others = Array(run.problems.dropFirst())
        throw first
    }

    // MARK: JSON

    /// nil where the text is no JSON and may be YAML in flow style.
    private func changedJSON(_ run: inout some ManifestChange) throws(InjectionError) -> ManifestOutcome? {
        let value: Value
        do {
            value = try JSON.read(
                Array(bytes[Self.markEnd(bytes)...]), limits: JSONLimits(depth: Pipeline.maximumDepth))
        } catch {
            return nil
        }
        let changed = try run.change(value, document: 0, line: 1)
        guard let changed, changed != value else {
            return ManifestOutcome(parts: [bytes], changed: false, workloads: run.reports)
        }
        var parts = [Array(bytes[..<Self.markEnd(bytes)])]
        switch jsonIndent {
        case .none: parts.append(Array(JSON.text(changed).utf8))
        case .blanks(let count): parts.append(Array(JSON.text(changed, style: .pretty(count)).utf8))
        case .tabs: parts.append(Self.tabbed(Array(JSON.text(changed, style: .pretty(1)).utf8)))
        }
        if bytes.last == 0x0a { parts.append([0x0a]) }
        return ManifestOutcome(parts: parts, changed: true, workloads: run.reports)
    }

    /// How the members of a JSON text are moved in.
    private enum JSONIndent {
        case none, tabs
        case blanks(Int)
    }

    /// As the first member is, where it stands on a line of its own.
    private var jsonIndent: JSONIndent {
        guard let newline = bytes.firstIndex(of: 0x0a) else { return .none }
        let line = bytes[(newline + 1)...]
        if line.first == 0x09 { return .tabs }
        let blanks = line.prefix { $0 == 0x20 }.count
        return blanks > 0 && blanks < line.count ? .blanks(min(blanks, 8)) : .none
    }

    /// The text with a tab for each blank at the start of a line.
    private static func tabbed(_ text: [UInt8]) -> [UInt8] {
        var isStart = true
        return text.map { byte in
            if byte == 0x0a {
                isStart = true
            } else if byte != 0x20 {
                isStart = false
            }
            return isStart && byte == 0x20 ? 0x09 : byte
        }
    }

    // MARK: YAML

    private func changedYAML(_ run: inout some ManifestChange) throws(InjectionError) -> ManifestOutcome {
        var documents: [YAMLDocument]
        do {
            documents = try YAMLReader.documents(
                bytes, options: YAMLOptions(layout: true, limits: Self.limits))
        } catch {
            let place = SourceLocation(name, error.position)
            throw InjectionError(
                .decode, .decodeError, "\(place): the manifest is no YAML: \(error.message)",
                manifest: error.position)
        }
        var parts: [[UInt8]] = []
        var written = 0
        for number in documents.indices where !documents[number].isEmpty {
            run.options.progress?(number, documents.count)
            let document = documents[number]
            // Its memory is free for what comes.
            defer { (documents[number].value, documents[number].layout) = (.null, nil) }
            // A workload that was injected before may come out as it is.
            guard let changed = try run.change(document.value, document: number, line: document.line),
                changed != document.value
            else { continue }
            parts.append(Array(bytes[written..<document.range.lowerBound]))
            let text = ManifestText(bytes, document).edited(to: changed)
            parts.append(text.text)
            if text.isRewritten { run.noteRewritten(document: number) }
            written = document.range.upperBound
        }
        guard !parts.isEmpty else {
            return ManifestOutcome(parts: [bytes], changed: false, workloads: run.reports)
        }
        parts.append(Array(bytes[written...]))
        return ManifestOutcome(parts: parts, changed: true, workloads: run.reports)
    }
}

/// What is done to the documents of a manifest.
protocol ManifestChange {
    var options: ManifestOptions { get }
    var reports: [WorkloadReport] { get set }
    /// What went wrong with workloads, in their order.
    var problems: [InjectionError] { get set }
    /// The document as it becomes, or nil where nothing changes.
    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value?
}

extension ManifestChange {
    /// Keeps what is wrong with a workload, and says of which it is.
    mutating func note(_ error: InjectionError, of workload: Workload, line: Int) {
        let name = workload.name.isEmpty ? "" : " \"\(workload.name)\""
        for var problem in error.all {
            problem.message = "\(options.name):\(line): \(workload.kind)\(name): \(problem.message)"
            problems.append(problem)
        }
    }

    /// Says that a document's text could not be kept.
    mutating func noteRewritten(document: Int) {
        guard let index = reports.lastIndex(where: { $0.document == document }) else { return }
        reports[index].notes.append("the document is written anew: its comments and layout are not kept")
    }
}

/// Injects into the workloads of a manifest, one after the other.
struct ManifestRun: ManifestChange {
    let snapshot: Snapshot
    let options: ManifestOptions
    var reports: [WorkloadReport] = []
    var problems: [InjectionError] = []

    init(snapshot: Snapshot, options: ManifestOptions) {
        self.snapshot = snapshot
        self.options = options
    }

    /// The document with its workloads injected, or nil where nothing changes.
    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value? {
        let (workloads, leftAlone) = WorkloadKinds.search(value, given: snapshot.options.podTemplatePaths)
        note(leftAlone, document: document, line: line)
        var result = value
        var hasChanged = false
        for (number, workload) in workloads.enumerated() {
            var workload = workload
            // An object may hold several templates: each goes on from what the one before made.
            if number > 0, workload.objectPath == workloads[number - 1].objectPath,
                case .object(let object)? = result.value(at: workload.objectPath[...])
            {
                workload.object = object
            }
            do {
                guard let injected = try inject(workload, document: document, line: line) else { continue }
                result.replace(at: workload.objectPath[...], with: injected)
                hasChanged = true
            } catch {
                note(error, of: workload, line: line)
            }
        }
        guard hasChanged else { return nil }
        return result
    }

    /// The workload's object with its pod injected, or nil where it is left alone.
    private mutating func inject(
        _ workload: Workload, document: Int, line: Int
    ) throws(InjectionError) -> Value? {
        var workload = workload
        // The classic form appends; what an earlier injection appended goes first.
        if options.reinject, snapshot.form == .classic,
            workload.metadata["annotations"]?[MetadataKey.status] != nil,
            case .object(let object)? = try Uninject.undone(workload)?.object
        {
            workload.object = object
        }
        let place = workload.pointer + JSONPointer(workload.templatePath).description
        var pod = try Pod.check(workload.template, at: place)
        let namespace = stated(workload, pod)
        var report = WorkloadReport(
            kind: workload.kind, name: workload.isPod ? pod.nameOrPrefix : workload.name,
            namespace: namespace,
            injected: false, reason: .forcedByCLI, message: ReasonCode.forcedByCLI.sentence,
            document: document,
            pointer: workload.pointer, line: line)
        if workload.isCronJob { pod.metadata = workload.metadata }
        let decision = refusal(of: pod, workload, namespace)
        if let decision { (report.reason, report.message) = (decision.reason, decision.message) }
        guard decision?.inject ?? true else {
            reports.append(report)
            return nil
        }
        var subject =
            workload.isPod
            ? InjectionSubject(pod: pod, form: snapshot.form, namespace: nil, isReview: false)
            : InjectionSubject(template: pod, of: workload)
        subject.namespace = namespace
        let injected = try Pipeline.injected(&subject, snapshot: snapshot)
        report.injected = true
        report.notes = subject.notes + subject.templateNotes
        reports.append(report)
        let object = workload.object(with: injected)
        guard options.provenance else { return object }
        return Provenance.recorded(
            in: object, from: .object(workload.object), metadataPath: workload.metadataPath)
    }

    /// A decision that was asked for, or why the workload is left alone; nil to go ahead unasked.
    private func refusal(of pod: Pod, _ workload: Workload, _ namespace: String) -> Decision? {
        if snapshot.form == .classic, let refusal = ClassicInjection.refusal(of: pod) {
            return Decision(inject: false, reason: refusal.reason, message: refusal.message)
        }
        guard snapshot.form == .modern || options.respectPolicy else { return nil }
        let engine = options.respectPolicy ? snapshot.decisions : snapshot.manifestDecisions
        // Without the policy, a manifest's namespace says nothing: only a pod's own does.
        let subject = DecisionSubject(
            namespace: options.respectPolicy ? namespace : pod.metadata.text("namespace"),
            metadata: pod.metadata,
            spec: pod.spec, pointer: JSONPointer(workload.templatePath).description,
            object: .object(workload.object))
        return engine.decide(subject, trace: false)
    }

    private func stated(_ workload: Workload, _ pod: Pod) -> String {
        let own = workload.namespace.isEmpty ? pod.metadata.text("namespace") : workload.namespace
        return own.isEmpty ? options.namespace ?? "default" : own
    }

    /// Says which objects were left alone although they hold, or should hold, a pod.
    private mutating func note(_ leftAlone: [WorkloadKinds.LeftAlone], document: Int, line: Int) {
        for object in leftAlone {
            reports.append(
                WorkloadReport(
                    kind: object.kind, name: object.name,
                    namespace: object.namespace.isEmpty ? options.namespace ?? "default" : object.namespace,
                    injected: false, reason: .unsupportedResource, message: object.message,
                    notes: object.option.map { ["to inject it, give --podTemplatePath '\($0)'"] } ?? [],
                    document: document, pointer: object.pointer, line: line))
        }
    }
}

/// Takes injections out of the workloads of a manifest.
struct ManifestUninjection: ManifestChange {
    let podTemplatePaths: [PodTemplatePath]
    let options: ManifestOptions
    var reports: [WorkloadReport] = []
    var problems: [InjectionError] = []

    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value? {
        var result = value
        var hasChanged = false
        for workload in WorkloadKinds.find(in: value, given: podTemplatePaths) {
            var workload = workload
            if hasChanged, case .object(let object)? = result.value(at: workload.objectPath[...]) {
                workload.object = object
            }
            let outcome: Uninject.Outcome?
            do {
                outcome = try Uninject.undone(workload)
            } catch {
                note(error, of: workload, line: line)
                continue
            }
            var report = WorkloadReport(
                kind: workload.kind, name: workload.name,
                namespace: workload.namespace.isEmpty ? options.namespace ?? "default" : workload.namespace,
                injected: false, reason: .forcedByCLI, message: "nothing was injected into it",
                document: document,
                pointer: workload.pointer, line: line)
            if let outcome {
                report.restored = true
                report.message =
                    outcome.isExact ? "restored exactly" : "restored from what the injection left"
                report.notes = outcome.notes
                result.replace(at: workload.objectPath[...], with: outcome.object)
                hasChanged = true
            }
            reports.append(report)
        }
        guard hasChanged else { return nil }
        return result
    }
}

extension Value {
    /// What stands there, or nil.
    func value(at path: ArraySlice<Workload.PathStep>) -> Value? {
        var found = self
        for step in path {
            let next =
                switch step {
                case .member(let name): found[name]
                case .item(let index): found[index]
                }
            guard let next else { return nil }
            found = next
        }
        return found
    }

    /// Puts a value in the place of another; a path that leads nowhere changes nothing.
    mutating func replace(at path: ArraySlice<Workload.PathStep>, with value: Value) {
        guard let step = path.first else {
            self = value
            return
        }
        switch step {
        case .member(let name):
            modifyObject { object in object.modify(name) { $0.replace(at: path.dropFirst(), with: value) } }
        case .item(let index):
            modifyArray { items in
                guard items.indices.contains(index) else { return }
                items[index].replace(at: path.dropFirst(), with: value)
            }
        }
    }

    /// Puts a value under a path of member names and numbers of items, making members that are missing.
    mutating func replaceMember(at path: ArraySlice<String>, with value: Value) {
        guard let name = path.first else {
            self = value
            return
        }
        if case .array(let items) = self, let index = Int(name), items.indices.contains(index) {
            modifyArray { $0[index].replaceMember(at: path.dropFirst(), with: value) }
            return
        }
        modifyObject { object in object.modify(name) { $0.replaceMember(at: path.dropFirst(), with: value) } }
    }
}
