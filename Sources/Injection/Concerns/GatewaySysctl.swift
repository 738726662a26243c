import Values

/// The setting by which a gateway's proxy listens on ports below 1024 without being root.
///
/// Istio's gateway templates give it to the pod, and no status annotation names it.
struct GatewaySysctl: PodConcern {
    private static let setting: Value = ["name": "net.ipv4.ip_unprivileged_port_start", "value": "0"]

    /// The template's text has it.
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
