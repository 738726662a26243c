import PluginAPI
import Values

/// The annotation `k8s.v1.cni.cncf.io/networks`: comma-separated names or a JSON list.
enum MultusNetworks {
    static func appending(_ network: String, to existing: String) -> String {
        if existing.isEmpty { return network }
        let bytes = Array(existing.utf8)
        guard let bracket = bytes.lastIndex(of: 0x5D) else {
            let names = ByteText.split(bytes, by: [0x2C]).map(ByteText.trimSpace)
            return names.contains(Array(network.utf8)) ? existing : existing + ", " + network
        }
        guard let value = try? JSON.read(bytes), let entries = value.array else { return existing }
        let parts = network.split(byte: "/", maxSplits: 1, omittingEmptySubsequences: false).map {
            String($0)
        }
        let (namespace, name) = parts.count == 2 ? (parts[0], parts[1]) : (nil, network)
        let isThere = entries.contains {
            $0["name"]?.string == name && (namespace == nil || $0["namespace"]?.string == namespace)
        }
        if isThere { return existing }
        var entry = ", {\"name\": \(JSON.text(.string(name)))"
        if let namespace { entry += ", \"namespace\": \(JSON.text(.string(namespace)))" }
        entry += "}"
        return String(decoding: bytes[..<bracket], as: UTF8.self) + entry
            + String(decoding: bytes[bracket...], as: UTF8.self)
    }
}

/// OpenTelemetry's resource attributes of a workload: `service.namespace=…,service.version=…,service.instance.id=…`.
enum ResourceAttributes {
    private static let prefix = "resource.opentelemetry.io/"

    /// Returns the attributes as a text. The arguments are: mesh, annotations, labels, namespace, containers.
    static func text(_ call: Call) -> String {
        guard wanted(by: call[0]) else { return "" }
        func annotation(_ name: String) -> String? { call[1].member(prefix + name)?.stringText }
        let containers = call[4].items ?? []
        let namespace = call.text(3)
        var result: [String] = []
        if let value = annotation("service.namespace") ?? (namespace.isEmpty ? nil : namespace) {
            result.append("service.namespace=" + value)
        }
        let label = call[2].member("app.kubernetes.io/version")?.stringText
        if let value = annotation("service.version") ?? label
            ?? (containers.count == 1 ? version(of: containers[0]) : nil)
        {
            result.append("service.version=" + value)
        }
        let first = containers.first.flatMap { TypedFields.member($0, "Name", "name")?.stringText }
        if let value = annotation("service.instance.id") ?? first.map({ "\(namespace).$(POD_NAME).\($0)" }) {
            result.append("service.instance.id=" + value)
        }
        return result.joined(separator: ",")
    }

    /// Whether an extension provider is OpenTelemetry with the attributes enabled.
    private static func wanted(by mesh: GoValue) -> Bool {
        let providers = TypedFields.member(mesh, "ExtensionProviders", "extensionProviders")?.items ?? []
        return providers.contains { provider in
            guard let value = plain(provider)["opentelemetry"] else { return false }
            return value["serviceAttributeEnrichment"]?.string == "OTEL_SEMANTIC_CONVENTIONS"
        }
    }

    private static func plain(_ value: GoValue) -> Value {
        switch value {
        case .typed(let typed): return typed.value
        case .object(let object): return .object(object)
        case .string(let text): return .string(text)
        case .map(let map):
            return .object(Object(map.sortedKeys.map { Member($0, plain(map[$0] ?? .none)) }))
        default: return .null
        }
    }

    /// Returns the image's tag, tag and digest, or digest; nil if it has neither.
    private static func version(of container: GoValue) -> String? {
        guard let image = TypedFields.member(container, "Image", "image")?.stringText else { return nil }
        let parts = image.split(byte: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let digest = parts.count == 2 ? String(parts[1]) : nil
        let last = parts[0].split(byte: "/").last ?? ""
        let tag = last.firstIndex(ofByte: ":").map { String(last[last.utf8.index(after: $0)...]) }
        switch (tag, digest) {
        case (let tag?, let digest?): return tag + "@" + digest
        case (let tag?, nil): return tag
        case (nil, let digest?): return digest
        case (nil, nil): return nil
        }
    }
}
