import PluginAPI
import Values
import YAML

/// A mesh configuration laid over the defaults of its form.
///
/// A file's content in, the whole configuration out, in the canonical form of proto JSON: what is written replaces the
/// default, whole messages and lists too; only `defaultConfig` is merged, member by member, and within it (modern form)
/// `proxyMetadata`, key by key. Plain members with a zero value are left out, as proto JSON does.
struct MeshConfiguration: Sendable {
    typealias Warning = ProtoDecoder.Warning

    let form: PolicyConfiguration.Form
    /// What templates see as `.MeshConfig`.
    let value: Value
    /// Members that no mesh configuration of the form has, and the like.
    let warnings: [Warning]
    /// `defaultConfig`: what templates see as `.ProxyConfig` where a pod says nothing else.
    let proxyConfig: Value

    private init(form: PolicyConfiguration.Form, value: Object, warnings: [Warning]) {
        self.form = form
        self.value = .object(value)
        self.warnings = warnings
        proxyConfig = value["defaultConfig"] ?? .object(Object())
    }

    /// The defaults of the form alone.
    static func defaults(_ form: PolicyConfiguration.Form) -> MeshConfiguration {
        let all = MeshDefaults.value(form).object ?? Object()
        let type = TypeTable.of(form).meshConfig
        return MeshConfiguration(form: form, value: withoutZeros(all, type), warnings: [])
    }

    /// - Parameter value: the file's content; null is the defaults.
    /// - Throws: every member whose value does not fit, with its pointer.
    static func compile(
        _ value: Value, form: PolicyConfiguration.Form
    ) throws(SchemaErrors) -> MeshConfiguration {
        if value.isNull { return defaults(form) }
        let table = TypeTable.of(form)
        var decoder = ProtoDecoder()
        let given = decoder.message(value, table.meshConfig)
        guard decoder.problems.isEmpty else { throw SchemaErrors(decoder.problems) }
        var warnings = decoder.warnings
        // Istio refuses such a configuration of a pod; that of a mesh may be older than the rule.
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

    /// `defaultConfig` with the pod's annotation `proxy.istio.io/config` (YAML) laid over it.
    ///
    /// Nothing is kept between calls; a caller that sees the same text often should keep the answer.
    func proxyConfig(overlaying annotation: String) throws(SchemaError) -> Value {
        let given = try Self.proxyConfig(of: annotation, form: form)
        let base = proxyConfig.object ?? Object()
        let merged = Self.overlay(given, over: base, form)
        return .object(Self.withoutZeros(merged, TypeTable.of(form).proxyConfig))
    }

    /// A proxy configuration has a few dozen values; aliases must not make millions of one pod's annotation.
    private static let annotationLimits = YAMLLimits(depth: 32, nodes: 10_000)

    /// What the annotation says, types and ranges checked.
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
                // One of several: the others are taken back.
                for other in type.members where other.isOneOf { result[other.jsonName] = nil }
            }
            if form == .modern, member.key == "proxyMetadata", case .object(let metadata) = member.value,
                case .object(let before) = result[member.key]
            {
                // A pod may have thousands, the mesh has a few: looked up in the few only.
                let added = metadata.members.filter { before.index(of: $0.key) == nil }
                let kept = before.members.map { Member($0.key, metadata[$0.key] ?? $0.value) }
                result[member.key] = .object(Object(kept + added))
            } else {
                result[member.key] = member.value
            }
        }
        return result
    }

    /// Without the plain members that are zero or empty; messages and wrappers stay whatever they hold.
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

/// Which values a proxy configuration may have beyond their types.
enum ProxyConfigurationRules {
    static func problems(_ config: Object) -> [SchemaError] {
        var found: [SchemaError] = []
        for name in ["configPath", "binaryPath", "serviceCluster"] where config[name] == "" {
            found.append(failure(name, "", "a text that is not empty"))
        }
        for name in ["proxyAdminPort", "statusPort"] {
            guard let port = config[name]?.int, !(1...65535).contains(port) else { continue }
            found.append(failure(name, "\(port)", "a port, 1 to 65535"))
        }
        if let concurrency = config["concurrency"]?.int, concurrency < 0 {
            found.append(failure("concurrency", "\(concurrency)", "a number that is not negative"))
        }
        for name in ["drainDuration", "parentShutdownDuration"] {
            guard let text = config[name]?.string, let duration = ProtoDuration(text),
                duration.seconds <= 0 || duration.nanoseconds != 0
            else { continue }
            found.append(failure(name, text, "whole seconds, at least 1s"))
        }
        for name in ["discoveryAddress", "zipkinAddress", "statsdUdpAddress", "envoyMetricsServiceAddress"] {
            guard let address = config[name]?.string, !address.isEmpty || name == "discoveryAddress",
                !isAddress(address)
            else { continue }
            found.append(failure(name, address, "an address with a port: host:15012"))
        }
        for name in ["envoyAccessLogService", "envoyMetricsService"] {
            guard let address = config[name]?["address"]?.string, !address.isEmpty, !isAddress(address)
            else { continue }
            found.append(failure(name + "/address", address, "an address with a port: host:15012"))
        }
        return found
    }

    /// `host:port`
    private static func isAddress(_ address: String) -> Bool {
        guard let colon = address.utf8.lastIndex(of: UInt8(ascii: ":")), colon > address.startIndex,
            let port = UInt16(address[address.utf8.index(after: colon)...])
        else { return false }
        return port > 0
    }

    private static func failure(_ name: String, _ found: String, _ expected: String) -> SchemaError {
        SchemaError(
            pointer: "/" + name, found: found, expected: expected,
            message: "\(name): found \(found.isEmpty ? "nothing" : found), expected \(expected)")
    }
}
