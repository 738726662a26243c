import Values

/// Mounts the service account's token into the proxy, as in an application container. The proxy authenticates with it.
/// Classic form.
struct ServiceAccountMount: PodConcern {
    static let path = "/var/run/secrets/kubernetes.io/serviceaccount"

    func apply(to work: inout PodWork) {
        guard let mount = Self.find(in: work.pod.containers[..<work.firstInjected]) else { return }
        work.modifyInjectedProxy { proxy in
            proxy.modify("volumeMounts") { $0.modifyArray { $0.append(mount) } }
        }
    }

    /// Does nothing: the mount is removed with the proxy.
    func undo(in undoing: inout PodUndoing) {}

    /// The mount of the last application container with one.
    private static func find(in containers: ArraySlice<Value>) -> Value? {
        var found: Value?
        for container in containers {
            for mount in container["volumeMounts"]?.array ?? [] where mount["mountPath"]?.string == path {
                found = mount
            }
        }
        return found?.name.isEmpty == false ? found : nil
    }
}
