import PluginAPI
import Values

/// What an injection template sees: values with their Go types; nothing is copied.
enum SidecarTemplateData {
    static func classic(
        typeMeta: Value, deploymentMeta: Value, objectMeta: Value, spec: Value, proxyConfig: Value,
        meshConfig: Value, values: Value
    ) -> TemplateData {
        TemplateData(.null)
    }

    /// What the modern form adds.
    struct Additions: Sendable {
        var revision: String
        var nativeSidecars: Bool
        var proxyImage: String
        var proxyInitImage: String
        var proxyUID: Int64 = 1337
        var proxyGID: Int64 = 1337
        /// `localhost` or `passthrough`
        var inboundTrafficPolicyMode: String
        /// From the environment COMPLIANCE_POLICY.
        var compliancePolicy: String = ""
    }

    /// - Parameters:
    ///   - typeMeta: an object with kind and apiVersion.
    ///   - deploymentMeta: an object with name and namespace.
    static func modern(
        typeMeta: Value, deploymentMeta: Value, objectMeta: Value, spec: Value, proxyConfig: Value,
        meshConfig: Value, values: Value, additions: Additions
    ) -> TemplateData {
        TemplateData(.null)
    }

    /// `hub/image:tag` with the variant that annotation, proxy configuration and values ask for.
    static func proxyImage(values: Value, proxyConfig: Value, annotations: Object) -> String { "" }

    /// As `proxyImage`, of the init container.
    static func proxyInitImage(values: Value, annotations: Object) -> String { "" }

    /// The user and group that OpenShift gives the proxy in a namespace with these annotations; nil where they do
    /// not say.
    static func openShiftIdentity(namespaceAnnotations: Object) -> (user: Int64, group: Int64)? { nil }

    /// `localhost` or `passthrough`, from the mesh configuration.
    static func inboundTrafficPolicyMode(meshConfig: Value) -> String { "passthrough" }
}
