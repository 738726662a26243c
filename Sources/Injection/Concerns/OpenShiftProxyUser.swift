import Values

/// OpenShift's admission sets the application's user on every container that has none, and so also on a proxy that the
/// user defined. Traffic of that user would bypass the proxy: the setting is removed before the templates are merged.
struct OpenShiftProxyUser: PodConcern {
    func prepare(_ work: inout PodWork) {
        guard work.snapshot.isOpenShift else { return }
        Self.reset(&work.subject.pod)
    }

    func apply(to work: inout PodWork) {}

    /// Stays: the platform sets it again where it is needed.
    func undo(in undoing: inout PodUndoing) {}

    private static func reset(_ pod: inout Pod) {
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
