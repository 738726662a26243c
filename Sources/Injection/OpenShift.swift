import Values

/// OpenShift gives each namespace its own range of user and group ids, and the proxy has to take its own from there.
enum OpenShift {
    /// Its admission sets the application's user on every container that has none, so also on a proxy that the user
    /// wrote down; traffic of that user would go round the proxy. Such a setting is taken back.
    static func resetProxyUser(of pod: inout Pod) {
        guard let user = pod.proxy?["securityContext"]?["runAsUser"],
            pod.containers.contains(where: {
                $0.name != ContainerName.proxy && $0["securityContext"]?["runAsUser"] == user
            })
        else { return }
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
    /// The proxy's user and group in a namespace; nil where the platform is another or the namespace is not known.
    func openShiftIdentity(in namespace: String) -> (user: Int64, group: Int64)? {
        guard options.environment["PLATFORM"]?.lowercased() == "openshift",
            let annotations = options.namespaceAnnotations[namespace]
        else { return nil }
        return SidecarTemplateData.openShiftIdentity(namespaceAnnotations: annotations)
    }
}
