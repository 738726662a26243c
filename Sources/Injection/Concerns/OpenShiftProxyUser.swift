import Values

/// Removes the user that OpenShift's admission sets on a proxy that the pod defines: it sets the application's user on
/// every container without one. The application's traffic would bypass a proxy with the same user.
struct OpenShiftProxyUser: PodConcern {
    func prepare(_ work: inout PodWork) {
        guard work.snapshot.isOpenShift else { return }
        Self.reset(&work.subject.pod)
    }

    func apply(to work: inout PodWork) {}

    /// Does nothing: the platform sets the user again if needed.
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
