public import Values
import YAML

/// Splits the output of templates into documents and sorts them in the order in which Helm installs them.
enum ManifestOrder {
    /// Kinds in the order of installation. Other kinds follow, sorted by name.
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

    /// Splits a template's output at lines that begin with three dashes. White space before a document is removed,
    /// white space after it is kept.
    static func documents(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        // White space before the first document is ignored.
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
            // The removed white space may or may not end a line.
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

    /// Removes white space at both ends, including that of Unicode, like Go's `strings.TrimSpace`.
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

    /// Returns the number of bytes of the white-space character at the beginning or end of the text; nil if there is no
    /// such character.
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

    /// Adds the documents of one template to the lists: hooks to one, all others to the other.
    ///
    /// - Parameters:
    ///   - number: the template's number.
    ///   - known: the outlines of the templates' earlier outputs.
    /// - Throws: an error with the message `YAML parse error on PATH: …`.
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

    /// Sorts by kind. Documents of one kind stay in order.
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

/// One document of a chart's output.
public struct ChartManifest: Sendable {
    /// The path of the template, starting with the chart's name.
    public var path: String
    public var text: [UInt8]
    /// The events of a hook; empty if the document is not a hook.
    public var hooks: [String] = []
    public private(set) var kind: String
    public private(set) var name: String

    public var isTest: Bool { hooks.contains("test") || hooks.contains("test-success") }

    /// The parsed text, which is valid YAML.
    public var value: Value { (try? YAMLReader.value(text)) ?? .null }

    /// - Parameter head: the document's value, with at least `kind` and `metadata`.
    init(path: String, text: [UInt8], head: Value) {
        self.path = path
        self.text = text
        kind = head["kind"]?.string ?? ""
        name = head["metadata"]?["name"]?.string ?? ""
    }
}
