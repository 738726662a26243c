public import Values

/// The policy part of an injection configuration, unchanged from the file.
public struct PolicyConfiguration: Sendable {
    /// The set of rules: those of Istio 1.0 to 1.9, or those since 1.10.
    public enum Form: String, Sendable {
        /// The rules of configurations with `template:`.
        case classic
        /// The rules of configurations with `templates:`.
        case modern
    }

    public var form: Form
    /// `enabled`, `disabled`, or any other value in the file; empty if the file has no policy.
    public var policy: String
    /// Label selectors, not validated yet.
    public var neverInjectSelector: [Value]
    public var alwaysInjectSelector: [Value]
    /// The file's name, for `source` in traces.
    public var file: String
    /// The line numbers in the file of `policy` and of each selector, by list and index (`neverInjectSelector/0`).
    public var lines: [String: Int]
    /// The revision that the injector serves; empty for the default revision. Only used if namespace labels are given
    /// without a webhook configuration.
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

/// The input of a decision. Values are not copied.
public struct DecisionSubject: Sendable {
    /// The namespace that the pod will live in.
    public var namespace: String
    /// `metadata` of the pod or pod template.
    public var metadata: Object
    /// `spec` of the pod or pod template.
    public var spec: Object
    /// The JSON pointer of the pod or pod template in the given object: `/spec/template`, or empty for a Pod.
    public var pointer: String
    /// The labels of the namespace, if they are known.
    public var namespaceLabels: Object?
    /// The whole given object, to find annotations in the wrong place.
    public var object: Value?
    /// The operation of the AdmissionReview (`CREATE`, `UPDATE`, …), if there is one.
    public var operation: String?
    public var subresource: String?
    /// The API server's part of the decision, if a webhook configuration is given.
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

    /// Returns the JSON pointer of a label or annotation in the given object.
    ///
    /// - Parameter map: `labels` or `annotations`.
    public func place(of key: String, in map: String) -> String {
        "\(pointer)/metadata/\(map)/\(JSONPointer.escape(key))"
    }
}

/// The decision whether a pod gets a sidecar, with its reason.
public struct Decision: Sendable {
    public var inject: Bool
    /// The code of the decisive step.
    public var reason: ReasonCode
    /// The message of the decisive step, with its values.
    public var message: String
    /// The action that would change the decision, if there is one.
    public var remedy: String?
    /// Every rule in the order of evaluation, if a trace was requested. Exactly one is decisive.
    public var trace: [TraceStep]
    /// Every rule and its verdict in one line, with the decisive one marked, for logs and audit annotations, where a
    /// whole trace would be too long: `host_network=pass annotation=skip! default_policy=inject`. Always set.
    public var traceLine: String
    /// Warnings, for example about misplaced keys or unrecognised values.
    public var warnings: [DecisionWarning]

    /// - Parameter traceLine: nil to build it from the trace.
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

/// A property of a pod that is allowed but probably unintended.
public struct DecisionWarning: Sendable, Equatable {
    /// The whole message: what was found, where, and what to do.
    public var message: String
    /// The same in at most 120 bytes, for the person who applies the pod; nil if that person cannot change it.
    public var admission: String?
    /// The JSON pointer in the given object of what was found.
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

    /// The rule's name, for example `host_network` or `never_inject_selector`.
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

/// The smallest change that would flip a decision: one edit, or several if no single edit suffices.
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

/// A set of decision rules that can be registered.
public protocol DecisionPlugin: Sendable {
    /// The id, in the same format as a renderer's, for example `policy`.
    var id: String { get }
    /// Compiles the rules and parses their selectors. An invalid selector or policy gives a warning, not an error, as
    /// in Istio.
    func compile(_ configuration: PolicyConfiguration) -> (
        engine: any DecisionEngine, warnings: [PolicyWarning]
    )
}

/// A part of a policy configuration that is ignored or changed.
public struct PolicyWarning: Sendable, Equatable {
    /// The reason code: `policy_illegal` or `selector_ignored`.
    public var code: ReasonCode
    /// The place as a JSON pointer in the configuration, for example `/policy` or `/neverInjectSelector/0`.
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

/// Compiled rules. Decisions are pure functions without I/O.
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
    /// Decides whether the pod gets a sidecar. The trace is only built if it is requested.
    func decide(_ subject: DecisionSubject, trace: Bool) -> Decision
    /// Returns the smallest changes that flip the decision. Each is found by deciding again. Two or three edits
    /// together are only returned if fewer do not suffice.
    func counterfactuals(_ subject: DecisionSubject) -> [Counterfactual]
    /// Returns the decisions of these rules as a table.
    func truthTable() -> TruthTable
    /// Compiles a MutatingWebhookConfiguration, or a list of them, for `DecisionSubject.webhook`.
    ///
    /// - Parameter file: the file's name, for messages; may be empty.
    func compileWebhook(
        _ configuration: Value, file: String
    ) throws(WebhookConfigurationError) -> any WebhookMatcher
    /// Returns a MutatingWebhookConfiguration with which the API server and these rules together decide as `decide`
    /// does with the namespace's labels.
    func webhookConfiguration(_ export: WebhookExport) throws(WebhookConfigurationError) -> Value
}
