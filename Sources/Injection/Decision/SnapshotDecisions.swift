public import PluginAPI
public import Values

/// The rules of a configuration: their decision table, and webhooks.
extension Snapshot {
    /// The decisions of the rules, row by row.
    public var truthTable: TruthTable { decisions.truthTable() }

    /// Compiles webhook configurations for `Pipeline.decide`: a MutatingWebhookConfiguration, or a list of them.
    ///
    /// - Parameter file: the file's name, for messages; may be empty.
    public func webhooks(
        _ configuration: Value, file: String = ""
    ) throws(WebhookConfigurationError) -> any WebhookMatcher {
        try decisions.compileWebhook(configuration, file: file)
    }

    /// Builds the MutatingWebhookConfiguration for the policy.
    ///
    /// - Throws: if the policy injects nothing, so that no webhook is needed.
    public func webhookConfiguration(_ export: WebhookExport) throws(WebhookConfigurationError) -> Value {
        try decisions.webhookConfiguration(export)
    }
}
