public import Values

/// The policy part of an injection configuration, as the file has it.
public struct PolicyConfiguration: Sendable {
    /// Which rules hold: those of Istio 1.0 to 1.9 or those of 1.10 to today.
    public enum Form: String, Sendable {
        /// `template:`
        case classic
        /// `templates:`
        case modern
    }

    public var form: Form
    /// `enabled`, `disabled`, or anything else that the file says; empty where it says nothing.
    public var policy: String
    /// Label selectors, not checked yet.
    public var neverInjectSelector: [Value]
    public var alwaysInjectSelector: [Value]
    /// The file's name, for `source` in traces.
    public var file: String
    /// Lines in the file: of `policy`, and of each selector by its list and index (`neverInjectSelector/0`).
    public var lines: [String: Int]
    /// The revision that the injector serves; empty is the default one. Read only where namespace labels are
    /// given without a webhook configuration.
    public var revision: String

    public init(
        form: Form, policy: String, neverInjectSelector: [Value] = [], alwaysInjectSelector: [Value] = [],
        file: String = "", lines: [String: Int] = [:], revision: String = ""
    ) {
        self.form = form
        self.policy = policy
        self.neverInjectSelector = neverInjectSelector
        self.alwaysInjectSelector = alwaysInjectSelector
        self.file = file
        self.lines = lines
        self.revision = revision
    }
}

/// What a decision is about. Values are read where they are; nothing is copied.
public struct DecisionSubject: Sendable {
    /// The namespace that the pod will live in.
    public var namespace: String
    /// `metadata` of the pod or pod template.
    public var metadata: Object
    /// `spec` of the pod or pod template.
    public var spec: Object
    /// JSON pointer of the pod or pod template in the object that was given: `/spec/template`, or empty for a
    /// Pod.
    public var pointer: String
    /// The labels of the namespace, where they are known.
    public var namespaceLabels: Object?
    /// The whole object that was given, for finding annotations in the wrong place.
    public var object: Value?
    /// CREATE, UPDATE … where an AdmissionReview said so.
    public var operation: String?
    public var subresource: String?
    /// The API server's half, where a webhook configuration is given.
    public var webhook: (any WebhookMatcher)?

    public init(
        namespace: String, metadata: Object, spec: Object, pointer: String = "",
        namespaceLabels: Object? = nil, object: Value? = nil, operation: String? = nil,
        subresource: String? = nil, webhook: (any WebhookMatcher)? = nil
    ) {
        self.namespace = namespace
        self.metadata = metadata
        self.spec = spec
        self.pointer = pointer
        self.namespaceLabels = namespaceLabels
        self.object = object
        self.operation = operation
        self.subresource = subresource
        self.webhook = webhook
    }

    /// JSON pointer of a label or annotation in the object that was given.
    ///
    /// - Parameter map: `labels` or `annotations`.
    public func place(of key: String, in map: String) -> String {
        "\(pointer)/metadata/\(map)/\(JSONPointer.escape(key))"
    }
}

/// Whether a pod gets a sidecar, and why.
public struct Decision: Sendable {
    public var inject: Bool
    /// The code of the decisive step.
    public var reason: ReasonCode
    /// The decisive step's sentence, with its values.
    public var message: String
    /// What to do to get the other answer, if anything can be done.
    public var remedy: String?
    /// Every rule in the order of evaluation, where a trace was asked for; exactly one is decisive.
    public var trace: [TraceStep]
    /// Every rule and its verdict in one line, the decisive one marked, for logs and audit annotations, where
    /// a whole trace is too much: `host_network=pass annotation=skip! default_policy=inject`. Always there.
    public var traceLine: String
    /// Warnings: misplaced keys, values that are not understood.
    public var warnings: [DecisionWarning]

    /// - Parameter traceLine: nil to make it from the trace.
    public init(
        inject: Bool, reason: ReasonCode, message: String, remedy: String? = nil, trace: [TraceStep] = [],
        traceLine: String? = nil, warnings: [DecisionWarning] = []
    ) {
        self.inject = inject
        self.reason = reason
        self.message = message
        self.remedy = remedy
        self.trace = trace
        self.traceLine = traceLine ?? trace.map(\.line).joined(separator: " ")
        self.warnings = warnings
    }
}

/// Something about a pod that is allowed and probably not meant.
public struct DecisionWarning: Sendable, Equatable {
    /// The whole sentence: what was found, where, and what to do.
    public var message: String
    /// The same in at most 120 bytes, for the person that applies the pod; nil where that person can do nothing about
    /// it.
    public var admission: String?
    /// JSON pointer of what was found in the object that was given.
    public var source: String?

    public init(_ message: String, admission: String? = nil, source: String? = nil) {
        self.message = message
        self.admission = admission
        self.source = source
    }
}

/// One rule's part in a decision.
public struct TraceStep: Sendable, Equatable {
    public enum Verdict: String, Sendable { case inject, skip, pass, error, unknown }

    /// The rule's name: `host_network`, `never_inject_selector` …
    public var rule: String
    public var verdict: Verdict
    public var decisive: Bool
    public var code: ReasonCode
    public var message: String
    public var remedy: String?
    /// The place of the rule (file and line of the configuration) or of the value (JSON pointer in the object).
    public var source: String?

    public init(
        rule: String, verdict: Verdict, decisive: Bool, code: ReasonCode, message: String,
        remedy: String? = nil, source: String? = nil
    ) {
        self.rule = rule
        self.verdict = verdict
        self.decisive = decisive
        self.code = code
        self.message = message
        self.remedy = remedy
        self.source = source
    }
}

/// The smallest change that would flip a decision: one edit, or several where no single one would do.
public struct Counterfactual: Sendable, Equatable {
    /// One single change of the pod, its namespace or the configuration.
    public enum Edit: Sendable, Equatable {
        case setAnnotation(String, String)
        case removeAnnotation(String)
        case setLabel(String, String)
        case removeLabel(String)
        case hostNetwork(Bool)
        case namespace(String)
        case setNamespaceLabel(String, String)
        case removeNamespaceLabel(String)
        case policy(String)
    }

    public var edits: [Edit]
    /// The edits in words: `set annotation sidecar.istio.io/inject to "true" on the pod template`.
    public var change: String
    public var inject: Bool
    public var reason: ReasonCode

    public init(edits: [Edit], change: String, inject: Bool, reason: ReasonCode) {
        self.edits = edits
        self.change = change
        self.inject = inject
        self.reason = reason
    }
}

/// Rules for decisions, as the registry knows them.
public protocol DecisionPlugin: Sendable {
    /// As a renderer's: `policy`.
    var id: String { get }
    /// Makes the rules ready: selectors are parsed here, once. What is wrong in them is a warning, never an
    /// error, as Istio has it.
    func compile(_ configuration: PolicyConfiguration) -> (
        engine: any DecisionEngine, warnings: [PolicyWarning]
    )
}

/// Something in a policy configuration that is not used unchanged.
public struct PolicyWarning: Sendable, Equatable {
    /// `policy_illegal` or `selector_ignored`.
    public var code: ReasonCode
    /// Its place, as a JSON pointer in the configuration: `/policy`, `/neverInjectSelector/0`.
    public var pointer: String
    public var message: String
    public var remedy: String?

    public init(code: ReasonCode, pointer: String, message: String, remedy: String? = nil) {
        self.code = code
        self.pointer = pointer
        self.message = message
        self.remedy = remedy
    }
}

/// Compiled rules: pure, without I/O, the same for every caller.
///
/// ```swift
/// let (engine, _) = plugin.compile(PolicyConfiguration(form: .modern, policy: "enabled"))
/// let pod = DecisionSubject(
///     namespace: "shop",
///     metadata: Object([Member("annotations", ["sidecar.istio.io/inject": "false"])]),
///     spec: Object([Member("containers", [["name": "app"]])]))
/// let decision = engine.decide(pod, trace: true)
/// // decision.inject is false; decision.message says why, and decision.trace holds every rule that was evaluated
/// let change = engine.counterfactuals(pod).first?.change
/// ```
public protocol DecisionEngine: Sendable {
    /// Decides; the trace is made only when it is asked for.
    func decide(_ subject: DecisionSubject, trace: Bool) -> Decision
    /// The smallest changes that flip the decision, each found by deciding again: single edits, and pairs or
    /// threes only where no fewer would do.
    func counterfactuals(_ subject: DecisionSubject) -> [Counterfactual]
    /// The answers of these rules, row by row.
    func truthTable() -> TruthTable
    /// Makes webhook configurations ready for `DecisionSubject.webhook`: a MutatingWebhookConfiguration, or a
    /// list of them.
    ///
    /// - Parameter file: the file's name, for messages; may be empty.
    func compileWebhook(
        _ configuration: Value, file: String
    ) throws(WebhookConfigurationError) -> any WebhookMatcher
    /// A MutatingWebhookConfiguration under which the API server and these rules together answer as `decide` does with
    /// the namespace's labels.
    func webhookConfiguration(_ export: WebhookExport) throws(WebhookConfigurationError) -> Value
}
