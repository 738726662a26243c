import PluginAPI
import Values

/// The compiled policy of a configuration: selectors are parsed, and rules are in the order of evaluation.
struct CompiledPolicy: Sendable {
    enum Default: Sendable, Equatable {
        case enabled, disabled
        /// Any other value, with its text.
        case illegal(String)

        init(_ text: String) {
            switch text {
            case "enabled": self = .enabled
            case "disabled": self = .disabled
            default: self = .illegal(text)
            }
        }
    }

    /// A selector of the configuration, or the reason why it is ignored.
    struct Entry: Sendable {
        var selector: LabelSelector
        /// The reason why it is ignored; nil if it is used.
        var ignored: String?
        /// The place in the configuration, as `file:line`.
        var source: String?

        func matches(_ labels: Object?) -> Bool { ignored == nil && selector.matches(labels) }
    }

    var form: PolicyConfiguration.Form
    var policy: Default
    var never: [Entry]
    var always: [Entry]
    var rules: [Rule]
    var ignoredNamespaces: [String]
    var policySource: String?
    /// The webhooks that an Istio of that form and revision installs, used if no webhook configuration is given.
    var standardWebhooks: Webhooks

    /// The problems of the policy and its selectors.
    var warnings: [PolicyWarning]
}

extension CompiledPolicy {
    init(_ configuration: PolicyConfiguration) {
        form = configuration.form
        policy = Default(configuration.policy)
        ignoredNamespaces = form.ignoredNamespaces
        policySource = Self.source(configuration, "policy")
        standardWebhooks = Webhooks.standard(form: form, revision: configuration.revision)
        warnings = []
        never = []
        always = []
        rules = Rule.all(form)

        if case .illegal(let text) = policy {
            warnings.append(
                PolicyWarning(
                    code: .policyIllegal, pointer: "/policy",
                    message:
                        "the policy is \(text.isEmpty ? "not given" : quoted(text)): expected enabled or disabled; "
                        + "with this policy nothing is injected, not even into pods that request it"))
        }
        never = compile(configuration.neverInjectSelector, list: "neverInjectSelector", configuration)
        always = compile(configuration.alwaysInjectSelector, list: "alwaysInjectSelector", configuration)
    }

    private mutating func compile(
        _ values: [Value], list: String, _ configuration: PolicyConfiguration
    ) -> [Entry] {
        var entries: [Entry] = []
        for (index, value) in values.enumerated() {
            var entry = Entry(
                selector: LabelSelector(requirements: []),
                source: Self.source(configuration, "\(list)/\(index)"))
            do {
                entry.selector = try LabelSelector(value)
                if entry.selector.isEmpty {
                    let unknown = LabelSelector.unknownMembers(value).prefix(4).map { quoted($0) }
                    entry.ignored =
                        unknown.isEmpty
                        ? "it is empty"
                        : "it has neither matchLabels nor matchExpressions, only \(unknown.joined(separator: ", "))"
                }
            } catch {
                entry.ignored = error.message
            }
            if let reason = entry.ignored {
                warnings.append(
                    PolicyWarning(
                        code: .selectorIgnored, pointer: "/\(list)/\(index)",
                        message: "\(list)[\(index)] is ignored: \(reason)"))
            }
            entries.append(entry)
        }
        return entries
    }

    private static func source(_ configuration: PolicyConfiguration, _ name: String) -> String? {
        guard !configuration.file.isEmpty else { return nil }
        guard let line = configuration.lines[name] else { return configuration.file }
        return "\(configuration.file):\(line)"
    }
}
