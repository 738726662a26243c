import PluginAPI
import Values

/// The Go types that templates, decoding and merging go by, one table a form.
final class TypeTable: Sendable {
    /// k8s.io/api 0.18 and the mesh configuration of Istio 1.6.
    static let classic = TypeTable(form: .classic)
    /// k8s.io/api 0.36 and today's mesh configuration.
    static let modern = TypeTable(form: .modern)

    static func of(_ form: PolicyConfiguration.Form) -> TypeTable { form == .classic ? classic : modern }

    let form: PolicyConfiguration.Form
    let pod: ObjectType
    let podSpec: ObjectType
    let objectMeta: ObjectType
    let typeMeta: ObjectType
    let container: ObjectType
    let volume: ObjectType
    let meshConfig: ObjectType
    let proxyConfig: ObjectType
    /// The root of a template's data.
    let templateData: ObjectType
    /// What a classic template's text is decoded as.
    let sidecarInjectionSpec: ObjectType

    private init(form: PolicyConfiguration.Form) {
        self.form = form
        pod = .any
        podSpec = .any
        objectMeta = .any
        typeMeta = .any
        container = .any
        volume = .any
        meshConfig = .any
        proxyConfig = .any
        templateData = .any
        sidecarInjectionSpec = .any
    }

    /// A struct by its Go name: `v1.Probe`.
    func type(named name: String) -> ObjectType? { nil }
}
