import PluginAPI
import Values

/// Injects into the workloads of a manifest, one after the other.
struct ManifestRun: ManifestChange {
    let snapshot: Snapshot
    let options: ManifestOptions
    var reports: [WorkloadReport] = []
    var problems: [InjectionError] = []
    var stringFields: [StringField] = []
    /// The input of `ManifestBlame`, if `ManifestOptions.explain` is set.
    private(set) var blamed: [BlamedWorkload] = []
    /// The texts that the templates rendered for each pod; nil if not requested.
    var texts: [TrialOutcome.InjectedPod]?

    init(snapshot: Snapshot, options: ManifestOptions) {
        self.snapshot = snapshot
        self.options = options
    }

    /// The content of the next document, which is searched only once.
    private var search: (workloads: [Workload], leftAlone: [LeftAlone])?

    mutating func findStringFields(in value: Value) -> [StringField] {
        let found = WorkloadKinds.search(value, given: snapshot.options.podTemplatePaths)
        search = found
        return StringField.found(in: value, found.workloads)
    }

    /// Returns the document with its workloads injected; nil if nothing changes.
    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value? {
        let (workloads, leftAlone) =
            search ?? WorkloadKinds.search(value, given: snapshot.options.podTemplatePaths)
        search = nil
        note(leftAlone, document: document, line: line)
        var result = value
        var hasChanged = false
        for (number, workload) in workloads.enumerated() {
            var workload = workload
            // An object may have several templates: each change starts from the result of the one before.
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

    /// - Throws: the strings that are written as another type, if these are errors.
    private func checkStrings(of workload: Workload) throws(InjectionError) {
        var problems = Problems()
        for field in stringFields where options.isStrict && !field.isRefused {
            guard field.isWithin(workload) else { continue }
            problems.add(InjectionError(.decode, .decodeError, field.message()))
        }
        try problems.check()
    }

    /// Adds lines and remedies to the errors about labels and annotations that are not strings.
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

    /// Returns the workload's object with its pod injected; nil if it does not change.
    private mutating func inject(
        _ workload: Workload, document: Int, line: Int
    ) throws(InjectionError) -> Value? {
        var workload = workload
        // The classic form appends, so the parts that an earlier injection appended are removed first.
        if options.reinject, snapshot.form == .classic,
            workload.metadata["annotations"]?[MetadataKey.status] != nil,
            case .object(let object)? = try Uninject.undone(workload)?.object
        {
            workload.object = object
        }
        var pod = try Pod.check(
            workload.template, at: workload.pointer + JSONPointer(workload.templatePath).description)
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
                path: workload.objectPath.map(\.token) + workload.templatePath, texts: subject.rendered))
        let misplaced = ApplicationWarnings.misplaced(workload, pod)
        report.notes =
            misplaced + ApplicationWarnings.knative(workload, pod, injected: injected) + subject.notes
            + subject.templateNotes.filter { $0.kind != .itemRemovable }.map(\.message)
        report.warnings = subject.forecast.map(Forecast.warning) + subject.taint.notes
        if subject.hasRenderedNothing {
            (report.reason, report.message) = (.nothingRendered, ReasonCode.nothingRendered.sentence)
            reports.append(report)
            // An earlier injection is removed.
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

    /// The decision about a workload, or the reason to leave it unchanged; nil to inject without a decision.
    private func refusal(of pod: Pod, _ workload: Workload, _ namespace: String) -> Decision? {
        if snapshot.form == .classic, let refusal = ClassicInjection.refusal(of: pod) {
            return Decision(inject: false, reason: refusal.reason, message: refusal.message)
        }
        guard snapshot.form == .modern || options.respectPolicy else { return nil }
        let engine = options.respectPolicy ? snapshot.decisions : snapshot.manifestDecisions
        // Without the policy, the workload's namespace is ignored: only the pod's own counts.
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

    /// Reports the objects that were left unchanged although they contain, or should contain, a pod.
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
