import PluginAPI
import Values

/// Injects into the workloads of a manifest, one after the other.
struct ManifestRun: ManifestChange {
    let snapshot: Snapshot
    let options: ManifestOptions
    var reports: [WorkloadReport] = []
    var problems: [InjectionError] = []
    var stringFields: [StringField] = []
    /// What `ManifestBlame` reads, where the options ask for it.
    private(set) var blamed: [BlamedWorkload] = []
    /// What the templates rendered for each pod; nil where nobody asks.
    var texts: [TrialOutcome.InjectedPod]?

    init(snapshot: Snapshot, options: ManifestOptions) {
        self.snapshot = snapshot
        self.options = options
    }

    /// What is in the document that is next, searched once.
    private var search: (workloads: [Workload], leftAlone: [LeftAlone])?

    mutating func findStringFields(in value: Value) -> [StringField] {
        let found = WorkloadKinds.search(value, given: snapshot.options.podTemplatePaths)
        search = found
        return StringField.found(in: value, found.workloads)
    }

    /// The document with its workloads injected, or nil where nothing changes.
    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value? {
        let (workloads, leftAlone) =
            search ?? WorkloadKinds.search(value, given: snapshot.options.podTemplatePaths)
        search = nil
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
                try checkStrings(of: workload)
                let reported = reports.count
                let injected = try inject(workload, document: document, line: line)
                if reports.count > reported { reports[reported].notes += stringNotes(of: workload) }
                guard let injected else { continue }
                result.replace(at: workload.objectPath[...], with: injected)
                hasChanged = true
            } catch {
                note(located(error), of: workload, line: line)
            }
        }
        guard hasChanged else { return nil }
        return result
    }

    /// - Throws: strings that are written as something else, where these are errors.
    private func checkStrings(of workload: Workload) throws(InjectionError) {
        var problems = Problems()
        for field in stringFields where options.isStrict && !field.isRefused {
            guard field.isWithin(workload) else { continue }
            problems.add(InjectionError(.decode, .decodeError, field.message()))
        }
        try problems.check()
    }

    /// The error, those of labels and annotations with their lines and what to do about them.
    private func located(_ error: InjectionError) -> InjectionError {
        let fields = stringFields.filter(\.isRefused)
        guard !fields.isEmpty else { return error }
        let all = error.all.map { problem in
            var problem = problem
            let field = fields.first { problem.message.begins(with: JSONPointer.text(of: $0.path) + ": ") }
            if let field { problem.message = "\(JSONPointer.text(of: field.path)): \(field.message())" }
            return problem
        }
        var first = all[0]
        first.others = Array(all.dropFirst())
        return first
    }

    private func stringNotes(of workload: Workload) -> [String] {
        stringFields.filter { !$0.isRefused && $0.isWithin(workload) }.map { $0.message(at: options.name) }
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
            report.notes = ApplicationWarnings.whereNothingIsInjected(pod)
            reports.append(report)
            return nil
        }
        if let windows = WindowsPod.decision(of: pod, snapshot) {
            (report.reason, report.message) = (windows.reason, windows.message)
            reports.append(report)
            return nil
        }
        let subject =
            workload.isPod
            ? InjectionSubject(pod: pod, form: snapshot.form, namespace: nil, isReview: false)
            : InjectionSubject(template: pod, of: workload)
        subject.namespace = namespace
        subject.usesSidecarOnly = options.istioctlCompat
        if options.explain { subject.trace = InjectionTrace() }
        let injected = try PodInjection.inject(subject, snapshot: snapshot)
        texts?.append(
            TrialOutcome.InjectedPod(
                path: workload.objectPath.map(Self.token) + workload.templatePath, texts: subject.rendered))
        let misplaced = ApplicationWarnings.misplaced(workload, pod)
        report.notes =
            misplaced + ApplicationWarnings.knative(workload, pod, injected: injected) + subject.notes
            + subject.templateNotes.filter { $0.kind != .itemRemovable }.map(\.message)
        report.warnings = subject.forecast.map(Forecast.warning) + subject.taint.notes
        if subject.hasRenderedNothing {
            (report.reason, report.message) = (.nothingRendered, ReasonCode.nothingRendered.sentence)
            reports.append(report)
            // An earlier injection is taken out.
            return injected.spec == pod.spec ? nil : workload.object(with: injected)
        }
        report.injected = true
        report.notes += subject.taint.notes
        report.taint = subject.taint
        reports.append(report)
        var object = workload.object(with: injected)
        if options.provenance {
            let before = object
            object = Provenance.recorded(
                in: object, from: .object(workload.object), metadataPath: workload.metadataPath)
            subject.trace?.note(
                .step("provenance"), metadata: workload.metadataPath, from: before, to: object)
        }
        if let trace = subject.trace {
            blamed.append(
                BlamedWorkload(
                    document: document, workload: workload, after: object, trace: trace,
                    rendered: subject.rendered))
        }
        return object
    }

    private static func token(_ step: PathStep) -> String {
        switch step {
        case .member(let key): key
        case .item(let index): String(index)
        }
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
    private mutating func note(_ leftAlone: [LeftAlone], document: Int, line: Int) {
        for object in leftAlone {
            reports.append(
                WorkloadReport(
                    kind: object.kind, name: object.name,
                    namespace: object.namespace.isEmpty ? options.namespace ?? "default" : object.namespace,
                    injected: false, reason: object.reason, message: object.message, notes: object.notes,
                    document: document, pointer: object.pointer, line: line))
        }
    }
}
