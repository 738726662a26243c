import Values

/// Finds privileges in a template that only the host should have: anyone who can change the template could take over
/// the node with them. Istio's own templates need none of them; `istio-init` has NET_ADMIN and NET_RAW.
enum Privileges {
    /// Capabilities that are equivalent to root on the host.
    private static let capabilities: Set<String> = ["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "BPF"]

    /// One message for each privilege that the injected pod has and the original pod did not have.
    static func gained(by pod: Pod, over before: Pod) -> [String] {
        var found: [String] = []
        for key in ["hostPID", "hostIPC", "hostNetwork"]
        where pod.spec[key]?.bool == true && before.spec[key]?.bool != true {
            found.append("spec.\(key): the template puts pods into the host's namespace")
        }
        let volumes = Set((before.spec["volumes"]?.array ?? []).map(\.name))
        for volume in pod.spec["volumes"]?.array ?? [] where !volumes.contains(volume.name) {
            guard let path = volume["hostPath"]?["path"]?.string else { continue }
            found.append("the volume \"\(volume.name)\" is the host's folder \(path)")
        }
        for list in ["initContainers", "containers"] {
            let known = Set((before.spec[list]?.array ?? []).map(\.name))
            for container in pod.spec[list]?.array ?? [] where !known.contains(container.name) {
                let context = container["securityContext"]
                if context?["privileged"]?.bool == true {
                    found.append("the container \"\(container.name)\" is privileged")
                }
                for capability in context?["capabilities"]?["add"]?.array ?? [] {
                    let name = capability.string ?? ""
                    let plain = name.begins(with: "CAP_") ? String(name.dropFirst(4)) : name
                    guard capabilities.contains(plain.uppercased()) else { continue }
                    found.append("the container \"\(container.name)\" gets the capability \(name)")
                }
            }
        }
        return found
    }
}
