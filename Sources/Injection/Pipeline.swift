public import PluginAPI
public import Values

/// The path of one request: from bytes and a Snapshot to a response, a decision or a patched manifest.
///
/// One pipeline has three entry points: `review` answers an AdmissionReview, `inject` changes a manifest, and `decide`
/// returns only the decision. Everything here is pure: it uses no file, clock, network, log or counter. Callers count
/// and log from the reports.
///
/// A pod passes four steps:
///
/// | step | type | result |
/// | --- | --- | --- |
/// | gate | `RequestGate` | requests that an injector lets pass unchanged, whatever the pod contains |
/// | decide | `DecisionEngine` | whether the pod gets a sidecar, and why |
/// | inject | `PodInjection` | the pod with everything injected |
/// | patch | `PodPatch` | the JSON patch from the original to the injected pod |
///
/// ```swift
/// let configuration = NamedText(
///     name: "config.yaml",
///     text: """
///         policy: enabled
///         template: |
///           containers:
///           - name: helper
///             image: example.org/helper:{{ .Values.tag }}
///         """)
/// let values = NamedText(name: "values.yaml", text: "tag: v1")
/// let snapshot = try InjectionConfiguration.compile(
///     InjectionFiles(configuration: configuration, values: values),
///     registry: StandardPlugins.registry())
///
/// let manifest = Array("{kind: Pod, apiVersion: v1, spec: {containers: [{name: app}]}}".utf8)
/// let injected = try Pipeline.inject(manifest: manifest, snapshot: snapshot)
///
/// let review = Array(#"{"kind": "AdmissionReview", "request": {"uid": "1", "object": {}}}"#.utf8)
/// var response = ByteBuffer(capacity: 4096)
/// let report = review.withUnsafeBufferPointer {
///     Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &response)
/// }
/// ```
public enum Pipeline {
    /// The maximum nesting depth of a review; a pod has about 12.
    static let maximumDepth = 512
    /// The maximum number of values in a review or in the manifest of a request; a pod has a few hundred.
    public static let maximumValues = 500_000
    static let reviewLimits = JSONLimits(depth: maximumDepth, values: maximumValues)

    /// Answers an AdmissionReview in JSON, v1 or v1beta1.
    ///
    /// Never fails: any error in the body becomes a well-formed response with `allowed: false`.
    ///
    /// - Parameters:
    ///   - path: the request's path, `/inject` or `/inject/key/value/…`.
    ///   - output: the buffer to which the response's JSON is appended.
    /// - Returns: the outcome, for counters and the log.
    public static func review(
        _ body: UnsafeBufferPointer<UInt8>, path: String, snapshot: Snapshot,
        options: ReviewOptions = ReviewOptions(), into output: inout ByteBuffer
    ) -> ReviewReport {
        options.clock?.enter(.lookup)
        defer { options.clock?.enter(nil) }
        let key = snapshot.memory.key(of: body, path: path, options: options)
        if let key, let report = snapshot.memory.answer(body, key, into: &output) { return report }
        let start = output.count
        var known: KnownReview?
        var run = ReviewRun(clock: options.clock) { () throws(JSONError) in
            let read = try snapshot.memory.read(body, key)
            known = read.known
            return read.value
        } envelope: {
            ReviewEnvelope(body)?.value
        }
        if !run.hasFailed {
            do throws(InjectionError) {
                try answer(&run, known, path: path, snapshot: snapshot, options: options)
            } catch {
                run.fail(error)
            }
        }
        let report = run.finish(options, into: &output)
        if let key { snapshot.memory.keep(output, from: start, report, for: key) }
        return report
    }

    /// Gate, decide, inject, patch.
    private static func answer(
        _ run: inout ReviewRun, _ known: KnownReview?, path: String, snapshot: Snapshot,
        options: ReviewOptions
    ) throws(InjectionError) {
        if let decision = RequestGate.decision(of: run.review) { return run.skip(decision) }

        options.clock?.enter(.decide)
        let (object, pod) = try run.pod()
        let decision = snapshot.decisions.decide(run.question(object, pod), trace: options.explain)
        guard decision.inject else { return run.skip(decision) }
        if let windows = WindowsPod.decision(of: pod, snapshot) { return run.skip(windows) }
        run.accept(decision)

        let subject = InjectionSubject(
            pod: pod, form: snapshot.form, namespace: run.namespace.isEmpty ? nil : run.namespace,
            isReview: true)
        subject.environment = PathEnvironment.parse(path)
        subject.deadline = options.deadline
        subject.steps = options.steps
        subject.clock = options.clock
        subject.known = known
        let injected = try PodInjection.inject(subject, snapshot: snapshot)
        if subject.hasRenderedNothing { run.noteNothingRendered() }

        options.clock?.enter(.patch)
        let patch = PodPatch(from: object, to: injected)
        if options.selfCheck {
            try PatchSelfCheck.run(patch, on: object, giving: injected, subject, snapshot)
        }
        run.succeed(
            patch, isChecked: options.selfCheck, notes: subject.notes, taint: subject.taint,
            forecast: subject.forecast)
    }

    /// Answers a review without deciding about its pod: on overload, after a deadline, or before the first
    /// configuration.
    ///
    /// - Parameter options: only `allowsFailure`, the failure mode, is used.
    public static func reviewWithoutInjection(
        _ body: UnsafeBufferPointer<UInt8>, error: InjectionError, options: ReviewOptions,
        into output: inout ByteBuffer
    ) -> ReviewReport {
        var run = ReviewRun { () throws(JSONError) in
            if let envelope = ReviewEnvelope(body) { return envelope.value }
            return try JSON.read(body, limits: reviewLimits)
        } envelope: {
            ReviewEnvelope(body)?.value
        }
        run.fail(error)
        return run.finish(options, into: &output)
    }

    /// Injects into every workload of a manifest (YAML with any number of documents, or JSON). Everything else in it
    /// stays the same, byte for byte.
    public static func inject(
        manifest: [UInt8], format: ManifestFormat = .auto, snapshot: Snapshot,
        options: ManifestOptions = ManifestOptions()
    ) throws(InjectionError) -> ManifestOutcome {
        var run = ManifestRun(snapshot: snapshot, options: options)
        let text = Manifest(manifest, format: format, name: options.name, values: options.values)
        var outcome = try text.changed(by: &run)
        if options.explain {
            outcome.origins = ManifestBlame.origins(of: outcome.text, run.blamed, snapshot.form)
        }
        return outcome
    }

    /// Removes an injection from every workload of a manifest: exactly if it was made with `provenance`, else from the
    /// traces that it left. Needs no configuration.
    public static func uninject(
        manifest: [UInt8], format: ManifestFormat = .auto, podTemplatePaths: [PodTemplatePath] = [],
        options: ManifestOptions = ManifestOptions()
    ) throws(InjectionError) -> ManifestOutcome {
        var run = ManifestUninjection(podTemplatePaths: podTemplatePaths, options: options)
        return try Manifest(manifest, format: format, name: options.name, values: options.values).changed(
            by: &run)
    }

    /// The documents of a manifest: YAML, or concatenated JSON texts. Documents without a value are omitted.
    ///
    /// - Parameter name: the manifest's, for messages.
    public static func documents(of manifest: [UInt8], name: String) throws(InjectionError)
        -> [ManifestDocument]
    {
        try Manifest(manifest, format: .auto, name: name).documents()
    }

    /// Decides for every pod and pod template in an object, List or AdmissionReview.
    ///
    /// - Parameters:
    ///   - namespace: the namespace of objects that state none; nil is `default`.
    ///   - namespaceLabels: nil if they are not known.
    ///   - namespaces: labels of namespaces by name, used if `namespaceLabels` is nil.
    ///   - webhook: the API server's part of the decision, from `Snapshot.webhooks`; nil if no webhook configuration is
    ///     known.
    ///   - explain: whether to add counterfactuals.
    ///   - forecast: whether to inject the pods that get a sidecar, for warnings about the result.
    /// - Returns: one answer for each pod template; one with `unsupported_resource` if the object has none.
    public static func decide(
        object: Value, namespace: String? = nil, namespaceLabels: Object? = nil,
        namespaces: [String: Object] = [:], webhook: (any WebhookMatcher)? = nil, explain: Bool = false,
        forecast: Bool = false, snapshot: Snapshot
    ) -> [DecisionAnswer] {
        let question = DecisionQuestion(
            namespace: namespace, namespaceLabels: namespaceLabels, namespaces: namespaces, webhook: webhook,
            explain: explain, forecasts: forecast, snapshot: snapshot)
        return question.answers(about: object)
    }
}
