import Values

/// The location of a container in a pod, for findings about it.
///
/// Paths and messages are built only for a finding, because nearly all containers are good.
struct ContainerPlace {
    typealias Step = PodSurvival.Loss.Step

    let name: String
    /// `containers` or `initContainers`
    let list: String

    var isInitContainer: Bool { list.hasSameBytes(as: "initContainers") }

    func path(_ steps: Step...) -> [Step] { [.member("spec"), .member(list), .item(name)] + steps }

    /// Prefixes the message with `container "web": `.
    func sentence(_ rest: String) -> String { "container \"\(name)\": " + rest }
}

/// A set of names: a linear scan if there are few, a hash set if there are many.
struct SeenNames {
    private var few: [String] = []
    private var many: Set<String> = []

    /// As with members of an object (`Object.scanLimit`).
    private static let scanLimit = 16

    /// - Parameter count: the expected number of names, for which storage is reserved.
    init(expecting count: Int = 0) {
        if count > 0 { few.reserveCapacity(min(count, Self.scanLimit)) }
    }

    func contains(_ name: String) -> Bool {
        few.contains { $0.hasSameBytes(as: name) } || !many.isEmpty && many.contains(name)
    }

    /// - Returns: whether the name is new.
    mutating func insert(_ name: String) -> Bool {
        guard !contains(name) else { return false }
        if few.count < Self.scanLimit { few.append(name) } else { many.insert(name) }
        return true
    }
}

extension PodChecker {
    /// Checks everything in a container except its name.
    ///
    /// - Parameter good: a container of the same list that has no problems.
    mutating func parts(of container: Object, _ place: ContainerPlace, like good: Object?) {
        // Whether probes are allowed depends on this.
        let policy = place.isInitContainer ? container.text("restartPolicy") : "Always"
        let isShort = !policy.hasSameBytes(as: "Always")
        let isAlike = !place.isInitContainer || good?.text("restartPolicy").hasSameBytes(as: policy) == true
        let twin = isAlike ? good : nil
        var hasImage = false
        container.members.withBorrowedItems { members in
            (twin?.members ?? []).withBorrowedItems { good in
                for index in 0..<members.count {
                    let isImage = members[index].content.key.hasSameBytes(as: "image")
                    hasImage = hasImage || isImage
                    // Identical bits include an identical key.
                    let isSame = index < good.count && members.hasSameBits(as: good, at: index)
                    if isImage {
                        if !isSame { image(members[index].content.value, place) }
                    } else if !isSame || !hasGoodVolumes {
                        let isTwin =
                            isSame
                            || index < good.count
                                && good[index].content.key.hasSameBytes(as: members[index].content.key)
                        part(
                            members[index].content.key, members[index].content.value,
                            like: isTwin ? good[index].content.value : .null, isShort, place)
                    }
                }
            }
        }
        if !hasImage { image(.null, place) }
    }

    private mutating func image(_ value: Value, _ place: ContainerPlace) {
        let image = value.string ?? ""
        if image.isEmpty {
            add("required_missing", place.path(), place.sentence("there is no image"))
        } else if image.utf8.first == 0x20 || image.utf8.last == 0x20 {
            add("image_invalid", place.path(), place.sentence("the image begins or ends with a blank"))
        }
    }

    /// - Parameter good: the good container's member; null if it has none.
    private mutating func part(
        _ key: String, _ value: Value, like good: Value, _ isShort: Bool, _ place: ContainerPlace
    ) {
        switch value {
        case .array(let items):
            let known: [Value] = if case .array(let items) = good { items } else { [] }
            if key.hasSameBytes(as: "env") {
                environment(items, place, like: known)
            } else if key.hasSameBytes(as: "volumeMounts") {
                if !hasGoodVolumes || !items.hasSameBits(as: known) { mounts(items, place) }
            } else if key.hasSameBytes(as: "ports"), !items.hasSameBits(as: known) {
                ports(items, place)
            }
        case .object(let object):
            if case .object(let known) = good, object.members.hasSameBits(as: known.members) { return }
            if key.hasSameBytes(as: "resources") {
                resources(object, place)
            } else if key.hasSameBytes(as: "securityContext") {
                security(object, place)
            } else if key.hasSameBytes(as: "lifecycle") {
                lifecycle(object, isShort, place)
            } else if Self.isProbe(key) {
                probe(object, key, isShort, place)
            }
        default: break
        }
    }

    private static func isProbe(_ key: String) -> Bool {
        key.hasSameBytes(as: "readinessProbe") || key.hasSameBytes(as: "livenessProbe")
            || key.hasSameBytes(as: "startupProbe")
    }

    private mutating func mounts(_ mounts: [Value], _ place: ContainerPlace) {
        var paths = SeenNames(expecting: mounts.count)
        mounts.withBorrowedItems { mounts in
            for index in 0..<mounts.count {
                let name = mounts[index].content.name
                let target = mounts[index].content["mountPath"]?.string ?? ""
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
    }

    private mutating func ports(_ ports: [Value], _ place: ContainerPlace) {
        var names = SeenNames(expecting: ports.count)
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

    private static func isSource(_ key: String) -> Bool {
        switch key {
        case "fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef": true
        default: false
        }
    }

    private mutating func environment(
        _ variables: [Value], _ place: ContainerPlace, like good: [Value]
    ) {
        variables.withBorrowedItems { variables in
            good.withBorrowedItems { good in
                for index in 0..<variables.count {
                    if index < good.count, variables.hasSameBits(as: good, at: index) { continue }
                    guard case .object(let members) = variables[index].content, !Self.isPlain(members) else {
                        continue
                    }
                    variable(members, place)
                }
            }
        }
    }

    private mutating func variable(_ members: Object, _ place: ContainerPlace) {
        let name = members.text("name")
        if name.isEmpty {
            add("required_missing", place.path(.member("env")), place.sentence("a variable has no name"))
        }
        if name.contains(byte: "=") {
            add(
                "name_invalid", place.path(.member("env"), .item(name)),
                place.sentence("variable \"\(name.prefix(40))\": the name is not valid: it has a \"=\""))
        }
        guard let source = members["valueFrom"], !source.isNull else { return }
        if !members.text("value").isEmpty {
            add(
                "value_duplicate", place.path(.member("env"), .item(name)),
                place.sentence("variable \(name) has value and valueFrom"))
        }
        let count = source.object?.members.count { Self.isSource($0.key) && !$0.value.isNull } ?? 0
        if count != 1 {
            add(
                "source_duplicate", place.path(.member("env"), .item(name)),
                place.sentence("variable \(name): found \(count) sources, expected one"))
        }
    }

    /// Whether a variable has only a name and a value, as most have.
    private static func isPlain(_ variable: Object) -> Bool {
        variable.members.withBorrowedItems { members in
            guard members.count == 2, members[0].content.key.hasSameBytes(as: "name"),
                members[1].content.key.hasSameBytes(as: "value"),
                case .string(let name) = members[0].content.value
            else { return false }
            return !name.isEmpty && !name.contains(byte: "=")
        }
    }

    private mutating func resources(_ resources: Object, _ place: ContainerPlace) {
        let limits = resources["limits"]?.object ?? Object()
        if case .object(let requests)? = resources["requests"] {
            amounts(requests, "requests", limits, place)
        }
        amounts(limits, "limits", Object(), place)
    }

    private mutating func amounts(
        _ amounts: Object, _ kind: String, _ limits: Object, _ place: ContainerPlace
    ) {
        for amount in amounts.members {
            let limit = limits[amount.key]
            if let quick = Quantity.thousandths(amount.value) {
                guard let limit else { continue }
                if let most = Quantity.thousandths(limit), quick <= most { continue }
            }
            check(amount, kind, limit, place)
        }
    }

    /// - Parameter limit: the limit of the same resource if `kind` is `requests` and there is one.
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

    private mutating func security(_ context: Object, _ place: ContainerPlace) {
        user(context, "runAsUser", place)
        user(context, "runAsGroup", place)
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

    private mutating func user(_ context: Object, _ key: String, _ place: ContainerPlace) {
        guard let id = context[key]?.int, !(0...2_147_483_647).contains(id) else { return }
        add(
            "number_invalid", place.path(.member("securityContext"), .member(key)),
            place.sentence("\(key) \(id), expected 0 to 2147483647"))
    }

    private mutating func lifecycle(_ lifecycle: Object, _ isForbidden: Bool, _ place: ContainerPlace) {
        if isForbidden, !lifecycle.isEmpty {
            add(
                "probe_forbidden", place.path(.member("lifecycle")),
                place.sentence("an init container has no lifecycle"))
        }
        for hook in lifecycle.members {
            guard case .object(let handlers) = hook.value else { continue }
            handler(handlers, "lifecycle." + hook.key, isHook: true, place)
        }
    }

    private mutating func probe(
        _ probe: Object, _ key: String, _ isForbidden: Bool, _ place: ContainerPlace
    ) {
        handler(probe, key, isHook: false, place)
        if isForbidden {
            add(
                "probe_forbidden", place.path(.member(key)), place.sentence("an init container has no \(key)")
            )
        }
    }

    /// - Parameter key: `readinessProbe`, `lifecycle.preStop` …
    private mutating func handler(
        _ object: Object, _ key: String, isHook: Bool, _ place: ContainerPlace
    ) {
        let last = isHook ? "sleep" : "grpc"
        var count = 0
        object.members.withBorrowedItems { members in
            for index in 0..<members.count {
                if case .int(let number) = members[index].content.value, number > 1,
                    members[index].content.key.hasSameBytes(as: "successThreshold"),
                    !key.hasSameBytes(as: "readinessProbe")
                {
                    add(
                        "number_invalid", place.path(.member(key)),
                        place.sentence("\(key).successThreshold must be 1"))
                }
                guard case .object = members[index].content.value else { continue }
                let name = members[index].content.key
                if name.hasSameBytes(as: "httpGet") || name.hasSameBytes(as: "tcpSocket")
                    || !isHook && name.hasSameBytes(as: last)
                {
                    port(of: name, members[index].content.value, key, place)
                } else if !name.hasSameBytes(as: last), !name.hasSameBytes(as: "exec") {
                    continue
                }
                count += 1
            }
        }
        if count == 0 {
            add("required_missing", place.path(.member(key)), place.sentence("\(key) has no handler"))
        }
        guard count > 1 else { return }
        let found = ["exec", "httpGet", "tcpSocket", last].filter { object[$0].map { !$0.isNull } == true }
        add(
            "handler_duplicate", place.path(.member(key)),
            place.sentence("\(key): found \(found.joined(separator: " and ")), expected one handler"))
    }

    private mutating func port(
        of handler: String, _ value: Value, _ key: String, _ place: ContainerPlace
    ) {
        switch value["port"] {
        case .int(let port)? where !(1...65_535).contains(port):
            add(
                "port_invalid", place.path(.member(key)),
                place.sentence("\(key): port \(port), expected 1 to 65535"))
        case nil, .null?:
            add(
                "required_missing", place.path(.member(key)),
                place.sentence("\(key): \(handler) has no port"))
        case .string(let name)? where !Names.isPortName(name):
            add(
                "name_invalid", place.path(.member(key)),
                place.sentence("\(key): \"\(name.prefix(40))\" is not a valid port name"))
        default: break
        }
    }
}

extension Quantity {
    /// The amount of a text or number; nil if it is not a valid quantity.
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

    /// The thousandths of an amount in the usual notation: at most six digits and one of the usual suffixes. nil for
    /// all other amounts. (Exact arithmetic for any amount takes thousands of instructions.)
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

    /// Compares the position of the first digit, then digit by digit.
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
