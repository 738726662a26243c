import PluginAPI
import Values
import YAML

/// A mesh configuration, merged over the defaults of its form.
///
/// Input: a file's content. Output: the whole configuration in the canonical form of proto JSON. A value in the file
/// replaces the default, even a whole message or list; only `defaultConfig` is merged, member by member, and within it
/// (modern form) `proxyMetadata`, key by key. Plain members with a zero value are dropped, as in proto JSON.
struct MeshConfiguration: Sendable {
    typealias Warning = ProtoDecoder.Warning

    let form: PolicyConfiguration.Form
    /// `.MeshConfig` in templates.
    let value: Value
    /// Unknown members, and other problems that do not prevent its use.
    let warnings: [Warning]
    /// `defaultConfig`; `.ProxyConfig` in templates, unless the pod changes it.
    let proxyConfig: Value

    /// Whether the proxy gets its certificates from an agent on the node (`sdsUdsPath`).
    let hasNodeAgent: Bool

    private init(form: PolicyConfiguration.Form, value: Object, warnings: [Warning]) {
        self.form = form
        self.value = .object(value)
        self.warnings = warnings
        proxyConfig = value["defaultConfig"] ?? .object(Object())
        hasNodeAgent = value["sdsUdsPath"]?.string?.isEmpty == false
    }

    /// The defaults of the form alone.
    static func defaults(_ form: PolicyConfiguration.Form) -> MeshConfiguration {
        let all = MeshDefaults.value(form).object ?? Object()
        let type = TypeTable.of(form).meshConfig
        return MeshConfiguration(form: form, value: withoutZeros(all, type), warnings: [])
    }

    /// - Parameter value: the file's content; null is the defaults.
    /// - Throws: all members with an invalid value, with their pointers.
    static func compile(
        _ value: Value, form: PolicyConfiguration.Form
    ) throws(SchemaErrors) -> MeshConfiguration {
        if value.isNull { return defaults(form) }
        let table = TypeTable.of(form)
        var decoder = ProtoDecoder()
        let given = decoder.message(value, table.meshConfig)
        guard decoder.problems.isEmpty else { throw SchemaErrors(decoder.problems) }
        var warnings = decoder.warnings
        // Istio refuses this configuration for a pod, but a mesh's may be older than the rule.
        for problem in ProxyConfigurationRules.problems(given["defaultConfig"]?.object ?? Object()) {
            warnings.append(
                Warning(
                    pointer: "/defaultConfig" + problem.pointer, message: "defaultConfig/" + problem.message))
        }
        var merged = MeshDefaults.value(form).object ?? Object()
        for member in given.members {
            if member.key == "defaultConfig", case .object(let config) = member.value {
                let base = merged["defaultConfig"]?.object ?? Object()
                merged["defaultConfig"] = .object(overlay(config, over: base, form))
            } else {
                merged[member.key] = member.value
            }
        }
        return MeshConfiguration(
            form: form, value: withoutZeros(merged, table.meshConfig), warnings: warnings)
    }

    /// Merges the pod's annotation `proxy.istio.io/config` (YAML) over `defaultConfig`.
    func proxyConfig(overlaying annotation: String) throws(SchemaError) -> Value {
        let given = try Self.proxyConfig(of: annotation, form: form)
        let base = proxyConfig.object ?? Object()
        let merged = Self.overlay(given, over: base, form)
        return .object(Self.withoutZeros(merged, TypeTable.of(form).proxyConfig))
    }

    /// A proxy configuration has a few dozen values. Aliases must not turn one annotation into millions.
    private static let annotationLimits = YAMLLimits(depth: 32, nodes: 10_000)

    /// Parses the annotation, and checks types and ranges.
    static func proxyConfig(
        of annotation: String, form: PolicyConfiguration.Form
    ) throws(SchemaError) -> Object {
        let value: Value
        do {
            value = try YAMLReader.value(annotation, options: YAMLOptions(limits: annotationLimits))
        } catch {
            throw SchemaError(
                pointer: "", found: "a text that is not YAML", expected: "a proxy configuration in YAML",
                message: "\(error)")
        }
        if value.isNull { return Object() }
        var decoder = ProtoDecoder()
        let config = decoder.message(value, TypeTable.of(form).proxyConfig)
        let problems = decoder.problems + ProxyConfigurationRules.problems(config)
        guard var first = problems.first else { return config }
        first.message = problems.map(\.message).joined(separator: "; ")
        throw first
    }

    /// `defaultConfig.statusPort`
    var statusPort: Int64 { proxyConfig["statusPort"]?.int ?? 0 }

    private static func overlay(
        _ given: Object, over base: Object, _ form: PolicyConfiguration.Form
    ) -> Object {
        let type = TypeTable.of(form).proxyConfig
        var result = base
        for member in given.members {
            guard let index = type.memberIndex(of: member.key) else { continue }
            if type.members[index].isOneOf {
                // Members of a oneof exclude each other.
                for other in type.members where other.isOneOf { result[other.jsonName] = nil }
            }
            if form == .modern, member.key == "proxyMetadata", case .object(let metadata) = member.value,
                case .object(let before) = result[member.key]
            {
                // A pod may have thousands, the mesh has a few: search only the few.
                let added = metadata.members.filter { before.index(of: $0.key) == nil }
                let kept = before.members.map { Member($0.key, metadata[$0.key] ?? $0.value) }
                result[member.key] = .object(Object(kept + added))
            } else {
                result[member.key] = member.value
            }
        }
        return result
    }

    /// Drops plain members that are zero or empty; keeps messages and wrappers, even empty ones.
    private static func withoutZeros(_ object: Object, _ type: ObjectType) -> Object {
        var result = Object()
        for member in object.members {
            guard let index = type.memberIndex(of: member.key) else { continue }
            let memberType = type.members[index].type
            if isZero(member.value, memberType) { continue }
            if case .object(let inner) = member.value, let message = memberType.element,
                message.kind == .structure
            {
                result[member.key] = .object(withoutZeros(inner, message))
            } else {
                result[member.key] = member.value
            }
        }
        return result
    }

    private static func isZero(_ value: Value, _ type: ObjectType) -> Bool {
        if type.kind == .enumeration {
            return type.enumeration.contains { $0.number == 0 && value == .string($0.name) }
        }
        return TypedDecoding.isZero(value, type)
    }
}
