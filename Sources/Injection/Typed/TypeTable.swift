import CAssets
import PluginAPI
import Values

/// The Go types that templates, decoding and merging use. There is one table for each form, created on first use.
final class TypeTable: Sendable {
    /// k8s.io/api 0.18 and the mesh configuration of Istio 1.6.
    static let classic = TypeTable(form: .classic, pillion_types_classic)
    /// k8s.io/api 0.36 and the current mesh configuration.
    static let modern = TypeTable(form: .modern, pillion_types_modern)

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
    /// The type of a rendered text in the classic form; in the modern form it is `pod`.
    let sidecarInjectionSpec: ObjectType
    private let reader: TypeTableReader

    private init(form: PolicyConfiguration.Form, _ asset: pillion_asset) {
        self.form = form
        reader = TypeTableReader(
            UnsafeBufferPointer(start: asset.bytes, count: asset.count),
            proxyDefaults: ProtoDefaults.proxyConfig(form))
        var roots: [String: ObjectType] = [:]
        for type in reader.types where type.kind == .structure && Self.rootNames.contains(type.name) {
            roots[type.name] = type
        }
        func named(_ name: String) -> ObjectType { roots[name] ?? .any }
        pod = named("v1.Pod")
        podSpec = named("v1.PodSpec")
        objectMeta = named("v1.ObjectMeta")
        typeMeta = named("v1.TypeMeta")
        container = named("v1.Container")
        volume = named("v1.Volume")
        meshConfig = named("v1alpha1.MeshConfig")
        proxyConfig = named("v1alpha1.ProxyConfig")
        templateData = named("inject.SidecarTemplateData")
        sidecarInjectionSpec = form == .classic ? named("inject.SidecarInjectionSpec") : pod
    }

    private static let rootNames: Set<String> = [
        "v1.Pod", "v1.PodSpec", "v1.ObjectMeta", "v1.TypeMeta", "v1.Container", "v1.Volume",
        "v1alpha1.MeshConfig",
        "v1alpha1.ProxyConfig", "inject.SidecarTemplateData", "inject.SidecarInjectionSpec",
    ]

    /// A type by its Go name: `v1.Probe`, `*v1.Probe`, `map[string]string`. Searches all types, so it is slow.
    func type(named name: String) -> ObjectType? { reader.types.first { $0.name == name } }
}

/// The defaults of a proxy configuration; `protoToJSON` omits members that are equal to them.
enum ProtoDefaults {
    private static let classic = [
        "configPath", "binaryPath", "serviceCluster", "drainDuration", "parentShutdownDuration",
        "discoveryAddress", "envoyMetricsService", "envoyAccessLogService", "tracing", "proxyAdminPort",
        "statNameLength", "statusPort", "concurrency",
    ]
    private static let modern = [
        "configPath", "binaryPath", "serviceCluster", "drainDuration", "terminationDrainDuration",
        "discoveryAddress", "envoyMetricsService", "envoyAccessLogService", "tracing", "proxyAdminPort",
        "statNameLength", "statusPort", "concurrency", "controlPlaneAuthPolicy",
    ]

    static func proxyConfig(_ form: PolicyConfiguration.Form) -> Object {
        let all = MeshDefaults.value(form)["defaultConfig"]?.object ?? Object()
        let names = form == .classic ? classic : modern
        return Object(all.members.filter { names.contains($0.key) })
    }
}

/// The default mesh configuration, which every other one overrides.
enum MeshDefaults {
    private static let classic = read(pillion_mesh_defaults_classic)
    private static let modern = read(pillion_mesh_defaults_modern)

    static func value(_ form: PolicyConfiguration.Form) -> Value { form == .classic ? classic : modern }

    private static func read(_ asset: pillion_asset) -> Value {
        // The text is part of the program; a test reads it.
        (try? JSON.read(UnsafeBufferPointer(start: asset.bytes, count: asset.count))) ?? .object(Object())
    }
}
