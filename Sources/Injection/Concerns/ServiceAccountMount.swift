import Values

/// The proxy proves who it is with the service account's token, so it mounts it where an application container does.
enum ServiceAccountMount {
    static let path = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The mount that the last application container to have one has, or nil.
    static func find(in pod: Pod) -> Value? {
        var found: Value?
        for container in pod.containers {
            for mount in container["volumeMounts"]?.array ?? [] where mount["mountPath"]?.string == path {
                found = mount
            }
        }
        return found?.name.isEmpty == false ? found : nil
    }
}
