import Values

/// The proxy proves who it is with the service account's token, so it mounts it where an application container does.
struct ServiceAccountMount: PodConcern {
    static let path = "/var/run/secrets/kubernetes.io/serviceaccount"

    func apply(to work: inout PodWork) {
        guard let mount = Self.find(in: work.pod.containers[..<work.firstInjected]) else { return }
        work.modifyInjectedProxy { proxy in
            proxy.modify("volumeMounts") { $0.modifyArray { $0.append(mount) } }
        }
    }

    /// Goes with the proxy.
    func undo(in undoing: inout PodUndoing) {}

    /// The mount that the last application container to have one has, or nil.
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
