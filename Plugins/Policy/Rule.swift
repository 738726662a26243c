import PluginAPI
import Values

/// The rules of a decision. Their order in `all` is the order of evaluation:
///
/// | # | rule | verdict | codes |
/// | --- | --- | --- | --- |
/// | 1 | `webhook`: does the API server ask at all? | skip, pass, unknown | `namespace_label_disabled`, … |
/// | 2 | `host_network` | skip, pass | `host_network_enabled` |
/// | 3 | `ignored_namespace` | skip, pass | `ignored_namespace` |
/// | 4 | `policy_value`: is it enabled or disabled? | skip, pass | `policy_illegal` |
/// | 5 | `label` (modern) | inject, skip, pass | `label_true`, `label_false` |
/// | 6 | `annotation` (modern: unless there is a label) | inject, skip, pass | `annotation_true`, … |
/// | 7 | `never_inject_selector`, a step each | skip, pass | `never_inject_selector` |
/// | 8 | `always_inject_selector`, a step each | inject, pass | `always_inject_selector` |
/// | 9 | `default_policy` | inject, skip | `policy_enabled`, `policy_disabled` |
///
/// The first verdict of inject or skip decides. Istio only detects an illegal policy at the end, but then discards the
/// results of rules 5 to 8. Here it is checked at the place where it takes effect.
enum Rule: String, Sendable {
    case webhook
    case hostNetwork = "host_network"
    case ignoredNamespace = "ignored_namespace"
    case policyValue = "policy_value"
    case label
    case annotation
    case neverInject = "never_inject_selector"
    case alwaysInject = "always_inject_selector"
    case defaultPolicy = "default_policy"

    /// The name in a trace.
    var name: String { rawValue }

    static func all(_ form: PolicyConfiguration.Form) -> [Rule] {
        let start: [Rule] = [.webhook, .hostNetwork, .ignoredNamespace, .policyValue]
        let wishes: [Rule] = form == .modern ? [.label, .annotation] : [.annotation]
        return start + wishes + [.neverInject, .alwaysInject, .defaultPolicy]
    }
}

/// The result of one rule for a pod. Creating one allocates nothing.
struct Finding {
    var verdict: TraceStep.Verdict
    var code: ReasonCode
    /// The index of the selector in the rule's list.
    var index: Int?

    static let pass = Finding(verdict: .pass, code: .ruleNotMet)

    static func inject(_ code: ReasonCode) -> Finding { Finding(verdict: .inject, code: code) }
    static func skip(_ code: ReasonCode) -> Finding { Finding(verdict: .skip, code: code) }
    static func pass(_ code: ReasonCode) -> Finding { Finding(verdict: .pass, code: code) }

    /// Returns the same finding for one selector.
    func at(_ index: Int) -> Finding { Finding(verdict: verdict, code: code, index: index) }

    /// Whether it ends the evaluation.
    var isFinal: Bool { verdict == .inject || verdict == .skip }
}

/// A pod's answer to the question whether it should have a sidecar.
enum Wish: Equatable {
    case yes, no
    /// There is no answer.
    case none
    /// There is an answer, but it is not recognised.
    case unrecognised

    /// Parses the value of `sidecar.istio.io/inject`.
    ///
    /// The classic form accepts YAML's words for yes in any case, and everything else means no. Its words for no are
    /// only recognised in order to report them. The modern form recognises two words, in lower case.
    init(_ text: String, form: PolicyConfiguration.Form) {
        switch form {
        case .modern:
            switch text {
            case "true": self = .yes
            case "false": self = .no
            case "": self = .none
            default: self = .unrecognised
            }
        case .classic:
            // The longest recognised word has five bytes, so longer texts need not be converted to lower case.
            guard text.utf8.count <= 5 else {
                self = .unrecognised
                return
            }
            switch text.lowercased() {
            case "y", "yes", "true", "on": self = .yes
            case "n", "no", "false", "off": self = .no
            case "": self = .none
            default: self = .unrecognised
            }
        }
    }
}

/// The name of the annotation and of the label with which a pod requests or declines a sidecar.
let injectKey = "sidecar.istio.io/inject"

extension PolicyConfiguration.Form {
    /// The namespaces in which nothing is injected.
    var ignoredNamespaces: [String] {
        switch self {
        case .classic: ["kube-system", "kube-public"]
        case .modern: ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"]
        }
    }
}
