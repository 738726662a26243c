import PluginAPI
public import Values
import YAML

extension InjectionOptions {
    /// Adds the annotations and labels of the Namespaces in a text: documents or Lists, as kubectl prints them. If two
    /// Namespaces have the same name, the later one is used.
    ///
    /// - Throws: if the text is not YAML or contains no Namespace.
    public mutating func readNamespaces(_ text: NamedText) throws(ConfigurationError) {
        let documents = try Self.documents(text)
        var isEmpty = true
        for object in documents.flatMap({ $0.value["items"]?.array ?? [$0.value] }) {
            // Items of a NamespaceList have no kind.
            guard (object["kind"] ?? "Namespace") == "Namespace",
                let name = object["metadata"]?["name"]?.string
            else { continue }
            namespaceAnnotations[name] = object["metadata"]?["annotations"]?.object ?? Object()
            namespaceLabels[name] = object["metadata"]?["labels"]?.object ?? Object()
            isEmpty = false
        }
        if isEmpty {
            throw ConfigurationError([
                Diagnostic(
                    .error, code: "namespaces_missing", at: SourceLocation(text.name),
                    "the file holds no Namespace",
                    remedy: "write it with kubectl get namespaces -o yaml")
            ])
        }
    }

    /// Adds the LimitRanges and ResourceQuotas in a text, for the forecast.
    ///
    /// - Throws: if the text is not YAML or contains neither.
    public mutating func readLimits(_ text: NamedText) throws(ConfigurationError) {
        guard namespaceLimits.add(try Self.documents(text).map(\.value)) > 0 else {
            throw ConfigurationError([
                Diagnostic(
                    .error, code: "limits_missing", at: SourceLocation(text.name),
                    "the file has neither a LimitRange nor a ResourceQuota",
                    remedy: "write it with kubectl get limitranges,resourcequotas -A -o yaml")
            ])
        }
    }

    /// Adds LimitRanges and ResourceQuotas of a cluster, for the forecast.
    public mutating func addLimits(_ objects: [Value]) { _ = namespaceLimits.add(objects) }

    private static func documents(_ text: NamedText) throws(ConfigurationError) -> [YAMLDocument] {
        do {
            return try YAMLReader.documents(text.bytes)
        } catch {
            throw ConfigurationError([
                Diagnostic(
                    .error, code: "yaml_invalid", at: SourceLocation(text.name, error.position),
                    "the file is not YAML: \(error.message)")
            ])
        }
    }
}
