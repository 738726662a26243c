import Values

extension PodChecker {
    /// Checks everything in a container but its name.
    mutating func parts(of container: Value, _ name: String, _ path: [Step], isInit: Bool) {
        let place = "container \"\(name)\""
        let image = container["image"]?.string ?? ""
        if image.isEmpty { add("required_missing", path, "\(place): there is no image") }
        if image.utf8.first == 0x20 || image.utf8.last == 0x20 {
            add("image_invalid", path, "\(place): the image begins or ends with a blank")
        }
        mounts(container, place, path)
        ports(container, place, path)
        environment(container, place, path)
        resources(container, place, path)
        security(container, name, place, path)
        probes(container, place, path, isInit: isInit)
    }

    private mutating func mounts(_ container: Value, _ place: String, _ path: [Step]) {
        guard case .array(let mounts)? = container["volumeMounts"] else { return }
        var paths: Set<String> = []
        for mount in mounts {
            let name = mount.name
            let target = mount["mountPath"]?.string ?? ""
            let spot = path + [.member("volumeMounts"), .item(target)]
            if !volumeNames.contains(name) {
                add(
                    "volume_missing", spot,
                    "\(place): mounts the volume \"\(name.prefix(63))\", which is not there")
            }
            if target.isEmpty {
                add(
                    "required_missing", spot, "\(place): the mount of \"\(name.prefix(63))\" has no mountPath"
                )
            } else if !paths.insert(target).inserted {
                add("name_duplicate", spot, "\(place): two volumes are mounted at \"\(target)\"")
            }
        }
    }

    private mutating func ports(_ container: Value, _ place: String, _ path: [Step]) {
        guard case .array(let ports)? = container["ports"] else { return }
        var names: [String] = []
        for port in ports {
            let number = port["containerPort"]?.int
            let spot = path + [.member("ports")]
            if !(1...65_535).contains(number ?? 0) {
                let shown = number.map { String($0) } ?? "none"
                add("port_invalid", spot, "\(place): containerPort \(shown), expected 1 to 65535")
            }
            if usesHostNetwork, let host = port["hostPort"]?.int, host != 0, host != number {
                add(
                    "port_invalid", spot,
                    "\(place): hostPort \(host) must be the containerPort on the host's network")
            }
            guard let name = port["name"]?.string, !name.isEmpty else { continue }
            if !Names.isPortName(name) {
                add("name_invalid", spot, "\(place): \"\(name.prefix(40))\" is not a valid port name")
            }
            if names.contains(name) {
                add("name_duplicate", spot, "\(place): two ports are named \"\(name)\"")
            }
            names.append(name)
        }
    }

    private static let sources: Set<String> = [
        "fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef",
    ]

    private mutating func environment(_ container: Value, _ place: String, _ path: [Step]) {
        guard case .array(let variables)? = container["env"] else { return }
        for variable in variables {
            let name = variable.name
            let spot = path + [.member("env"), .item(name)]
            if name.isEmpty { add("required_missing", spot, "\(place): a variable has no name") }
            guard let source = variable["valueFrom"], !source.isNull else { continue }
            if variable["value"]?.string?.isEmpty == false {
                add("value_duplicate", spot, "\(place): variable \(name) has value and valueFrom")
            }
            let count =
                source.object?.members.count { Self.sources.contains($0.key) && !$0.value.isNull } ?? 0
            if count != 1 {
                add(
                    "source_duplicate", spot,
                    "\(place): variable \(name): found \(count) sources, expected one")
            }
        }
    }

    private mutating func resources(_ container: Value, _ place: String, _ path: [Step]) {
        guard case .object(let limits)? = container["resources"]?["limits"],
            case .object(let requests)? = container["resources"]?["requests"]
        else { return }
        for request in requests.members {
            guard let limit = limits[request.key], let low = Quantity(of: request.value),
                let high = Quantity(of: limit), high < low
            else { continue }
            add(
                "request_exceeds_limit",
                path + [.member("resources"), .member("requests"), .member(request.key)],
                "\(place): the request of \(request.key) is above its limit: "
                    + "\(JSON.text(request.value)) > \(JSON.text(limit))")
        }
    }

    private mutating func security(_ container: Value, _ name: String, _ place: String, _ path: [Step]) {
        guard case .object(let context)? = container["securityContext"] else { return }
        let spot = path + [.member("securityContext")]
        for key in ["runAsUser", "runAsGroup"] {
            guard let id = context[key]?.int, !(0...2_147_483_647).contains(id) else { continue }
            add("number_invalid", spot + [.member(key)], "\(place): \(key) \(id), expected 0 to 2147483647")
        }
        if context["allowPrivilegeEscalation"] == false, context["privileged"] == true {
            add("security_conflict", spot, "\(place): privileged needs allowPrivilegeEscalation")
        }
        if context["allowPrivilegeEscalation"] == false,
            context["capabilities"]?["add"]?.array?.contains("CAP_SYS_ADMIN") == true
        {
            add("security_conflict", spot, "\(place): CAP_SYS_ADMIN needs allowPrivilegeEscalation")
        }
        if isWindows {
            let more = [
                "capabilities", "privileged", "procMount", "readOnlyRootFilesystem",
                "allowPrivilegeEscalation",
            ]
            linuxSettings(.object(context), name, more)
        }
    }

    private static let probeKeys = ["readinessProbe", "livenessProbe", "startupProbe"]

    private mutating func probes(_ container: Value, _ place: String, _ path: [Step], isInit: Bool) {
        let isSidecar = container["restartPolicy"] == "Always"
        for key in Self.probeKeys {
            guard case .object(let probe)? = container[key] else { continue }
            handler(probe, ["exec", "httpGet", "tcpSocket", "grpc"], key, place, path)
            if isInit, !isSidecar {
                add("probe_forbidden", path + [.member(key)], "\(place): an init container has no \(key)")
            }
            if key != "readinessProbe", let threshold = probe["successThreshold"]?.int, threshold > 1 {
                add("number_invalid", path + [.member(key)], "\(place): \(key).successThreshold must be 1")
            }
        }
        guard case .object(let lifecycle)? = container["lifecycle"] else { return }
        if isInit, !isSidecar, !lifecycle.isEmpty {
            add(
                "probe_forbidden", path + [.member("lifecycle")],
                "\(place): an init container has no lifecycle")
        }
        for hook in lifecycle.members {
            guard case .object(let handlers) = hook.value else { continue }
            handler(
                handlers, ["exec", "httpGet", "tcpSocket", "sleep"], "lifecycle." + hook.key, place, path)
        }
    }

    private mutating func handler(
        _ object: Object, _ kinds: [String], _ key: String, _ place: String, _ path: [Step]
    ) {
        let found = kinds.filter { object[$0].map { !$0.isNull } == true }
        let spot = path + [.member(key)]
        if found.isEmpty { add("required_missing", spot, "\(place): \(key) has no handler") }
        if found.count > 1 {
            add(
                "handler_duplicate", spot,
                "\(place): \(key): found \(found.joined(separator: " and ")), expected one handler")
        }
        for kind in found where kind != "exec" && kind != "sleep" {
            switch object[kind]?["port"] {
            case .int(let port)? where !(1...65_535).contains(port):
                add("port_invalid", spot, "\(place): \(key): port \(port), expected 1 to 65535")
            case nil, .null?: add("required_missing", spot, "\(place): \(key): \(kind) has no port")
            case .string(let name)? where !Names.isPortName(name):
                add("name_invalid", spot, "\(place): \(key): \"\(name.prefix(40))\" is not a valid port name")
            default: break
            }
        }
    }
}

extension Quantity {
    /// The amount of a text or number; nil where it is not one.
    init?(of value: Value) {
        switch value {
        case .string(let text): self.init(text)
        case .int(let number): self.init(String(number))
        default: return nil
        }
    }

    static func < (left: Quantity, right: Quantity) -> Bool {
        let (first, second) = (
            left.isZero ? 0 : left.isNegative ? -1 : 1, right.isZero ? 0 : right.isNegative ? -1 : 1
        )
        if first != second { return first < second }
        if first == 0 { return false }
        let isSmaller = left.magnitude(isBelow: right)
        return first > 0 ? isSmaller : right.magnitude(isBelow: left)
    }

    private var isZero: Bool { digits.isEmpty }

    /// By the place of the first digit, then digit by digit.
    private func magnitude(isBelow other: Quantity) -> Bool {
        let (own, its) = (digits.count + exponent, other.digits.count + other.exponent)
        if own != its { return own < its }
        for index in 0..<max(digits.count, other.digits.count) {
            let (left, right) = (
                index < digits.count ? digits[index] : 0, index < other.digits.count ? other.digits[index] : 0
            )
            if left != right { return left < right }
        }
        return false
    }
}
