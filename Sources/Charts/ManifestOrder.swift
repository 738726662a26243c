public import Values
import YAML

/// Cuts what templates wrote into documents and puts them into the order in which Helm installs them.
enum ManifestOrder {
    /// Kinds in the order of installation; others come behind, by name.
    private static let kinds = [
        "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
        "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass",
        "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole",
        "ClusterRoleList",
        "ClusterRoleBinding", "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList",
        "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
        "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService",
        "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
    ]

    private static let events: Set<String> = [
        "pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade",
        "pre-rollback",
        "post-rollback", "test", "test-success",
    ]

    /// What a template wrote, cut at lines that begin with three dashes. Blanks before a document go, those behind it
    /// stay.
    static func documents(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        // Blanks before the first document do not count.
        var start = text.firstIndex { !isSpace($0) } ?? text.count
        var line: Int? = start
        while let index = line, index < text.count {
            guard index + 2 < text.count, text[index] == UInt8(ascii: "-"), text[index + 1] == text[index],
                text[index + 2] == text[index]
            else {
                line = lineEnd(in: text, from: index).map { $0 + 1 }
                continue
            }
            parts.append(text[start..<index])
            start = index + 3
            while start < text.count, isSpace(text[start]) { start += 1 }
            // Blanks that go may end a line, or none.
            line = text[start - 1] == 0x0A ? start : lineEnd(in: text, from: start).map { $0 + 1 }
        }
        parts.append(text[min(start, text.count)...])
        return parts.filter { !isBlank($0) }
    }

    private static func lineEnd(in text: [UInt8], from start: Int) -> Int? {
        text.withUnsafeBufferPointer { text in
            ByteSearch.index(of: 0x0A, in: text, from: start)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// Without the blanks at both ends, those of Unicode too (Go's `strings.TrimSpace`).
    static func trimmed(_ text: [UInt8]) -> [UInt8] {
        var rest = text[...]
        while let count = spaceLength(in: rest, atEnd: false) { rest = rest.dropFirst(count) }
        while let count = spaceLength(in: rest, atEnd: true) { rest = rest.dropLast(count) }
        return Array(rest)
    }

    static func isBlank(_ text: some Collection<UInt8>) -> Bool {
        guard let index = text.firstIndex(where: { !isSpace($0) }) else { return true }
        return text[index] >= 0x80 && trimmed(Array(text[index...])).isEmpty
    }

    /// The bytes of the blank that the text begins or ends with; nil if it has no blank there.
    private static func spaceLength(in text: ArraySlice<UInt8>, atEnd: Bool) -> Int? {
        guard let byte = atEnd ? text.last : text.first else { return nil }
        if isSpace(byte) { return 1 }
        if byte < 0x80 { return nil }
        // NEL and the no-break space have two bytes in UTF-8, all others three.
        for length in [2, 3] {
            guard let scalar = onlyScalar(of: atEnd ? text.suffix(length) : text.prefix(length)) else {
                continue
            }
            return scalar.properties.isWhitespace ? length : nil
        }
        return nil
    }

    private static func onlyScalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let text = String(validating: bytes, as: UTF8.self), text.unicodeScalars.count == 1 else {
            return nil
        }
        return text.unicodeScalars.first
    }

    /// Adds the documents of one template with what their heads say: manifests to one list, hooks to the other.
    ///
    /// - Parameters:
    ///   - number: of the template.
    ///   - known: outlines of what the templates wrote before.
    /// - Throws: `YAML parse error on PATH: …`
    static func add(
        _ path: String, _ number: Int, _ text: [UInt8], to manifests: inout [ChartManifest],
        hooks: inout [ChartManifest], known: inout KnownOutlines
    ) throws(ChartError) {
        for (index, slice) in documents(text).enumerated() {
            let bytes = Array(slice)
            let head: Value
            do throws(YAMLError) {
                head = try known.head(of: bytes, at: index, ofTemplate: number, path)
            } catch {
                let before = text[..<slice.startIndex].count { $0 == 0x0A }
                throw ChartError(
                    .output, "YAML parse error on \(path): error converting YAML to JSON: \(error)",
                    file: path,
                    line: error.position.map { $0.line + before })
            }
            if !head.isNull, head.object == nil {
                throw ChartError(
                    .output,
                    "YAML parse error on \(path): error unmarshaling JSON: while decoding JSON: json: cannot "
                        + "unmarshal \(shown(head)) into Go value of type util.SimpleHead",
                    file: path)
            }
            var manifest = ChartManifest(path: path, text: bytes, head: head)
            if let hook = head["metadata"]?["annotations"]?["helm.sh/hook"]?.string {
                let names = hook.split(byte: ",", omittingEmptySubsequences: false).map {
                    String($0).lowercased().filter { $0 != " " }
                }
                // A document with an unknown event is not a hook, and not a manifest either.
                guard names.allSatisfy(events.contains) else { continue }
                manifest.hooks = names
                hooks.append(manifest)
            } else {
                manifests.append(manifest)
            }
        }
    }

    private static func shown(_ value: Value) -> String {
        switch value {
        case .string: "string"
        case .array: "array"
        case .bool: "bool"
        default: "number"
        }
    }

    /// By kind; what is of one kind stays in order.
    static func sorted(_ manifests: [ChartManifest]) -> [ChartManifest] {
        let ranks = manifests.map { manifest in
            let count = manifest.kind.utf8.count
            return kinds.firstIndex { $0.utf8.count == count && $0 == manifest.kind }
        }
        let order = manifests.indices.sorted { one, two in
            switch (ranks[one], ranks[two]) {
            case (nil, nil):
                let kinds = (manifests[one].kind, manifests[two].kind)
                return kinds.0 == kinds.1
                    ? one < two : kinds.0.utf8.lexicographicallyPrecedes(kinds.1.utf8)
            case (nil, _): return false
            case (_, nil): return true
            case (let first?, let second?): return first == second ? one < two : first < second
            }
        }
        return order.map { manifests[$0] }
    }
}

/// One document that a chart renders to.
public struct ChartManifest: Sendable {
    /// The file of the chart that it comes from, with the chart's name before it.
    public var path: String
    public var text: [UInt8]
    /// The events of a hook; empty for what is no hook.
    public var hooks: [String] = []
    public private(set) var kind: String
    public private(set) var name: String

    public var isTest: Bool { hooks.contains("test") || hooks.contains("test-success") }

    /// What the text says; it was valid YAML.
    public var value: Value { (try? YAMLReader.value(text)) ?? .null }

    /// - Parameter head: the document's value with `kind` and `metadata` at least.
    init(path: String, text: [UInt8], head: Value) {
        self.path = path
        self.text = text
        kind = head["kind"]?.string ?? ""
        name = head["metadata"]?["name"]?.string ?? ""
    }
}
