import Values

/// Checks a pod against the Pod Security Standards at the level that its namespace's label enforces.
///
/// | level | refuses |
/// | --- | --- |
/// | privileged | nothing |
/// | baseline | access to the host: its namespaces, folders, ports, privileged containers, capabilities … |
/// | restricted | also what a hardened pod does not need: root, privilege escalation, most kinds of volumes |
///
/// Source: the standard as published by Kubernetes. Windows pods are exempt from rules about Linux features.
struct PodSecurity {
    enum Level: String, Sendable { case privileged, baseline, restricted }

    static let label = "pod-security.kubernetes.io/enforce"
    static let versionLabel = "pod-security.kubernetes.io/enforce-version"

    private let level: Level
    /// The minor version of Kubernetes whose rules apply; the maximum for `latest`.
    private let minor: Int
    private var isLinux = true
    private var found: [PodCheck.Finding] = []

    /// - Parameter labels: the namespace's labels.
    init(labels: Object) {
        level = labels[Self.label]?.string.flatMap(Level.init) ?? .privileged
        let version = labels[Self.versionLabel]?.string ?? "latest"
        minor = version.begins(with: "v1.") ? Int(version.dropFirst(3)) ?? .max : .max
    }

    /// - Returns: the violations; empty at the level `privileged`.
    func violations(_ pod: Pod) -> [PodCheck.Finding] {
        guard level != .privileged else { return [] }
        var run = self
        run.isLinux = pod.spec["os"]?["name"] != "windows"
        run.baseline(pod)
        if level == .restricted { run.restricted(pod) }
        return run.found
    }

    private mutating func add(_ path: [PodSurvival.Loss.Step], _ what: String) {
        found.append(
            PodCheck.Finding(
                code: "pod_security", path: [.member("spec")] + path,
                message: "PodSecurity \(level.rawValue): \(what)"))
    }

    private static let lists = ["initContainers", "containers", "ephemeralContainers"]

    private func eachContainer(of pod: Pod) -> [(
        name: String, container: Value, path: [PodSurvival.Loss.Step]
    )] {
        Self.lists.flatMap { list in
            (pod.spec[list]?.array ?? []).map { ($0.name, $0, [.member(list), .item($0.name)]) }
        }
    }

    // MARK: Baseline

    private static let capabilities: Set<String> = [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ]

    /// Sysctls and the minor version since which they are allowed.
    private static let sysctls: [String: Int] = [
        "kernel.shm_rmid_forced": 0, "net.ipv4.ip_local_port_range": 0,
        "net.ipv4.ip_unprivileged_port_start": 0,
        "net.ipv4.tcp_syncookies": 0, "net.ipv4.ping_group_range": 0, "net.ipv4.ip_local_reserved_ports": 27,
        "net.ipv4.tcp_keepalive_time": 29, "net.ipv4.tcp_fin_timeout": 29, "net.ipv4.tcp_keepalive_intvl": 29,
        "net.ipv4.tcp_keepalive_probes": 29, "net.ipv4.tcp_rmem": 32, "net.ipv4.tcp_wmem": 32,
    ]

    private mutating func baseline(_ pod: Pod) {
        for key in ["hostNetwork", "hostPID", "hostIPC"] where pod.spec[key] == true {
            add([.member(key)], "\(key) is true")
        }
        for volume in pod.spec["volumes"]?.array ?? [] where volume["hostPath"].map({ !$0.isNull }) == true {
            add([.member("volumes"), .item(volume.name)], "volume \"\(volume.name)\" is a hostPath")
        }
        for sysctl in pod.spec["securityContext"]?["sysctls"]?.array ?? [] {
            if let since = Self.sysctls[sysctl.name], since <= minor { continue }
            add(
                [.member("securityContext"), .member("sysctls")],
                "sysctl \(sysctl.name.prefix(60)) is not allowed")
        }
        context(pod.spec["securityContext"], "the pod", [.member("securityContext")])
        for member in pod.annotations.members
        where member.key.begins(with: "container.apparmor.security.beta.kubernetes.io/") {
            let profile = member.value.string ?? ""
            if ["", "runtime/default"].contains(profile) || profile.begins(with: "localhost/") { continue }
            add([], "AppArmor profile \(profile.prefix(40)) is not allowed")
        }
        for (name, container, path) in eachContainer(of: pod) {
            let place = "container \"\(name)\""
            let security = container["securityContext"]
            context(security, place, path + [.member("securityContext")])
            if security?["privileged"] == true { add(path, "\(place) is privileged") }
            for capability in security?["capabilities"]?["add"]?.array ?? [] {
                let text = capability.string ?? ""
                if !Self.capabilities.contains(text) {
                    add(
                        path + [.member("securityContext"), .member("capabilities")],
                        "\(place) adds \(text.prefix(40))")
                }
            }
            if let mount = security?["procMount"]?.string, mount != "Default" {
                add(path, "\(place): procMount \(mount)")
            }
            for port in container["ports"]?.array ?? [] where (port["hostPort"]?.int ?? 0) != 0 {
                add(path + [.member("ports")], "\(place) uses a host port")
            }
            if minor >= 34 { hosts(container, place, path) }
        }
    }

    private mutating func hosts(_ container: Value, _ place: String, _ path: [PodSurvival.Loss.Step]) {
        var handlers = ["readinessProbe", "livenessProbe", "startupProbe"].map { ($0, container[$0]) }
        for hook in ["preStop", "postStart"] { handlers.append((hook, container["lifecycle"]?[hook])) }
        for (key, handler) in handlers {
            for kind in ["httpGet", "tcpSocket"] where handler?[kind]?["host"]?.string?.isEmpty == false {
                add(path + [.member(key)], "\(place): \(key) names a host")
            }
        }
    }

    private static let seLinuxTypes: Set<String> = [
        "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t",
    ]

    private mutating func context(_ context: Value?, _ place: String, _ path: [PodSurvival.Loss.Step]) {
        guard case .object? = context else { return }
        if context?["windowsOptions"]?["hostProcess"] == true { add(path, "\(place) is a host process") }
        if let options = context?["seLinuxOptions"] {
            if !Self.seLinuxTypes.contains(options["type"]?.string ?? "") {
                add(path, "\(place): SELinux type")
            }
            for key in ["user", "role"] where options[key]?.string?.isEmpty == false {
                add(path, "\(place): SELinux \(key)")
            }
        }
        if let type = context?["appArmorProfile"]?["type"]?.string,
            !["RuntimeDefault", "Localhost"].contains(type)
        {
            add(path, "\(place): AppArmor profile \(type.prefix(40))")
        }
        if context?["seccompProfile"]?["type"] == "Unconfined" { add(path, "\(place): seccomp Unconfined") }
    }

    // MARK: Restricted

    private static let volumeKinds: Set<String> = [
        "name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
        "projected",
        "secret",
    ]

    private mutating func restricted(_ pod: Pod) {
        for volume in pod.spec["volumes"]?.array ?? [] {
            for member in volume.object?.members ?? []
            where !member.value.isNull && member.key != "hostPath" && !Self.volumeKinds.contains(member.key) {
                add([.member("volumes"), .item(volume.name)], "volume \"\(volume.name)\" is a \(member.key)")
            }
        }
        let shared = pod.spec["securityContext"]
        if shared?["runAsUser"] == 0 { add([.member("securityContext")], "the pod runs as user 0") }
        for (name, container, path) in eachContainer(of: pod) {
            let place = "container \"\(name)\""
            let security = container["securityContext"]
            if !(security?["runAsNonRoot"] == true
                || security?["runAsNonRoot"] == nil && shared?["runAsNonRoot"] == true)
            {
                add(path, "\(place) needs runAsNonRoot: true")
            }
            if security?["runAsUser"] == 0 { add(path, "\(place) runs as user 0") }
            guard isLinux else { continue }
            if security?["allowPrivilegeEscalation"] != false {
                add(path, "\(place) needs allowPrivilegeEscalation: false")
            }
            let seccomp = (security?["seccompProfile"] ?? shared?["seccompProfile"])?["type"]?.string ?? ""
            if !["RuntimeDefault", "Localhost"].contains(seccomp) {
                add(path, "\(place) needs a seccompProfile")
            }
            if security?["capabilities"]?["drop"]?.array?.contains("ALL") != true {
                add(path, "\(place) must drop ALL capabilities")
            }
            for capability in security?["capabilities"]?["add"]?.array ?? []
            where capability != "NET_BIND_SERVICE" && Self.capabilities.contains(capability.string ?? "") {
                add(path, "\(place) adds \((capability.string ?? "").prefix(40))")
            }
        }
    }
}
