/// The reason why a pod gets a sidecar, gets none, or cannot be decided: stable codes for programs. `entry` has the
/// message, the remedy and the documentation of each. Codes are never reused or renamed.
public enum ReasonCode: String, Sendable, CaseIterable {
    // A sidecar is injected.
    case annotationTrue = "annotation_true"
    case labelTrue = "label_true"
    case alwaysInjectSelector = "always_inject_selector"
    case policyEnabled = "policy_enabled"
    case forcedByCLI = "forced_by_cli"
    // No sidecar is injected.
    case hostNetworkEnabled = "host_network_enabled"
    case ignoredNamespace = "ignored_namespace"
    case annotationFalse = "annotation_false"
    case annotationUnrecognised = "annotation_unrecognised"
    case labelFalse = "label_false"
    case neverInjectSelector = "never_inject_selector"
    case policyDisabled = "policy_disabled"
    case policyIllegal = "policy_illegal"
    case sidecarAlreadyExists = "sidecar_already_exists"
    case unsupportedResource = "unsupported_resource"
    case podTemplateUnknownKind = "pod_template_unknown_kind"
    case mirrorPod = "mirror_pod"
    case operationNotCreate = "operation_not_create"
    case subresource = "subresource"
    case namespaceLabelDisabled = "namespace_label_disabled"
    case objectSelectorMismatch = "object_selector_mismatch"
    case osWindows = "os_windows"
    case nothingRendered = "nothing_rendered"
    // The request failed.
    case decodeError = "decode_error"
    case annotationInvalid = "annotation_invalid"
    case templateMissing = "template_missing"
    case templateParseError = "template_parse_error"
    case templateExecError = "template_exec_error"
    case limitExceeded = "limit_exceeded"
    case renderedYAMLInvalid = "rendered_yaml_invalid"
    case renderedSchemaInvalid = "rendered_schema_invalid"
    case podPartLost = "pod_part_lost"
    case forecastRefused = "forecast_refused"
    case patchSelfCheckFailed = "patch_self_check_failed"
    case taintedValue = "tainted_value"
    case deadlineExceeded = "deadline_exceeded"
    case overloaded = "overloaded"
    case internalError = "internal_error"
    // Rules in a trace that leave the decision to later rules. They are never the reason of a decision.
    case ruleNotMet = "rule_not_met"
    case labelUnrecognised = "label_unrecognised"
    case selectorIgnored = "selector_ignored"
    case webhookCalls = "webhook_calls"
    case namespaceLabelsUnknown = "namespace_labels_unknown"
    case matchConditionsNotEvaluated = "match_conditions_not_evaluated"

    /// The outcome that a code stands for.
    public enum Kind: String, Sendable, CaseIterable {
        /// The pod gets a sidecar.
        case inject
        /// The pod gets no sidecar.
        case skip
        /// The request failed.
        case error
        /// One rule does not decide; the next ones do.
        case pass
    }
}
