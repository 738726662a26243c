import PluginAPI
import Values
import YAML

/// OpenShift gives each namespace its own range of user and group ids, and the proxy has to take its own from there.
enum OpenShift {
    /// Its admission sets the application's user on every container that has none, so also on a proxy that the user
    /// wrote down; traffic of that user would go round the proxy. Such a setting is taken back.
    static func resetProxyUser(of pod: inout Pod) {
        guard case .object? = pod.proxy?["securityContext"] else { return }
        var proxyUser: Int64 = 0
        var applicationUser: Int64 = 0
        for container in pod.containers {
            guard let user = container["securityContext"]?["runAsUser"]?.int else { continue }
            switch container.name {
            case ContainerName.proxy: proxyUser = user
            case ContainerName.validation, ContainerName.initialisation: continue
            default: applicationUser = user
            }
        }
        guard proxyUser == applicationUser else { return }
        pod.modifyProxy { proxy in
            proxy.modify("securityContext") { context in
                context.modifyObject {
                    $0["runAsUser"] = nil
                    $0["runAsGroup"] = nil
                }
            }
        }
    }
}

extension Snapshot {
    /// What the environment says of the platform, else `values.global.platform`, as charts of today write it.
    var isOpenShift: Bool {
        let stated = options.environment["PLATFORM"] ?? ""
        let platform = stated.isEmpty ? values["global"]?["platform"]?.string ?? "" : stated
        return platform.lowercased() == "openshift"
    }

    /// The proxy's user and group in a namespace; nil where the platform is another or the namespace is not known.
    func openShiftIdentity(in namespace: String) -> (user: Int64, group: Int64)? {
        guard isOpenShift, let annotations = options.namespaceAnnotations[namespace] else { return nil }
        return SidecarTemplateData.openShiftIdentity(namespaceAnnotations: annotations)
    }
}

extension InjectionOptions {
    /// Adds the annotations of the Namespaces in a text: documents or Lists, as `kubectl get namespaces -o yaml` prints
    /// them; of two of one name the later counts.
    ///
    /// - Throws: a text that is no YAML, or holds no Namespace.
    public mutating func readNamespaces(_ text: NamedText) throws(ConfigurationError) {
        let documents: [YAMLDocument]
        do {
            documents = try YAMLReader.documents(text.bytes)
        } catch {
            throw ConfigurationError([
                Diagnostic(
                    .error, code: "yaml_invalid", at: SourceLocation(text.name, error.position),
                    "the file is no YAML: \(error.message)")
            ])
        }
        var isEmpty = true
        for object in documents.flatMap({ $0.value["items"]?.array ?? [$0.value] }) {
            // Items of a NamespaceList do not say their kind.
            guard (object["kind"] ?? "Namespace") == "Namespace",
                let name = object["metadata"]?["name"]?.string
            else { continue }
            namespaceAnnotations[name] = object["metadata"]?["annotations"]?.object ?? Object()
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
}
