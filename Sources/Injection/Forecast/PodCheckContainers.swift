import Values

/// A container of a pod, for findings about it.
///
/// Ways and sentences are put together when there is a finding: nearly all containers are good.
struct ContainerPlace {
    typealias Step = PodSurvival.Loss.Step

    let name: String
    /// `containers` or `initContainers`
    let list: String

    func path(_ steps: Step...) -> [Step] { [.member("spec"), .member(list), .item(name)] + steps }

    /// `container "web": ` and the rest of the sentence
    func sentence(_ rest: String) -> String { "container \"\(name)\": " + rest }
}

/// Names that were seen: a scan while there are few, a set when there are many.
struct SeenNames {
    private var few: [String] = []
    private var many: Set<String> = []

    /// As with members of an object (`Object.scanLimit`).
    private static let scanLimit = 16

    func contains(_ name: String) -> Bool {
        few.contains { $0.hasSameBytes(as: name) } || !many.isEmpty && many.contains(name)
    }

    /// - Returns: whether the name is a new one.
    mutating func insert(_ name: String) -> Bool {
        guard !contains(name) else { return false }
        if few.count < Self.scanLimit { few.append(name) } else { many.insert(name) }
        return true
    }
}

extension PodChecker {
    /// Checks everything in a container but its name.
    mutating func parts(of container: Object, _ place: ContainerPlace) {
        let image = container.text("image")
        if image.isEmpty {
            add("required_missing", place.path(), place.sentence("there is no image"))
        } else if image.utf8.first == 0x20 || image.utf8.last == 0x20 {
            add("image_invalid", place.path(), place.sentence("the image begins or ends with a blank"))
        }
        mounts(container, place)
        ports(container, place)
        environment(container, place)
        resources(container, place)
        security(container, place)
        probes(container, place)
    }

    private mutating func mounts(_ container: Object, _ place: ContainerPlace) {
        guard case .array(let mounts)? = container["volumeMounts"] else { return }
        var paths = SeenNames()
        for mount in mounts {
            let name = mount.name
            let target = mount["mountPath"]?.string ?? ""
            let hasVolume = volumeNames.contains(name)
            if hasVolume, !target.isEmpty, paths.insert(target) { continue }
            let spot = place.path(.member("volumeMounts"), .item(target))
            if !hasVolume {
                add(
                    "volume_missing", spot,
                    place.sentence("mounts the volume \"\(name.prefix(63))\", which is not there"))
            }
            if target.isEmpty {
                add(
                    "required_missing", spot,
                    place.sentence("the mount of \"\(name.prefix(63))\" has no mountPath"))
            } else if !paths.insert(target) {
                add("name_duplicate", spot, place.sentence("two volumes are mounted at \"\(target)\""))
            }
        }
    }

    private mutating func ports(_ container: Object, _ place: ContainerPlace) {
        guard case .array(let ports)? = container["ports"] else { return }
        var names = SeenNames()
        for port in ports {
            let number = port["containerPort"]?.int
            if !(1...65_535).contains(number ?? 0) {
                let shown = number.map { String($0) } ?? "none"
                add(
                    "port_invalid", place.path(.member("ports")),
                    place.sentence("containerPort \(shown), expected 1 to 65535"))
            }
            if usesHostNetwork, let host = port["hostPort"]?.int, host != 0, host != number {
                add(
                    "port_invalid", place.path(.member("ports")),
                    place.sentence("hostPort \(host) must be the containerPort on the host's network"))
            }
            guard let name = port["name"]?.string, !name.isEmpty else { continue }
            if !Names.isPortName(name) {
                add(
                    "name_invalid", place.path(.member("ports")),
                    place.sentence("\"\(name.prefix(40))\" is not a valid port name"))
            }
            if !names.insert(name) {
                add(
                    "name_duplicate", place.path(.member("ports")),
                    place.sentence("two ports are named \"\(name)\""))
            }
        }
    }

    private static let sources: Set<String> = [
        "fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef",
    ]

    private mutating func environment(_ container: Object, _ place: ContainerPlace) {
        guard case .array(let variables)? = container["env"] else { return }
        for variable in variables {
            guard case .object(let members) = variable, !Self.isPlain(members) else { continue }
            let name = members.text("name")
            if name.isEmpty {
                add("required_missing", place.path(.member("env")), place.sentence("a variable has no name"))
            }
            if name.utf8.contains(UInt8(ascii: "=")) {
                add(
                    "name_invalid", place.path(.member("env"), .item(name)),
                    place.sentence("variable \"\(name.prefix(40))\": the name is not valid: it has a \"=\""))
            }
            guard let source = members["valueFrom"], !source.isNull else { continue }
            if !members.text("value").isEmpty {
                add(
                    "value_duplicate", place.path(.member("env"), .item(name)),
                    place.sentence("variable \(name) has value and valueFrom"))
            }
            let count =
                source.object?.members.count { Self.sources.contains($0.key) && !$0.value.isNull } ?? 0
            if count != 1 {
                add(
                    "source_duplicate", place.path(.member("env"), .item(name)),
                    place.sentence("variable \(name): found \(count) sources, expected one"))
            }
        }
    }

    /// Whether a variable has a name and a value and nothing else, as most have.
    private static func isPlain(_ variable: Object) -> Bool {
        variable.members.withBorrowedItems { members in
            guard members.count == 2, members[0].content.key.hasSameBytes(as: "name"),
                members[1].content.key.hasSameBytes(as: "value"),
                case .string(let name) = members[0].content.value
            else { return false }
            return !name.isEmpty && !name.utf8.contains(UInt8(ascii: "="))
        }
    }

    private mutating func resources(_ container: Object, _ place: ContainerPlace) {
        guard case .object(let resources)? = container["resources"] else { return }
        let limits = resources["limits"]?.object
        for (kind, amounts) in [("requests", resources["requests"]?.object), ("limits", limits)] {
            for amount in amounts?.members ?? [] {
                let limit = kind == "requests" ? limits?[amount.key] : nil
                if let quick = Quantity.thousandths(amount.value) {
                    guard let limit else { continue }
                    if let most = Quantity.thousandths(limit), quick <= most { continue }
                }
                check(amount, kind, limit, place)
            }
        }
    }

    /// - Parameter limit: the limit of the same resource, where `kind` is `requests` and there is one.
    private mutating func check(
        _ amount: Member, _ kind: String, _ limit: Value?, _ place: ContainerPlace
    ) {
        let spot = place.path(.member("resources"), .member(kind), .member(amount.key))
        let shown = JSON.text(amount.value)
        guard let found = Quantity(of: amount.value) else {
            return add(
                "quantity_invalid", spot,
                place.sentence("\(kind) of \(amount.key): \(shown) is not a valid quantity"))
        }
        if found.isNegative, !found.digits.isEmpty {
            add("quantity_invalid", spot, place.sentence("\(kind) of \(amount.key): \(shown) is below 0"))
        }
        guard let limit, let most = Quantity(of: limit), most < found else { return }
        add(
            "request_exceeds_limit", spot,
            place.sentence(
                "the request of \(amount.key) is above its limit: \(shown) > \(JSON.text(limit))"))
    }

    private mutating func security(_ container: Object, _ place: ContainerPlace) {
        guard case .object(let context)? = container["securityContext"] else { return }
        for key in ["runAsUser", "runAsGroup"] {
            guard let id = context[key]?.int, !(0...2_147_483_647).contains(id) else { continue }
            add(
                "number_invalid", place.path(.member("securityContext"), .member(key)),
                place.sentence("\(key) \(id), expected 0 to 2147483647"))
        }
        if context["allowPrivilegeEscalation"] == false {
            if context["privileged"] == true {
                add(
                    "security_conflict", place.path(.member("securityContext")),
                    place.sentence("privileged needs allowPrivilegeEscalation"))
            }
            if context["capabilities"]?["add"]?.array?.contains("CAP_SYS_ADMIN") == true {
                add(
                    "security_conflict", place.path(.member("securityContext")),
                    place.sentence("CAP_SYS_ADMIN needs allowPrivilegeEscalation"))
            }
        }
        if isWindows {
            let more = [
                "capabilities", "privileged", "procMount", "readOnlyRootFilesystem",
                "allowPrivilegeEscalation",
            ]
            linuxSettings(.object(context), place.name, more)
        }
    }

    private mutating func probes(_ container: Object, _ place: ContainerPlace) {
        let isShort = place.list == "initContainers" && container["restartPolicy"] != "Always"
        for key in ["readinessProbe", "livenessProbe", "startupProbe"] {
            guard case .object(let probe)? = container[key] else { continue }
            handler(probe, ["exec", "httpGet", "tcpSocket", "grpc"], key, place)
            if isShort {
                add(
                    "probe_forbidden", place.path(.member(key)),
                    place.sentence("an init container has no \(key)"))
            }
            if key != "readinessProbe", let threshold = probe["successThreshold"]?.int, threshold > 1 {
                add(
                    "number_invalid", place.path(.member(key)),
                    place.sentence("\(key).successThreshold must be 1"))
            }
        }
        guard case .object(let lifecycle)? = container["lifecycle"] else { return }
        if isShort, !lifecycle.isEmpty {
            add(
                "probe_forbidden", place.path(.member("lifecycle")),
                place.sentence("an init container has no lifecycle"))
        }
        for hook in lifecycle.members {
            guard case .object(let handlers) = hook.value else { continue }
            handler(handlers, ["exec", "httpGet", "tcpSocket", "sleep"], "lifecycle." + hook.key, place)
        }
    }

    /// - Parameter key: `readinessProbe`, `lifecycle.preStop` …
    private mutating func handler(
        _ object: Object, _ kinds: [String], _ key: String, _ place: ContainerPlace
    ) {
        var found: [String] = []
        for kind in kinds {
            guard let handler = object[kind], !handler.isNull else { continue }
            found.append(kind)
            guard kind != "exec", kind != "sleep" else { continue }
            switch handler["port"] {
            case .int(let port)? where !(1...65_535).contains(port):
                add(
                    "port_invalid", place.path(.member(key)),
                    place.sentence("\(key): port \(port), expected 1 to 65535"))
            case nil, .null?:
                add(
                    "required_missing", place.path(.member(key)),
                    place.sentence("\(key): \(kind) has no port"))
            case .string(let name)? where !Names.isPortName(name):
                add(
                    "name_invalid", place.path(.member(key)),
                    place.sentence("\(key): \"\(name.prefix(40))\" is not a valid port name"))
            default: break
            }
        }
        if found.isEmpty {
            add("required_missing", place.path(.member(key)), place.sentence("\(key) has no handler"))
        }
        if found.count > 1 {
            add(
                "handler_duplicate", place.path(.member(key)),
                place.sentence("\(key): found \(found.joined(separator: " and ")), expected one handler"))
        }
    }
}

extension Quantity {
    /// The amount of a text or number; nil where it is not one.
    init?(of value: Value) {
        switch value {
        case .string(let text): self.init(text)
        case .int(let number): self.init(String(number))
        case .double: self.init(JSON.text(value))
        default: return nil
        }
    }

    private static let factors: [(suffix: StaticString, thousandths: Int64)] = [
        ("", 1_000), ("m", 1), ("k", 1_000_000), ("M", 1_000_000_000), ("G", 1_000_000_000_000),
        ("Ki", 1_000 << 10), ("Mi", 1_000 << 20), ("Gi", 1_000 << 30),
    ]

    /// Thousandths of an amount as people write it: at most six digits and one of the usual suffixes. nil for every
    /// other amount. (Exact arithmetic for any amount takes some thousand instructions.)
    static func thousandths(_ value: Value) -> Int64? {
        if case .int(let number) = value { return 0..<1_000_000 ~= number ? number * 1_000 : nil }
        guard case .string(let text) = value else { return nil }
        return text.withBytes { bytes in
            var (number, place): (Int64, Int) = (0, 0)
            while place < bytes.count, bytes[place] &- 0x30 < 10 {
                number = number * 10 + Int64(bytes[place] - 0x30)
                place += 1
                guard place <= 6 else { return nil }
            }
            guard place > 0 else { return nil }
            for factor in factors where factor.suffix.utf8CodeUnitCount == bytes.count - place {
                let suffix = UnsafeBufferPointer(
                    start: factor.suffix.utf8Start, count: factor.suffix.utf8CodeUnitCount)
                if suffix.elementsEqual(bytes[place...]) { return number * factor.thousandths }
            }
            return nil
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
