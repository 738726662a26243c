public import PluginAPI
public import Values

/// What a configuration's rules can be asked besides decisions.
extension Snapshot {
    /// The answers of the rules, row by row.
    public var truthTable: TruthTable { decisions.truthTable() }

    /// Makes webhook configurations ready for `Pipeline.decide`: a MutatingWebhookConfiguration, or a list of them.
    ///
    /// - Parameter file: the file's name, for messages; may be empty.
    public func webhooks(
        _ configuration: Value, file: String = ""
    ) throws(WebhookConfigurationError) -> any WebhookMatcher {
        try decisions.compileWebhook(configuration, file: file)
    }

    /// The MutatingWebhookConfiguration that fits the policy.
    ///
    /// - Throws: where no webhook could fit: a policy that injects nothing.
    public func webhookConfiguration(_ export: WebhookExport) throws(WebhookConfigurationError) -> Value {
        try decisions.webhookConfiguration(export)
    }
}
