import Values

/// The setting with which a gateway's proxy can listen on ports below 1024 without being root.
///
/// Istio's gateway templates set it in the pod, and the status annotation does not name it.
struct GatewaySysctl: PodConcern {
    private static let setting: Value = ["name": "net.ipv4.ip_unprivileged_port_start", "value": "0"]

    /// Does nothing: the template renders the setting.
    func apply(to work: inout PodWork) {}

    func undo(in undoing: inout PodUndoing) {
        guard undoing.isFinal, undoing.status.containers == [ContainerName.proxy],
            case .object(var context)? = undoing.pod.spec["securityContext"],
            context["sysctls"] == .array([Self.setting])
        else { return }
        context["sysctls"] = nil
        undoing.pod.spec["securityContext"] = context.isEmpty ? nil : .object(context)
        undoing.notes.append("the sysctl of a gateway is removed; whether the pod set it too is not known")
    }
}
